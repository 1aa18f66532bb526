// The memory that outlives a batch: SharedArrayBuffers reserved once at start and committed by
// touch, so that reserving is free and every thread started later can be handed all of it.
//
//   bank 0 (1 GiB)                          bank 1                     ... bank 31
//   +--------+--------+--------+-----+----+ +--------+-------
//   | page 0 | page 1 | page 2 | ... |    | | page n | ...
//   +--------+--------+--------+-----+----+ +--------+-------
//     ^ never handed out, so that reference 0 means "none"
//
// A *reference* is the address of a block in units of 8 bytes, as a signed 32-bit integer whose bits
// count: the top 5 choose the bank, the other 27 the place in it. That spans 32 GiB. Banks are 1 GiB
// because an index from 2^31 on makes a typed array 30 times slower.

import { ByteArea } from "../lib/byte-area.ts";
import { assert } from "../lib/assert.ts";

export const UNIT_SIZE = 8;
export const BANK_SHIFT = 27;
export const BANK_MASK = 0x07ffffff;
export const BANK_SIZE = UNIT_SIZE * (BANK_MASK + 1);
export const BANK_WORD_MASK = BANK_SIZE / 4 - 1;

export const PAGE_SHIFT = 14;
export const PAGE_UNITS = 1 << PAGE_SHIFT;
export const PAGE_SIZE = PAGE_UNITS * UNIT_SIZE;
export const PAGES_PER_BANK = BANK_SIZE / PAGE_SIZE;

export const ARENA_SIZE_MAX = 32 * BANK_SIZE;

assert(BANK_SIZE === 2 ** 30, "a bank is 1 GiB");
assert(PAGE_SIZE === 128 * 1024, "a page is 128 KiB");

/** What threads are handed to share an arena. */
export interface ArenaBuffers {
  readonly pageCount: number;
  readonly banks: readonly SharedArrayBuffer[];
}

/** Reserves `sizeBytes`, rounded down to whole pages; nothing of it is committed yet. */
export function reserveArena(sizeBytes: number): ArenaBuffers {
  const pageCount = Math.floor(Math.min(sizeBytes, ARENA_SIZE_MAX) / PAGE_SIZE);
  assert(pageCount >= 2, "an arena has at least two pages");
  const banks: SharedArrayBuffer[] = [];
  for (let page = 0; page < pageCount; page += PAGES_PER_BANK) {
    banks.push(new SharedArrayBuffer(Math.min(pageCount - page, PAGES_PER_BANK) * PAGE_SIZE));
  }
  return { pageCount, banks };
}

/** One thread's views of the arena. Index each array by `reference >>> BANK_SHIFT`. */
export class Arena {
  readonly pageCount: number;
  readonly words: readonly Int32Array[];
  readonly areas: readonly ByteArea[];

  constructor(buffers: ArenaBuffers) {
    this.pageCount = buffers.pageCount;
    this.words = buffers.banks.map((bank) => new Int32Array(bank));
    this.areas = buffers.banks.map((bank) => new ByteArea(bank));
  }
}

/** Index of a block's first word in its bank's `words`. */
export function wordIndexOf(reference: number): number {
  return (reference & BANK_MASK) << 1;
}

/** Offset of a block's first byte in its bank's area. */
export function byteOffsetOf(reference: number): number {
  return (reference & BANK_MASK) << 3;
}
