// The state of a connection as bits of one byte, so that the path every request takes asks one
// question: is this connection ordinary, OPEN and nothing else?

export const CONNECTION = {
  /** In use. */
  OPEN: 1,
  /** The peer sends no more; close when all it asked is answered. */
  ENDED: 2,
  /** No request of it is executed any more; close when all replies are sent. */
  CLOSING: 4,
  /** The engine has been told to finish it. */
  FINISHING: 8,
  /** It has no room for its next reply; its requests wait. */
  BLOCKED: 16,
  /** It has unsent replies or is finishing: somebody looks after it from time to time. */
  WAITING: 32,
  /** Its replies wait for the log, and its requests for them. */
  HELD: 64,
  /** It is BLOCKED because the log has no room for its next write, or a snapshot has not ended. */
  PARKED: 128,
} as const;
