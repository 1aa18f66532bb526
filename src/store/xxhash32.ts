// xxHash32 (Yann Collet, doc/xxhash_spec.md of the xxHash repository) over a DataView: the hash
// that places keys. Seeded, no allocation, 16-byte keys in about 19 ns. Equal to every other
// implementation of XXH32, which the tests check against hash-wasm.
//
// A seed alone does not stop an attacker who builds collisions that hold for every seed; the table
// answers those with half-siphash.ts.

const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const PRIME_3 = 0xc2b2ae3d | 0;
const PRIME_4 = 0x27d4eb2f | 0;
const PRIME_5 = 0x165667b1 | 0;

const STRIPE_SIZE = 16;

/** The hash as a signed 32-bit integer: the bits are XXH32's, the sign is JavaScript's. */
export function xxHash32(view: DataView, offset: number, length: number, seed: number): number {
  const end = offset + length;
  let position = offset;
  let hash: number;
  if (length >= STRIPE_SIZE) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    const stripesEnd = end - STRIPE_SIZE;
    while (position <= stripesEnd) {
      a = round(a, view.getInt32(position, true));
      b = round(b, view.getInt32(position + 4, true));
      c = round(c, view.getInt32(position + 8, true));
      d = round(d, view.getInt32(position + 12, true));
      position += STRIPE_SIZE;
    }
    hash = (rotateLeft(a, 1) + rotateLeft(b, 7) + rotateLeft(c, 12) + rotateLeft(d, 18)) | 0;
  } else {
    hash = (seed + PRIME_5) | 0;
  }
  hash = (hash + length) | 0;

  for (; position + 4 <= end; position += 4) {
    const lane = view.getInt32(position, true);
    hash = Math.imul(rotateLeft((hash + Math.imul(lane, PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; position < end; position++) {
    const lane = view.getUint8(position);
    hash = Math.imul(rotateLeft((hash + Math.imul(lane, PRIME_5)) | 0, 11), PRIME_1);
  }

  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return hash ^ (hash >>> 16);
}

function round(accumulator: number, lane: number): number {
  return Math.imul(rotateLeft((accumulator + Math.imul(lane, PRIME_2)) | 0, 13), PRIME_1);
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
