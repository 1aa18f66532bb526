// Keys one behind another in the order of their requests, as decoding leaves them: reading the
// stream is as cheap as reading a receive window, and what the keys lead to is not in the cache.
// The order has nothing to do with the one in which the store was filled, by number: entries that
// lie in the order of their requests would be fetched ahead by the processor.
//
//   area   … | k000000000000417 | k000000000000003 | k000000000000890 | …      16 bytes each
//            ^ begin

import type { ByteArea } from "../src/lib/byte-area.ts";
import { Random } from "../test/support/random.ts";

export const KEY_LENGTH = 16;
const DIGIT_ZERO = 0x30;

/** Writes the key of a number: a letter for its kind and 15 digits. */
export function writeKey(bytes: Uint8Array, offset: number, kind: string, number: number): void {
  let rest = number;
  for (let i = offset + KEY_LENGTH - 1; i > offset; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = DIGIT_ZERO + rest - tenth * 10;
    rest = tenth;
  }
  bytes[offset] = kind.charCodeAt(0);
}

/** The numbers from 0 to `count` − 1 in random order, the same for the same seed. */
export function shuffle(count: number, seed: number): Int32Array {
  const random = new Random(seed);
  const numbers = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const number = numbers[i]!;
    numbers[i] = numbers[j]!;
    numbers[j] = number;
  }
  return numbers;
}

export interface KeyStream {
  /** The keys' first letter. */
  readonly kind: string;
  /** Different keys. */
  readonly keyCount: number;
  /** Offset of the first key. */
  readonly begin: number;
  /** Keys one behind another: all of them once, and once more in another order, and so on. */
  readonly count: number;
  readonly hashes: Int32Array;
}

/** Bytes that a stream of so many keys takes. */
export function keyStreamSize(count: number): number {
  return count * KEY_LENGTH;
}

/** Every key from 0 to `keyCount` − 1 as often as there are rounds, each in a random order. */
export function writeKeyStream(
  area: ByteArea,
  begin: number,
  kind: string,
  keyCount: number,
  roundCount: number,
  hashOf: (offset: number, length: number) => number,
): KeyStream {
  const count = keyCount * roundCount;
  const hashes = new Int32Array(count);
  for (let round = 0; round < roundCount; round++) {
    const numbers = shuffle(keyCount, keyCount + round);
    for (let i = 0; i < keyCount; i++) {
      const row = round * keyCount + i;
      const offset = begin + row * KEY_LENGTH;
      writeKey(area.bytes, offset, kind, numbers[i]!);
      hashes[row] = hashOf(offset, KEY_LENGTH);
    }
  }
  return { kind, keyCount, begin, count, hashes };
}
