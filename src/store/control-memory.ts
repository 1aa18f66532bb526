// The bookkeeping of the store, one SharedArrayBuffer of 32-bit words beside the arena:
//
//   +-------------+--------+-------------+------------------+-----------------+
//   | pool header | counts | block lists | page descriptors | segment headers |
//   | 16 words    | 64     | 3 × 384     | 8 a page         | 16 a segment    |
//   +-------------+--------+-------------+------------------+-----------------+
//   | main directory | control heap       | pins              | watches       |
//   | 4 + 3 × 2^bits | strong directories | 2^20…22 slots     | 2^20 slots    |
//   +----------------+--------------------+-------------------+---------------+
//                                         ^ ends here when there is one thread
//
// Pins and watches are tables that several threads share (shared-table.ts). They are large, which
// costs nothing as long as they are not used.
//
// The place of each part follows from the page count and the segment count alone, so every thread
// computes the same layout from the same two numbers. All words start as zero.
//
// Places are computed with shifts: a power by `**` is a floating-point number to the engine, and so
// is what is added to it. An index of that kind is converted and checked at every access.

import { assert } from "../lib/assert.ts";

export const POOL_HEADER_WORDS = 16;
/** Counts of entries, deadlines (entry-blocks.ts) and pages in chains (pieces.ts). */
export const COUNT_WORDS = 64;
/** Lists of pages with room: purposes × more than there are size classes (block-heap.ts). */
export const BLOCK_LIST_COUNT = 3 * 128;
/** For each list its first page, the blocks it could hand out, and those that are out. */
const BLOCK_LIST_ARRAYS = 3;
export const PAGE_DESCRIPTOR_WORDS = 8;
export const SEGMENT_HEADER_WORDS = 16;
const CACHE_LINE_WORDS = 16;
export const DIRECTORY_HEADER_WORDS = 4;
/** Tables, depths and counts: three words for each place in a directory. */
export const DIRECTORY_ARRAYS = 3;

/** Bits of a hash that choose the table at most; the other 13 choose the slot. */
export const DIRECTORY_BITS_MAX = 19;
/** Directories get this many bits more than one full-size table (half a page) per place needs. */
const DIRECTORY_BITS_SPARE = 3;

const HEAP_WORDS_MIN = 1 << 16;

export const SHARED_SLOT_WORDS = 4;
/** Slots are counted in groups of 2^6. */
export const SHARED_GROUP_SHIFT = 6;
const SHARED_TABLE_HEADER_WORDS = 16;
/** Entries of 16 KiB in a page, and those that wait for the log: shared-pins.ts. */
const PINS_PER_PAGE = 8;
const PINS_BESIDES = 2 ** 19;
export const WATCH_SLOTS_LOG2 = 20;

/** Word in the pool header that counts the words taken from the control heap. */
const HEAP_USED = 15;
/** Words in the pool header: the lock of what segments share, and who sleeps (store-locks.ts). */
export const STRUCTURE_LOCK = 12;

/** Where a table of several threads lies: header, counts of groups, slots. */
export interface SharedTablePlace {
  readonly begin: number;
  readonly groupsBegin: number;
  readonly slotsBegin: number;
  readonly slotsLog2: number;
  readonly end: number;
}

export interface ControlLayout {
  readonly segmentBits: number;
  readonly pageCount: number;
  readonly countsBegin: number;
  readonly blockListsBegin: number;
  readonly descriptorsBegin: number;
  readonly segmentsBegin: number;
  readonly directoryBegin: number;
  readonly directoryBitsMax: number;
  readonly heapBegin: number;
  /** Of a store that one thread has. */
  readonly wordCount: number;
  readonly pins: SharedTablePlace;
  readonly watches: SharedTablePlace;
  /** Of a store that several threads share. */
  readonly sharedWordCount: number;
}

export function layOutControl(pageCount: number, segmentBits: number): ControlLayout {
  assert(segmentBits >= 0 && segmentBits <= 12, "segments are counted by up to 12 bits");
  const countsBegin = POOL_HEADER_WORDS;
  const blockListsBegin = countsBegin + COUNT_WORDS;
  const descriptorsBegin = blockListsBegin + BLOCK_LIST_ARRAYS * BLOCK_LIST_COUNT;
  const descriptorsEnd = descriptorsBegin + pageCount * PAGE_DESCRIPTOR_WORDS;
  // A segment's header on one line, which an odd count of descriptors would spread over two.
  const segmentsBegin = Math.ceil(descriptorsEnd / CACHE_LINE_WORDS) * CACHE_LINE_WORDS;
  const directoryBegin = segmentsBegin + (1 << segmentBits) * SEGMENT_HEADER_WORDS;
  const wantedBits = Math.ceil(Math.log2(2 * pageCount)) + DIRECTORY_BITS_SPARE;
  const directoryBitsMax = Math.min(DIRECTORY_BITS_MAX, Math.max(segmentBits, wantedBits));
  const directoryWords = DIRECTORY_HEADER_WORDS + (DIRECTORY_ARRAYS << directoryBitsMax);
  const heapBegin = directoryBegin + directoryWords;
  const heapWords = Math.max(HEAP_WORDS_MIN, DIRECTORY_ARRAYS << (directoryBitsMax + 2));
  const wordCount = heapBegin + heapWords;
  const pins = placeSharedTable(wordCount, pinSlotsLog2(pageCount));
  const watches = placeSharedTable(pins.end, WATCH_SLOTS_LOG2);
  return {
    segmentBits,
    pageCount,
    countsBegin,
    blockListsBegin,
    descriptorsBegin,
    segmentsBegin,
    directoryBegin,
    directoryBitsMax,
    heapBegin,
    wordCount,
    pins,
    watches,
    sharedWordCount: watches.end,
  };
}

/** Slots for all pins that there can be, and for a third as many. */
function pinSlotsLog2(pageCount: number): number {
  const pinCountMax = pageCount * PINS_PER_PAGE + PINS_BESIDES;
  return Math.ceil(Math.log2((4 * pinCountMax) / 3));
}

export function placeSharedTable(begin: number, slotsLog2: number): SharedTablePlace {
  const groupsBegin = begin + SHARED_TABLE_HEADER_WORDS;
  const slotsBegin = groupsBegin + (1 << (slotsLog2 - SHARED_GROUP_SHIFT));
  const end = slotsBegin + (SHARED_SLOT_WORDS << slotsLog2);
  return { begin, groupsBegin, slotsBegin, slotsLog2, end };
}

export function reserveControl(layout: ControlLayout, isShared = false): SharedArrayBuffer {
  const wordCount = isShared ? layout.sharedWordCount : layout.wordCount;
  return new SharedArrayBuffer(wordCount * Int32Array.BYTES_PER_ELEMENT);
}

/** Zeroed words of the control heap, for ever; 0 = none left. */
export function takeControlWords(
  control: Int32Array,
  layout: ControlLayout,
  count: number,
): number {
  const begin = layout.heapBegin + control[HEAP_USED]!;
  if (begin + count > layout.wordCount) return 0;
  control[HEAP_USED]! += count;
  return begin;
}
