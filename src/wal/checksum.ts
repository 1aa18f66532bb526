// The checksum of everything that durability writes: xxHash3, 64 bits, by Bun.
//
// It is seeded with a number that belongs to the directory (META): a client who stores bytes that
// look like a group of the WAL cannot make them pass for one, and a file of another directory does
// not pass for one of this.
//
// Where a group has few records, its checksums are most of what it costs. So a short stretch is
// copied to where there is a view of its length already: making one costs as much as the hash.

import { ByteArea, copyBytes } from "../lib/byte-area.ts";

export const CHECKSUM_SIZE = 8;

/** Stretches up to this are copied. */
const SHORT_LENGTH_MAX = 256;
const SHORT = new ByteArea(new ArrayBuffer(SHORT_LENGTH_MAX));
/** By length: the beginning of SHORT. */
const SHORT_VIEWS = Array.from({ length: SHORT_LENGTH_MAX + 1 }, (_, length) =>
  SHORT.bytes.subarray(0, length),
);
/** A checksum on its way to its words. */
const RESULT = new DataView(new ArrayBuffer(CHECKSUM_SIZE));

/** Of bytes `begin` to `end`; `seed` is an unsigned 32-bit integer. */
export function checksum(area: ByteArea, begin: number, end: number, seed: number): bigint {
  // The types know of bigint seeds only, and those are cut to 32 bits likewise.
  return Bun.hash.xxHash3(stretchOf(area, begin, end), seed as unknown as bigint);
}

/** The low word alone, unsigned, where 4 bytes have to do. */
export function checksumWord(area: ByteArea, begin: number, end: number, seed: number): number {
  RESULT.setBigUint64(0, checksum(area, begin, end, seed), true);
  return RESULT.getUint32(0, true);
}

/** Writes the checksum of bytes `begin` to `end` at `offset`, little-endian. */
export function writeChecksum(
  area: ByteArea,
  begin: number,
  end: number,
  seed: number,
  offset: number,
): void {
  area.view.setBigUint64(offset, checksum(area, begin, end, seed), true);
}

/** Whether what stands at `offset` is the checksum of bytes `begin` to `end`. */
export function hasChecksum(
  area: ByteArea,
  begin: number,
  end: number,
  seed: number,
  offset: number,
): boolean {
  return area.view.getBigUint64(offset, true) === checksum(area, begin, end, seed);
}

/** The bytes, or a copy of them that lasts until the next call. */
function stretchOf(area: ByteArea, begin: number, end: number): Uint8Array {
  const length = end - begin;
  if (length > SHORT_LENGTH_MAX) return area.bytes.subarray(begin, end);
  copyBytes(area, begin, SHORT, 0, length);
  return SHORT_VIEWS[length]!;
}
