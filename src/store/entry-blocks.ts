// The blocks that entries lie in: makes a new one for a key, writes over one that a value fits, and
// gives one back when its entry is unlinked. Stands between the store's rules and the structures
// that a block concerns:
//
//   place  ─▶ Segments (room for a slot) ─▶ BlockHeap (block) ─▶ Segments (the slot refers to it)
//   remove ─▶ BlockHeap or, while it is being sent, Pins      ─▶ Segments (no slot any more)
//
// Of a value in pieces the block holds where they are; they are given back with the block.
//
// It counts the entries of each database, and those with a deadline, because every way into a table
// and out of it leads through here.

import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { PURPOSE, type BlockHeap } from "./block-heap.ts";
import type { Compactor } from "./compactor.ts";
import { DATABASE_COUNT, databaseOf } from "./database.ts";
import {
  DATABASE_SHIFT,
  FLAG_DEADLINE,
  FLAG_PINNED,
  IN_PLACE_SLACK,
  PIECES_SIZE,
  entrySize,
  fitsBlock,
  isInPieces,
  readDeadlineMs,
  valueOffsetIn,
  writeEntry,
} from "./entry.ts";
import { emptyChain, type Pieces } from "./pieces.ts";
import type { Pins } from "./pins.ts";
import type { Segments } from "./segments.ts";
import { BLOCK_SIZE_MAX, classOfSize } from "./size-class.ts";
import type { Values } from "./values.ts";
import type { Watches } from "./watches.ts";

export interface EntryBlockParts {
  readonly arena: Arena;
  readonly heap: BlockHeap;
  readonly segments: Segments;
  readonly pins: Pins;
  readonly pieces: Pieces;
  readonly values: Values;
  readonly watches: Watches;
  readonly compactor: Compactor;
}

/** Whether a value would not fit a block beside its key, and has to lie in pieces. */
export function needsPieces(keyLength: number, valueLength: number, hasDeadline: boolean): boolean {
  return entrySize(keyLength, valueLength, hasDeadline) > BLOCK_SIZE_MAX;
}

export class EntryBlocks {
  /** By database: its entries, and those that have a deadline. In memory that threads share. */
  readonly keyCounts: Int32Array;
  readonly deadlineCounts: Int32Array;
  readonly #arena: Arena;
  readonly #heap: BlockHeap;
  readonly #segments: Segments;
  readonly #pins: Pins;
  readonly #pieces: Pieces;
  readonly #values: Values;
  readonly #watches: Watches;
  readonly #compactor: Compactor;
  readonly #source: ByteArea;

  /** Keys and values come as offsets into `source`; `counts` has COUNT_WORDS words. */
  constructor(parts: EntryBlockParts, source: ByteArea, counts: Int32Array) {
    this.keyCounts = counts.subarray(0, DATABASE_COUNT);
    this.deadlineCounts = counts.subarray(DATABASE_COUNT, 2 * DATABASE_COUNT);
    this.#arena = parts.arena;
    this.#heap = parts.heap;
    this.#segments = parts.segments;
    this.#pins = parts.pins;
    this.#pieces = parts.pieces;
    this.#values = parts.values;
    this.#watches = parts.watches;
    this.#compactor = parts.compactor;
    this.#source = source;
  }

  /** Entries that have a deadline. */
  get deadlineCount(): number {
    return this.deadlineCounts.reduce((sum, count) => sum + count, 0);
  }

  /** Whether an entry can be written over with a value of this length. */
  fitsInPlace(
    reference: number,
    valueLength: number,
    wantsDeadline: boolean,
    slack = IN_PLACE_SLACK,
  ): boolean {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    const header = words[word]!;
    if ((header & FLAG_PINNED) !== 0 || isInPieces(header, words[word + 1]!)) return false;
    if (wantsDeadline && (header & FLAG_DEADLINE) === 0) return false;
    return fitsBlock(header, valueLength, slack);
  }

