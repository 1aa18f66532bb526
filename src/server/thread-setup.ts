// Which of how many data threads a thread is, and how they share the work (docs/THREADS.md).

import { availableParallelism } from "node:os";
import { THREAD_COUNT_MAX, type ThreadMode } from "../lib/thread-mode.ts";

export interface ThreadSetup {
  /** From 0; thread 0 recovers, makes snapshots and answers for what there is once. */
  readonly index: number;
  readonly count: number;
  readonly mode: ThreadMode;
}

export const ONLY_THREAD: ThreadSetup = { index: 0, count: 1, mode: "shared" };

/** The setups of all threads; `wantedCount` 0 is one for each core. */
export function setUpThreads(
  wantedCount: number,
  mode: ThreadMode,
  coreCount: number = availableParallelism(),
): ThreadSetup[] {
  const count = wantedCount === 0 ? Math.min(coreCount, THREAD_COUNT_MAX) : wantedCount;
  // One thread has nobody to share anything with, in whatever mode.
  if (count === 1) return [ONLY_THREAD];
  return Array.from({ length: count }, (_, index) => ({ index, count, mode }));
}
