/** What `--mode` may be; docs/THREADS.md says what each means. */
export const THREAD_MODES = ["shared", "sharded"] as const;
export type ThreadMode = (typeof THREAD_MODES)[number];

/** Data threads of one server at most. */
export const THREAD_COUNT_MAX = 64;
