/** What is wrong with a data thread of a server that a test starts, in its environment. */
export const FAULT_VARIABLE = "DATA_THREAD_FAULT";
/** Which of several has it; the first where it is not set. */
export const FAULTY_THREAD_VARIABLE = "DATA_THREAD_FAULTY";

export type DataThreadFault =
  /** Throws before it serves. */
  | "dies-at-start"
  /** Breaks an invariant at the first DEL. */
  | "dies-at-del"
  /** At the first DEL it keeps the lock of what all share, and dies when one sleeps on it. */
  | "dies-locked-at-del"
  /** Ends its Worker at the first DEL. */
  | "exits-at-del"
  /** Never hears the doorbell. */
  | "deaf";

export const FAULT_MESSAGE = "broken on purpose";
