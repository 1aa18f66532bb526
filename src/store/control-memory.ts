// The bookkeeping of the store, one SharedArrayBuffer of 32-bit words beside the arena:
//
//   +-------------+------------------+-----------------+----------------+---------------------+
//   | pool header | page descriptors | segment headers | main directory | control heap        |
//   | 16 words    | 8 a page         | 16 a segment    | 4 + 3 × 2^bits | strong directories  |
//   +-------------+------------------+-----------------+----------------+---------------------+
//
// The place of each part follows from the page count and the segment count alone, so every thread
// computes the same layout from the same two numbers. All words start as zero.

import { assert } from "../lib/assert.ts";

export const POOL_HEADER_WORDS = 16;
export const PAGE_DESCRIPTOR_WORDS = 8;
export const SEGMENT_HEADER_WORDS = 16;
export const DIRECTORY_HEADER_WORDS = 4;
/** Tables, depths and counts: three words for each place in a directory. */
export const DIRECTORY_ARRAYS = 3;

/** Bits of a hash that choose the table at most; the other 13 choose the slot. */
export const DIRECTORY_BITS_MAX = 19;
/** Directories get this many bits more than one full-size table (half a page) per place needs. */
const DIRECTORY_BITS_SPARE = 3;

const HEAP_WORDS_MIN = 1 << 16;

/** Word in the pool header that counts the words taken from the control heap. */
const HEAP_USED = 15;

export interface ControlLayout {
  readonly segmentBits: number;
  readonly pageCount: number;
  readonly descriptorsBegin: number;
  readonly segmentsBegin: number;
  readonly directoryBegin: number;
  readonly directoryBitsMax: number;
  readonly heapBegin: number;
  readonly wordCount: number;
}

export function layOutControl(pageCount: number, segmentBits: number): ControlLayout {
  assert(segmentBits >= 0 && segmentBits <= 12, "segments are counted by up to 12 bits");
  const descriptorsBegin = POOL_HEADER_WORDS;
  const segmentsBegin = descriptorsBegin + pageCount * PAGE_DESCRIPTOR_WORDS;
  const directoryBegin = segmentsBegin + 2 ** segmentBits * SEGMENT_HEADER_WORDS;
  const wantedBits = Math.ceil(Math.log2(2 * pageCount)) + DIRECTORY_BITS_SPARE;
  const directoryBitsMax = Math.min(DIRECTORY_BITS_MAX, Math.max(segmentBits, wantedBits));
  const directoryWords = DIRECTORY_HEADER_WORDS + DIRECTORY_ARRAYS * 2 ** directoryBitsMax;
  const heapBegin = directoryBegin + directoryWords;
  const heapWords = Math.max(HEAP_WORDS_MIN, DIRECTORY_ARRAYS * 2 ** (directoryBitsMax + 2));
  return {
    segmentBits,
    pageCount,
    descriptorsBegin,
    segmentsBegin,
    directoryBegin,
    directoryBitsMax,
    heapBegin,
    wordCount: heapBegin + heapWords,
  };
}

export function reserveControl(layout: ControlLayout): SharedArrayBuffer {
  return new SharedArrayBuffer(layout.wordCount * Int32Array.BYTES_PER_ELEMENT);
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
