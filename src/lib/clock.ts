// Time as the rest of the program sees it. Everything that needs the time takes a Clock, so that a
// test or a simulation can own it; only this file asks the system.

export interface Clock {
  /** Milliseconds since the epoch; what deadlines are compared with. May be set back by an operator. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start, with fractions; never goes back. For durations. */
  elapsedMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
};
