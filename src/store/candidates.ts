// The loops that run ahead of a batch's commands (src/batch/batch.ts): each reads for all rows what
// the next needs, so that the cache misses of all rows overlap.
//
//   touchSlots     hash ─▶ directory ─▶ table ─▶ home slot        reads it
//   find           hash ─▶ … ─▶ the first slot with that hash     notes its entry, the *candidate*
//   touchEntries   candidate ─▶ entry                             reads its first two cache lines
//
// Nothing is written to the store and nothing verified: whether a candidate has the key is for the
// command to see, and it holds only until a table or an entry changes.
//
// A load that misses lets the processor go on with what comes behind it as far as its reorder
// buffer reaches, some hundred instructions. So the loops that touch are as short as can be: places
// are computed ahead, and the span (arena.ts) is looked at only when one of them is not the first.
//
// A closure over constants: see src/command/fast-commands.ts.

import { PAGE_SHIFT, SPAN_MASK, SPAN_SHIFT, SPAN_WORD_MASK, type Arena } from "./arena.ts";
import { PROBE_LENGTH_MAX, SLOT_WORDS, maskOf } from "./slot-table.ts";
import {
  DIRECTORY_BEGIN,
  DIRECTORY_BITS,
  LOG2_MASK,
  STRONG,
  TABLE_REFERENCE_MASK,
} from "./table-directory.ts";

/** Words from an entry's first to one that lies on its second cache line: 48 bytes on. */
const SECOND_LINE_WORDS = 12;
/** Home slots read at a time: those of a batch. */
const HOME_CAPACITY = 64;

export interface Candidates {
  /** Reads the home slot of the first `count` hashes. */
  touchSlots(hashes: Int32Array, count: number): void;
  /** The candidates of rows `begin` to `end`; 0 = no key has the hash, or a flood shares it. */
  find(hashes: Int32Array, candidates: Int32Array, begin: number, end: number): void;
  /** Reads the first and the second cache line of the first `count` candidates. */
  touchEntries(candidates: Int32Array, count: number): void;
  /** What the reading loops have read: their loads are not dead code. */
  sink(): number;
}

/**
 * `directory` is the main directory's header in control memory; it has two places or more. When the
 * store `isShared`, others change it meanwhile: what is found without a lock may be no reference at
 * all, and counts as none unless it lies in the arena. Table words are table words at any time.
 */
export function createCandidates(
  arena: Arena,
  control: Int32Array,
  directory: number,
  isShared = false,
): Candidates {
  const { spans } = arena;
  const unitCount = arena.pageCount * 2 ** PAGE_SHIFT;
  const first = spans[0]!;
  const tables = control[directory + DIRECTORY_BEGIN]!;
  /** References of home slots: a slot is one unit long. */
  const homes = new Int32Array(HOME_CAPACITY);
  let sink = 0;

  function load(span: number, word: number): number {
    return span === 0 ? first[word]! : spans[span]![word]!;
  }

  function touchSlots(hashes: Int32Array, count: number): void {
    for (let begin = 0; begin < count; begin += HOME_CAPACITY) {
      touchHomes(hashes, begin, Math.min(HOME_CAPACITY, count - begin));
    }
  }

  function touchHomes(hashes: Int32Array, begin: number, count: number): void {
    const shift = 32 - control[directory + DIRECTORY_BITS]!;
    let all = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[begin + i]!;
      const table = control[tables + (hash >>> shift)]!;
      const slot = hash & ((1 << (table & LOG2_MASK)) - 1);
      const home = (table & TABLE_REFERENCE_MASK) + slot;
      homes[i] = home;
      all |= home;
    }
    if (all >>> SPAN_SHIFT !== 0) return touchSpans(homes, count, 0);
    let read = 0;
    for (let i = 0; i < count; i++) read ^= first[homes[i]! << 1]!;
    sink ^= read;
  }

  function find(hashes: Int32Array, candidates: Int32Array, begin: number, end: number): void {
    const shift = 32 - control[directory + DIRECTORY_BITS]!;
    for (let i = begin; i < end; i++) {
      const hash = hashes[i]!;
      const table = control[tables + (hash >>> shift)]!;
      const span = table >>> SPAN_SHIFT;
      const slots = (table & TABLE_REFERENCE_MASK & SPAN_MASK) << 1;
      const mask = maskOf(table & LOG2_MASK);
      let slot = (hash << 1) & mask;
      let candidate = load(span, slots + slot + 1);
      let probesLeft = PROBE_LENGTH_MAX;
      while (candidate !== 0 && load(span, slots + slot) !== hash) {
        slot = (slot + SLOT_WORDS) & mask;
        candidate = --probesLeft === 0 ? 0 : load(span, slots + slot + 1);
      }
      if (isShared && candidate >>> 0 >= unitCount) candidate = 0;
      candidates[i] = (table & STRONG) === 0 ? candidate : 0;
    }
  }

  function touchEntries(candidates: Int32Array, count: number): void {
    let all = 0;
    for (let i = 0; i < count; i++) all |= candidates[i]!;
    if (all >>> SPAN_SHIFT !== 0) {
      touchSpans(candidates, count, 0);
      touchSpans(candidates, count, SECOND_LINE_WORDS);
      return;
    }
    let read = 0;
    for (let i = 0; i < count; i++) {
      const word = candidates[i]! << 1;
      read ^= first[word]! ^ first[(word + SECOND_LINE_WORDS) & SPAN_WORD_MASK]!;
    }
    sink ^= read;
  }

  /** Reads of each block, wherever it lies, the word that is `further` words from its first. */
  function touchSpans(references: Int32Array, count: number, further: number): void {
    let read = 0;
    for (let i = 0; i < count; i++) {
      const span = references[i]! >>> SPAN_SHIFT;
      const word = ((references[i]! & SPAN_MASK) << 1) + further;
      read ^= load(span, word & SPAN_WORD_MASK);
    }
    sink ^= read;
  }

  return { touchSlots, find, touchEntries, sink: () => sink };
}
