// Keys of eight bytes that have a wanted XXH32 under a known seed. Every step of the hash is a
// bijection of 32-bit words, so it runs backwards: the first four bytes are free and the second
// four follow from them. An attacker who learns the seed can do the same.

const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

const KEY_LENGTH = 8;

/** The `index`th key with this hash; at most 2^32 of them. */
export function keyWithHash(hash: number, seed: number, index: number): string {
  const wanted = undoAvalanche(hash);
  const start = (seed + PRIME_5 + KEY_LENGTH) | 0;
  const first = Math.imul(rotateLeft((start + Math.imul(index, PRIME_3)) | 0, 17), PRIME_4);
  const before = rotateLeft(Math.imul(wanted, inverseOf(PRIME_4)), 32 - 17);
  const lane = Math.imul(before - first, inverseOf(PRIME_3));
  const key = Buffer.alloc(KEY_LENGTH);
  key.writeInt32LE(index | 0, 0);
  key.writeInt32LE(lane, 4);
  return key.toString("latin1");
}

/** `count` keys with one hash. */
export function collidingKeys(hash: number, seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => keyWithHash(hash, seed, index));
}

function undoAvalanche(hash: number): number {
  let word = hash ^ (hash >>> 16);
  word = Math.imul(word, inverseOf(PRIME_3));
  word = word ^ (word >>> 13) ^ (word >>> 26);
  word = Math.imul(word, inverseOf(PRIME_2));
  return word ^ (word >>> 15) ^ (word >>> 30);
}

/** The number whose product with an odd one is 1 modulo 2^32, by Newton's iteration. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