  /**
   * A new block, linked under the key with header and key written and an empty value; 0 when memory
   * is full. It has room for the value or, if that has to lie in pieces, for their place and a
   * deadline. Without `isReplacing` the segments have just missed the key, with it they have just
   * found it.
   */
  place(
    keyOffset: number,
    keyLength: number,
    hash: number,
    valueLength: number,
    wantsDeadline: boolean,
    isReplacing: boolean,
  ): number {
    const source = this.#source;
    const isLong = needsPieces(keyLength, valueLength, wantsDeadline);
    const hasDeadline = wantsDeadline || isLong;
    const size = entrySize(keyLength, isLong ? PIECES_SIZE : valueLength, hasDeadline);
    const view = source.view;
    if (!isReplacing && !this.#segments.ensureSlot(view, keyOffset, keyLength, hash)) return 0;
    const classIndex = classOfSize(size);
    const movedCount = this.#compactor.movedCount;
    const reference = this.#heap.allocate(PURPOSE.ENTRY, classIndex);
    if (reference === 0) return 0;
    // The compactor moves entries and asks the segments about them on the way.
    const hasMoved = movedCount !== this.#compactor.movedCount;
    if (isReplacing) {
      const old = this.#segments.find(view, keyOffset, keyLength, hash);
      this.forget(old);
      this.#segments.relink(reference);
    } else {
      if (hasMoved) this.#segments.find(view, keyOffset, keyLength, hash);
      this.#segments.link(hash, reference);
    }
    const bits = this.#segments.databaseBits;
    this.keyCounts[bits >>> DATABASE_SHIFT]!++;
    writeEntry(
      this.#arena,
      reference,
      classIndex,
      source,
      keyOffset,
      keyLength,
      0,
      hasDeadline,
      bits,
    );
    if (hasDeadline) this.#clearDeadline(reference);
    return reference;
  }

  /**
   * Moves the entry that the segments have just found to a block with room for a deadline, which is
   * 0 and 0 at first; 0 when memory is full.
   */
  widen(old: number, keyOffset: number, keyLength: number, hash: number): number {
    const bank = old >>> BANK_SHIFT;
    const words = this.#arena.words[bank]!;
    const word = wordIndexOf(old);
    const valueLength = words[word + 1]!;
    const valueOffset = (word << 2) + valueOffsetIn(words[word]!);
    const area = this.#arena.areas[bank]!;
    // A pin keeps the old block readable while its successor is filled.
    this.#pins.pin(old);
    let reference = 0;
    const chain = emptyChain();
    // An entry in pieces never comes here, but the eight bytes may make one of another.
    const isLong = needsPieces(keyLength, valueLength, true);
    const end = valueOffset + valueLength;
    if (!isLong || this.#pieces.append(chain, area.bytes, valueOffset, end)) {
      reference = this.place(keyOffset, keyLength, hash, valueLength, true, true);
    }
    if (reference === 0) this.#pieces.give(chain);
    else if (isLong) this.#values.setChain(reference, chain);
    else this.#copyValue(area, valueOffset, reference, valueLength);
    this.unpin(old);
    return reference;
  }

  /** Counts deadlines more or less for an entry with this header. */
  countDeadlines(header: number, change: number): void {
    this.deadlineCounts[databaseOf(header)]! += change;
  }

  writeValue(reference: number, valueOffset: number, valueLength: number): void {
    this.#copyValue(this.#source, valueOffset, reference, valueLength);
  }

  /** Unlinks the entry that the segments have just found, and gives its block back. */
  remove(reference: number, hash: number): void {
    this.#watches.noteEntry(reference, true);
    // The block first: unlinking may shrink the table and so compact, which moves what is not free.
    this.forget(reference);
    this.#segments.remove(hash);
  }

  /** Ends a pin, and gives the block back if that was the last of an unlinked entry. */
  unpin(reference: number): void {
    if (this.#pins.unpin(reference)) this.#free(reference);
  }

  #copyValue(from: ByteArea, valueOffset: number, reference: number, valueLength: number): void {
    const bank = reference >>> BANK_SHIFT;
    const words = this.#arena.words[bank]!;
    const word = wordIndexOf(reference);
    words[word + 1] = valueLength;
    const target = (word << 2) + valueOffsetIn(words[word]!);
    copyBytes(from, valueOffset, this.#arena.areas[bank]!, target, valueLength);
  }

  #clearDeadline(reference: number): void {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    words[word + 2] = 0;
    words[word + 3] = 0;
  }

  /** Frees the block of an entry that is being unlinked, now or with its last pin. */
  forget(reference: number): void {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    this.keyCounts[databaseOf(words[word]!)]!--;
    if (readDeadlineMs(words, word) !== 0) this.countDeadlines(words[word]!, -1);
    if ((words[word]! & FLAG_PINNED) !== 0) this.#pins.orphan(reference);
    else this.#free(reference);
  }

  #free(reference: number): void {
    if (this.#values.isInPieces(reference)) this.#pieces.give(this.#values.chain(reference));
    this.#heap.free(reference);
  }
}
