// The command bytes of fkvs v1, which are also the opcodes of a batch: what a decoder found is one
// of these or INVALID, whose reply is the error frame. The original server knows those up to KEYS.

export const OPCODE = {
  INVALID: 0,
  SET: 1,
  GET: 2,
  INCR: 3,
  INCRBY: 4,
  PING: 5,
  DECR: 6,
  INFO: 7,
  DECRBY: 8,
  DEL: 9,
  EXPIRE: 10,
  TTL: 11,
  PERSIST: 12,
  KEYS: 13,
  /** Another request, and what its reply has to promise. */
  DURABLE: 14,
  /** What all replies of the connection promise. */
  DURABILITY: 15,
} as const;
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE];

export const OPCODE_COUNT = 16;

/** Names by opcode, in the lower case of INFO's counters. */
export const OPCODE_NAMES: readonly string[] = Object.keys(OPCODE).map((name) =>
  name.toLowerCase(),
);
