// Which protocol a connection speaks, by its first bytes (docs/PROTOCOL.md):
//
//   FF FF                                         v2, whose length v1 never has: not yet served
//   text, any byte, no opcode of so long a frame  RESP: an array or an inline command
//   everything else                               v1
//
// Text is a printable byte, tab, CR or LF. A v1 frame that begins so is over 2,300 bytes long and
// has its opcode third: 1 to 14 but for 13, because KEYS is one byte long. Third in an array's head
// is a digit or CR, which is that 13; only an inline command with another control character there
// would be taken for v1.

export const PROTOCOL = { UNKNOWN: 0, V1: 1, RESP: 2 } as const;
export type Protocol = (typeof PROTOCOL)[keyof typeof PROTOCOL];

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TILDE = 0x7e;
/** The opcodes of v1 frames that may be so long are 1 to this, but for CR. */
const V1_OPCODE_MAX = 0x0e;
const DECIDING_LENGTH = 3;

/** UNKNOWN as long as more bytes are needed. */
export function chooseProtocol(bytes: Uint8Array, begin: number, end: number): Protocol {
  if (begin === end) return PROTOCOL.UNKNOWN;
  const first = bytes[begin]!;
  const isText = first >= SPACE && first <= TILDE;
  if (!isText && first !== CR && first !== LF && first !== TAB) return PROTOCOL.V1;
  if (end - begin < DECIDING_LENGTH) return PROTOCOL.UNKNOWN;
  const third = bytes[begin + 2]!;
  const isOpcode = third >= 1 && third <= V1_OPCODE_MAX && third !== CR;
  return isOpcode ? PROTOCOL.V1 : PROTOCOL.RESP;
}
