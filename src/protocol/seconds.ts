// The relative expiry of fkvs v1, seconds as decimal text, to an absolute deadline in milliseconds
// since the epoch, as the two words an entry keeps.
//
//   text = [ "+" ] digit { digit }, at most 31 characters, 0 ≤ seconds ≤ (2^63 − 1 − now) / 1000

import type { ByteArea } from "../lib/byte-area.ts";
import { INT64_MAX, Int64Parser, PARSED } from "./int64.ts";
import { EXPIRY_LENGTH_MAX } from "./v1-decoder.ts";

const MINUS = 0x2d;
const WORD = 2 ** 32;
/** Seconds up to which the deadline's milliseconds are exact in a Number. */
const EXACT_SECONDS_MAX = 9e12;

export class DeadlineReader {
  /** After `read`: the deadline's words. */
  low = 0;
  high = 0;

  readonly #parser = new Int64Parser();

  /** Whether the text is valid; then `low` and `high` are the deadline. */
  read(area: ByteArea, offset: number, length: number, nowMs: number): boolean {
    if (length > EXPIRY_LENGTH_MAX || (length > 0 && area.bytes[offset] === MINUS)) return false;
    const parsed = this.#parser.parse(area, offset, length);
    if (parsed === PARSED.INVALID) return false;
    if (parsed === PARSED.EXACT && this.#parser.number <= EXACT_SECONDS_MAX) {
      const deadlineMs = nowMs + this.#parser.number * 1000;
      this.low = (deadlineMs % WORD) | 0;
      this.high = (deadlineMs / WORD) | 0;
      return true;
    }
    const seconds = parsed === PARSED.EXACT ? BigInt(this.#parser.number) : this.#parser.big;
    const deadlineMs = BigInt(nowMs) + seconds * 1000n;
    if (deadlineMs > INT64_MAX) return false;
    this.low = Number(BigInt.asIntN(32, deadlineMs));
    this.high = Number(BigInt.asIntN(32, deadlineMs >> 32n));
    return true;
  }
}

/** Whole seconds from now to a deadline given by its words. */
export function secondsUntil(low: number, high: number, nowMs: number): bigint | number {
  const deadlineMs = (high >>> 0) * WORD + (low >>> 0);
  if (deadlineMs <= Number.MAX_SAFE_INTEGER) return Math.floor((deadlineMs - nowMs) / 1000);
  const exactMs = (BigInt(high >>> 0) << 32n) + BigInt(low >>> 0);
  return (exactMs - BigInt(nowMs)) / 1000n;
}
