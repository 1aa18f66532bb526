// Time as the rest of the program sees it. Everything that needs the time takes a Clock, so that a
// test or a simulation can own it; only this file asks the system.

import type { Libc } from "./libc.ts";

export interface Clock {
  /** Milliseconds since the epoch, which deadlines are compared with. It may be set back. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start, with fractions; never goes back. For durations. */
  elapsedMs(): number;
  /**
   * The same for what this thread's work has taken: time in which the system let other programs run
   * does not count where it can be told apart.
   */
  workMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  workMs: () => performance.now(),
};

/** The clock of the calling thread; without the C library, `workMs` is elapsed time. */
export function threadClock(libc: Libc | null): Clock {
  return libc === null ? systemClock : { ...systemClock, workMs: () => libc.threadCpuMs() };
}
