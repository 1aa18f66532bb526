// The checksum of everything that durability writes: xxHash3, 64 bits, by Bun.
//
// It is seeded with a number that belongs to the directory (META): a client who stores bytes that
// look like a group of the WAL cannot make them pass for one, and a file of another directory does
// not pass for one of this.

import type { ByteArea } from "../lib/byte-area.ts";

export const CHECKSUM_SIZE = 8;

/** Of bytes `begin` to `end`; `seed` is an unsigned 32-bit integer. */
export function checksum(area: ByteArea, begin: number, end: number, seed: number): bigint {
  // The types know of bigint seeds only, and those are cut to 32 bits likewise.
  return Bun.hash.xxHash3(area.bytes.subarray(begin, end), seed as unknown as bigint);
}

/** The low word alone, unsigned, where 4 bytes have to do. */
export function checksumWord(area: ByteArea, begin: number, end: number, seed: number): number {
  return Number(BigInt.asUintN(32, checksum(area, begin, end, seed)));
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
