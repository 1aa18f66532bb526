/** What `--durability` and a client may choose; docs/DURABILITY.md says what each promises. */
export const DURABILITY_CHOICES = ["always", "everysec", "none"] as const;
export type DurabilityChoice = (typeof DURABILITY_CHOICES)[number];
