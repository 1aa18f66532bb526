/** What `--io` may be; src/server/engine-choice.ts says what each means. */
export const IO_CHOICES = ["auto", "listen", "uring"] as const;
export type IoChoice = (typeof IO_CHOICES)[number];
