/** What `--mode` may be; docs/THREADS.md says what each means. */
export const THREAD_MODES = ["shared", "sharded"] as const;
export type ThreadMode = (typeof THREAD_MODES)[number];

/** What `--foreign-reads` may be: who executes, in sharded mode, a read of another thread's key. */
export const FOREIGN_READS = ["local", "owner"] as const;
export type ForeignReads = (typeof FOREIGN_READS)[number];

/** Data threads of one server at most. */
export const THREAD_COUNT_MAX = 64;
