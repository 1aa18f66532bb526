// What a thread counts about the division of keys; plain counts, for INFO.

export interface ShardFigures {
  /** Rows of own clients with own keys or none, and those that it sent to their owners. */
  ownCount: number;
  foreignCount: number;
  /** Reads of others' keys that this thread executed itself. */
  localReadCount: number;
  /** Writes of others' keys that it executed itself, under their segments' locks. */
  localWriteCount: number;
  /** Times that requests, and that replies, were shown to a thread: once a turn each. */
  publishCount: number;
  replyPublishCount: number;
  /** Times that a sleeping thread was woken. */
  wakeCount: number;
  /** Requests of other threads that were answered here. */
  servedCount: number;
  /** Requests that found no room in their owner's ring, or whose reply could not have. */
  fullCount: number;
  /** Replies that found none, and were made again. */
  stallCount: number;
  /** Commands that got an error because their owner did not answer in time. */
  timeoutCount: number;
}

export function zeroFigures(): ShardFigures {
  return {
    ownCount: 0,
    foreignCount: 0,
    localReadCount: 0,
    localWriteCount: 0,
    publishCount: 0,
    replyPublishCount: 0,
    wakeCount: 0,
    servedCount: 0,
    fullCount: 0,
    stallCount: 0,
    timeoutCount: 0,
  };
}
