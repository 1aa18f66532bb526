// The memory that outlives a batch: SharedArrayBuffers reserved once at start and committed by
// touch, so that reserving is free and every thread started later can be handed all of it.
//
//   span 0 (4 GiB, one buffer)                                                      span 1 …
//   bank 0 (1 GiB)                          bank 1                     ... bank 3   bank 4 … 31
//   +--------+--------+--------+-----+----+ +--------+-------                       +-----
//   | page 0 | page 1 | page 2 | ... |    | | page n | ...                          |
//   +--------+--------+--------+-----+----+ +--------+-------                       +-----
//     ^ never handed out, so that reference 0 means "none"
//
// A *reference* is the address of a block in units of 8 bytes, as a signed 32-bit integer whose
// bits count: the top 5 choose the bank, the other 27 the place in it. That makes 32 GiB. Banks are
// 1 GiB because a byte offset from 2^31 on makes a view 30 times slower. 32-bit words reach further
// with the same index, so the loops that every request goes through see spans: four banks in one
// view, the most that one buffer can have. What fits span 0 is reached without choosing a view at
// all.

import { ByteArea } from "../lib/byte-area.ts";
import { assert } from "../lib/assert.ts";

export const UNIT_SIZE = 8;
export const BANK_SHIFT = 27;
export const BANK_MASK = 0x07ffffff;
export const BANK_SIZE = UNIT_SIZE * (BANK_MASK + 1);

export const SPAN_SHIFT = 29;
export const SPAN_MASK = 0x1fffffff;
const BANKS_PER_SPAN = 4;
const SPAN_SIZE = BANKS_PER_SPAN * BANK_SIZE;
/** For an index that may lie a few words past a full span: it wraps round and reads nonsense. */
export const SPAN_WORD_MASK = SPAN_SIZE / 4 - 1;
/** A span that is not full may be read, and is never written, this far beyond its last page. */
const SPAN_MARGIN_SIZE = 64;

export const PAGE_SHIFT = 14;
export const PAGE_UNITS = 1 << PAGE_SHIFT;
export const PAGE_SIZE = PAGE_UNITS * UNIT_SIZE;
export const PAGES_PER_BANK = BANK_SIZE / PAGE_SIZE;

/** Of x86-64, and of ARM with system pages of 4 KiB: what the kernel clears at a first touch. */
export const HUGE_PAGE_SIZE = 2 * 1024 * 1024;
export const PAGES_PER_HUGE_PAGE = HUGE_PAGE_SIZE / PAGE_SIZE;

export const ARENA_SIZE_MAX = 32 * BANK_SIZE;

assert(BANK_SIZE === 2 ** 30, "a bank is 1 GiB");
assert(PAGE_SIZE === 128 * 1024, "a page is 128 KiB");

/** What threads are handed to share an arena. */
export interface ArenaBuffers {
  readonly pageCount: number;
  readonly spans: readonly SharedArrayBuffer[];
}

/** Reserves `sizeBytes`, rounded down to whole pages; nothing of it is committed yet. */
export function reserveArena(sizeBytes: number): ArenaBuffers {
  const pageCount = Math.floor(Math.min(sizeBytes, ARENA_SIZE_MAX) / PAGE_SIZE);
  assert(pageCount >= 2, "an arena has at least two pages");
  const spans: SharedArrayBuffer[] = [];
  for (let rest = pageCount * PAGE_SIZE; rest > 0; rest -= SPAN_SIZE) {
    spans.push(new SharedArrayBuffer(Math.min(rest + SPAN_MARGIN_SIZE, SPAN_SIZE)));
  }
  return { pageCount, spans };
}

/** One thread's views of the arena. */
export class Arena {
  readonly pageCount: number;
  /** Index by `reference >>> BANK_SHIFT`. */
  readonly words: readonly Int32Array[];
  readonly areas: readonly ByteArea[];
  /** Index by `reference >>> SPAN_SHIFT`. */
  readonly spans: readonly Int32Array[];

  constructor(buffers: ArenaBuffers) {
    this.pageCount = buffers.pageCount;
    this.spans = buffers.spans.map((span) => new Int32Array(span));
    const words: Int32Array[] = [];
    const areas: ByteArea[] = [];
    for (let page = 0; page < buffers.pageCount; page += PAGES_PER_BANK) {
      const bank = page / PAGES_PER_BANK;
      const span = buffers.spans[Math.floor(bank / BANKS_PER_SPAN)]!;
      const offset = (bank % BANKS_PER_SPAN) * BANK_SIZE;
      const length = Math.min(buffers.pageCount - page, PAGES_PER_BANK) * PAGE_SIZE;
      words.push(new Int32Array(span, offset, length / 4));
      areas.push(new ByteArea(span, offset, length));
    }
    this.words = words;
    this.areas = areas;
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
