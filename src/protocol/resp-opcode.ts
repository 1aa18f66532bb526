// The opcodes of a batch's rows that RESP asked for, beyond those of v1 (opcode.ts): the commands
// that traffic consists of. Of a command with several keys each key is a row; PART says which.

export const RESP_OPCODE = {
  GET: 16,
  SET: 17,
  MGET: 18,
  MSET: 19,
  INCR: 20,
  DEL: 21,
  EXISTS: 22,
  PING: 23,
} as const;

export const RESP_OPCODE_MIN = 16;
/** Above all opcodes, v1's included. */
export const OPCODE_LIMIT = 24;

/** Names by opcode − RESP_OPCODE_MIN, in lower case. */
export const RESP_OPCODE_NAMES: readonly string[] = Object.keys(RESP_OPCODE).map((name) =>
  name.toLowerCase(),
);

/** Bits of a row: the first and the last key of its command. */
export const PART = { FIRST: 1, LAST: 2, ONLY: 3 } as const;
