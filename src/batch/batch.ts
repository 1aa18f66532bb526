// Up to 64 requests, of any connections, as columns: what decoding leaves for executing. Row i of
// every column describes request i; offsets count from the start of the receive windows' area.
//
// The five loops of a batch (each a loop of its own, so that its cache misses overlap):
//   1  decode     frames to rows, keys to hashes               protocol/
//   2  touch      the home slot of every hash                  store/candidates.ts
//   3  find       the entry that may be each key's             store/candidates.ts
//   4  touch      its first two cache lines                    store/candidates.ts
//   5  execute    the rows in order, replies to send windows   command/
//
// The capacity is the prototype's best: 32 and 64 rows measured alike, 128 slightly worse.

export const BATCH_CAPACITY = 64;

export class Batch {
  count = 0;
  /** Of OPCODE or RESP_OPCODE. */
  readonly opcodes = new Uint8Array(BATCH_CAPACITY);
  readonly connections = new Int32Array(BATCH_CAPACITY);
  /** Where the request's frame begins, to go back to when it cannot be executed yet. */
  readonly frameOffsets = new Int32Array(BATCH_CAPACITY);
  readonly keyOffsets = new Int32Array(BATCH_CAPACITY);
  readonly keyLengths = new Int32Array(BATCH_CAPACITY);
  /** The value, the amount, the seconds or the payload: the command's other argument. */
  readonly valueOffsets = new Int32Array(BATCH_CAPACITY);
  readonly valueLengths = new Int32Array(BATCH_CAPACITY);
  /** The seconds of SET … EX; length 0 = none. */
  readonly expiryOffsets = new Int32Array(BATCH_CAPACITY);
  readonly expiryLengths = new Int32Array(BATCH_CAPACITY);
  readonly hashes = new Int32Array(BATCH_CAPACITY);
  /**
   * Of rows that RESP asked for: of PART, the database, and what the command counts in all. Of v1's
   * DURABLE the first is the opcode of the request within.
   */
  readonly parts = new Uint8Array(BATCH_CAPACITY);
  readonly databases = new Uint8Array(BATCH_CAPACITY);
  readonly totals = new Int32Array(BATCH_CAPACITY);
  /** The entry that may be the key's: src/store/candidates.ts. */
  readonly candidates = new Int32Array(BATCH_CAPACITY);
}
