// HalfSipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; the 32-bit
// variant of the reference repository): a keyed pseudo-random function. Without the key nobody can
// build colliding inputs, which XXH32 does not promise, so a table that is being flooded is ordered
// by this hash instead (segment-directory.ts). Three times the cost of XXH32, paid only there.

/** Hash of `length` bytes under the 64-bit key (key0, key1), as a signed 32-bit integer. */
export function halfSipHash(
  view: DataView,
  offset: number,
  length: number,
  key0: number,
  key1: number,
): number {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  const wordsEnd = offset + (length & ~3);
  const end = offset + length;

  let last = length << 24;
  for (let i = wordsEnd, shift = 0; i < end; i++, shift += 8) last |= view.getUint8(i) << shift;

  // One word per turn of the loop, then the length word, then the finalisation: 4 rounds.
  for (let i = offset; ; i += 4) {
    const finalising = i > wordsEnd;
    const word = finalising ? 0 : i < wordsEnd ? view.getInt32(i, true) : last;
    v3 ^= word;
    if (finalising) v2 ^= 0xff;
    for (let round = finalising ? 4 : 2; round > 0; round--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    if (finalising) return v1 ^ v3;
    v0 ^= word;
  }
}
