// Signed 64-bit integers as decimal text: exact over the whole range. A Number carries them up to
// 15 digits, which is every counter in practice; longer ones go through BigInt.
//
//   text = [ "+" | "-" ] digit { digit }        leading zeros allowed, no spaces

import type { ByteArea } from "../lib/byte-area.ts";

export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);

/** Most bytes of the text of a 64-bit integer. */
export const INT64_TEXT_LENGTH_MAX = 20;

/** Digits that a Number holds exactly, with one digit's room for a sum. */
const EXACT_DIGITS_MAX = 15;
const INT64_DIGITS_MAX = 19;

const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;

export const PARSED = { INVALID: 0, EXACT: 1, BIG: 2 } as const;
export type Parsed = (typeof PARSED)[keyof typeof PARSED];

export class Int64Parser {
  /** After EXACT: the value, of at most 15 digits. */
  number = 0;
  /** After BIG: the value, within 64 bits. */
  big = 0n;

  parse(area: ByteArea, offset: number, length: number): Parsed {
    const bytes = area.bytes;
    const end = offset + length;
    let position = offset;
    const sign = length > 0 ? bytes[position]! : 0;
    if (sign === PLUS || sign === MINUS) position++;
    if (position === end) return PARSED.INVALID;
    while (position < end - 1 && bytes[position] === ZERO) position++;
    const digitsBegin = position;
    let value = 0;
    for (; position < end; position++) {
      const digit = bytes[position]! - ZERO;
      if (digit < 0 || digit > 9) return PARSED.INVALID;
      value = value * 10 + digit;
    }
    if (end - digitsBegin > EXACT_DIGITS_MAX) return this.#parseBig(area, digitsBegin, end, sign);
    this.number = sign === MINUS && value !== 0 ? -value : value;
    return PARSED.EXACT;
  }

  #parseBig(area: ByteArea, begin: number, end: number, sign: number): Parsed {
    if (end - begin > INT64_DIGITS_MAX) return PARSED.INVALID;
    const magnitude = BigInt(area.bytes.toString("latin1", begin, end));
    const value = sign === MINUS ? -magnitude : magnitude;
    if (value > INT64_MAX || value < INT64_MIN) return PARSED.INVALID;
    this.big = value;
    return PARSED.BIG;
  }
}

/** Writes a whole number below 10^16 in canonical decimal; its length. */
export function writeInteger(area: ByteArea, offset: number, value: number): number {
  const bytes = area.bytes;
  let rest = Math.abs(value);
  let length = value < 0 ? 2 : 1;
  for (let bound = 10; rest >= bound; bound *= 10) length++;
  for (let position = offset + length - 1; ; position--) {
    const quotient = Math.floor(rest / 10);
    bytes[position] = ZERO + rest - quotient * 10;
    rest = quotient;
    if (rest === 0) break;
  }
  if (value < 0) bytes[offset] = MINUS;
  return length;
}

/** Writes any 64-bit integer in canonical decimal; its length. */
export function writeBigInteger(area: ByteArea, offset: number, value: bigint): number {
  return area.bytes.write(value.toString(), offset, "latin1");
}
