/** What is wrong with the data thread of a server that a test starts, in its environment. */
export const FAULT_VARIABLE = "DATA_THREAD_FAULT";

export type DataThreadFault =
  /** Throws before it serves. */
  | "dies-at-start"
  /** Breaks an invariant at the first DEL. */
  | "dies-at-del"
  /** Ends its Worker at the first DEL. */
  | "exits-at-del"
  /** Never hears the doorbell. */
  | "deaf";

export const FAULT_MESSAGE = "broken on purpose";
