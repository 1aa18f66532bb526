/** What `--mode` may be; docs/THREADS.md says what each means. */
export const THREAD_MODES = ["shared", "sharded"] as const;
export type ThreadMode = (typeof THREAD_MODES)[number];

/**
 * What `--foreign-local` may be: what, in sharded mode, a thread executes itself of requests for
 * another's keys. Each does what stands before it, too.
 */
export const FOREIGN_LOCAL = ["none", "reads", "writes"] as const;
export type ForeignLocal = (typeof FOREIGN_LOCAL)[number];

/** Data threads of one server at most. */
export const THREAD_COUNT_MAX = 64;
