// INCR and DECR by one of a number that is short and stays as long as it is, digit by digit where
// it lies: nine times of ten one byte of the entry changes. Whatever else a value may be (a minus,
// a leading zero, no number, one that gains or loses a digit) is counter.ts's.
//
// A closure over constants: see fast-commands.ts.

import type { EntryAccess } from "./entry-access.ts";

/** No sum of so many digits comes near 2^63. */
export const DIGITS_MAX = 18;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;

export interface DigitCounter {
  /**
   * Adds `sign` to the decimal number of `length` bytes that begins with the `skewBits`th bit of a
   * word. False when that is not as simple as it looks; nothing has been changed then.
   */
  addOne(span: number, word: number, skewBits: number, length: number, sign: 1 | -1): boolean;
}

export function createDigitCounter({
  load,
  store,
}: Pick<EntryAccess, "load" | "store">): DigitCounter {
  function byteAt(span: number, word: number, at: number): number {
    return (load(span, word + (at >>> 2)) >>> ((at & 3) << 3)) & 0xff;
  }

  function setByte(span: number, word: number, at: number, byte: number): void {
    const bits = (at & 3) << 3;
    const place = word + (at >>> 2);
    store(span, place, (load(span, place) & ~(0xff << bits)) | (byte << bits));
  }

  function addOne(
    span: number,
    word: number,
    skewBits: number,
    length: number,
    sign: 1 | -1,
  ): boolean {
    if (length === 0 || length > DIGITS_MAX) return false;
    const begin = skewBits >>> 3;
    const last = begin + length - 1;
    for (let at = begin; at <= last; at++) {
      if ((byteAt(span, word, at) - ZERO) >>> 0 > 9) return false;
    }
    const first = byteAt(span, word, begin);
    if (length > 1 && first === ZERO) return false;
    const turning = sign === 1 ? NINE : ZERO;
    const turned = sign === 1 ? ZERO : NINE;
    let at = last;
    while (at >= begin && byteAt(span, word, at) === turning) at--;
    if (at < begin) return false;
    if (sign === -1 && at === begin && first === ONE && length > 1) return false;
    setByte(span, word, at, byteAt(span, word, at) + sign);
    while (at < last) setByte(span, word, ++at, turned);
    return true;
  }

  return { addOne };
}
