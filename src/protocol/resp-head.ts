// Writes the short parts of RESP replies in place: heads (a type byte, a length, CRLF) and `+OK`.
// The caller has made sure that there is room, with the margin of the windows behind it.

export const CRLF = 0x0d0a;
export const STAR = 0x2a;
export const COLON = 0x3a;
const DOLLAR = 0x24;
const ZERO = 0x30;
/** `$`, five digits, CRLF, the value, CRLF. */
export const BULK_OVERHEAD_MAX = 10;
/** `*`, seven digits, CRLF. */
export const ARRAY_HEAD_SIZE_MAX = 10;
export const OK_SIZE = 5;

const OK_WORD = 0x2b4f4b0d;
const LF = 0x0a;

/** The position behind it. */
export function writeBulkHead(view: DataView, position: number, length: number): number {
  if (length < 10) {
    view.setInt32(position, (DOLLAR << 24) | ((ZERO + length) << 16) | CRLF);
    return position + 4;
  }
  if (length < 100) {
    const tens = (length * 205) >>> 11;
    view.setInt32(
      position,
      (DOLLAR << 24) | ((ZERO + tens) << 16) | ((ZERO + length - tens * 10) << 8) | (CRLF >>> 8),
    );
    view.setUint8(position + 4, LF);
    return position + 5;
  }
  return writeHead(view, position, DOLLAR, length);
}

/** The same for any type and any length up to 2^31 − 1. */
export function writeHead(view: DataView, position: number, type: number, length: number): number {
  view.setUint8(position, type);
  let digits = 1;
  for (let bound = 10; length >= bound; bound *= 10) digits++;
  let rest = length;
  for (let at = position + digits; at > position; at--) {
    const quotient = (rest / 10) | 0;
    view.setUint8(at, ZERO + rest - quotient * 10);
    rest = quotient;
  }
  view.setUint16(position + digits + 1, CRLF);
  return position + digits + 3;
}

export function writeOk(view: DataView, position: number): void {
  view.setInt32(position, OK_WORD);
  view.setUint8(position + 4, LF);
}
