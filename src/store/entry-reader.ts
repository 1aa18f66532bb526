// What can be read of an entry by its reference: the base of the store, for all who hold
// references.

import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, byteOffsetOf, wordIndexOf, type Arena } from "./arena.ts";
import { databaseOf } from "./database.ts";
import {
  CLASS_SHIFT,
  FLAG_DEADLINE,
  FLAG_PINNED,
  FLAG_WATCHED,
  IN_PLACE_ALWAYS,
  KEY_LENGTH_MASK,
  keyOffsetIn,
  readDeadlineMs,
  valueOffsetIn,
} from "./entry.ts";
import { CLASS_SIZES } from "./size-class.ts";

export class EntryReader {
  readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** The area that an entry's key lies in, and its value unless it lies in pieces. */
  area(reference: number): ByteArea {
    return this.arena.areas[reference >>> BANK_SHIFT]!;
  }

  databaseOf(reference: number): number {
    return databaseOf(this.#header(reference));
  }

  keyLength(reference: number): number {
    return this.#header(reference) & KEY_LENGTH_MASK;
  }

  /** Offset of an entry's key in the area of its bank. */
  keyOffset(reference: number): number {
    return byteOffsetOf(reference) + keyOffsetIn(this.#header(reference));
  }

  /** Value length of an entry in bytes. */
  valueLength(reference: number): number {
    return this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference) + 1]!;
  }

  /** Offset of an entry's value in the area of its bank, unless it lies in pieces (`values`). */
  valueOffset(reference: number): number {
    return byteOffsetOf(reference) + valueOffsetIn(this.#header(reference));
  }

  /** Deadline of an entry in milliseconds since the epoch, 0 = none. Exact below 2^53. */
  deadlineMs(reference: number): number {
    return readDeadlineMs(this.arena.words[reference >>> BANK_SHIFT]!, wordIndexOf(reference));
  }

  /** The deadline's words, for arithmetic beyond 2^53. */
  deadlineWord(reference: number, index: 0 | 1): number {
    return this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference) + 2 + index]!;
  }

  /** Whether an entry has the place for a deadline. */
  hasDeadlinePlace(reference: number): boolean {
    return (this.#header(reference) & FLAG_DEADLINE) !== 0;
  }

  /** Whether an entry is being sent from where it lies, or watched. */
  isMarked(reference: number): boolean {
    return (this.#header(reference) & (FLAG_PINNED | FLAG_WATCHED)) !== 0;
  }

  /** Whether a value of this length fits the block of an entry that wastes next to nothing. */
  fitsSmallBlock(reference: number, valueLength: number): boolean {
    const blockSize = this.blockSize(reference);
    const size = valueOffsetIn(this.#header(reference)) + valueLength;
    return size <= blockSize && blockSize <= IN_PLACE_ALWAYS;
  }

  /** Size of the block that an entry lies in, in bytes. */
  blockSize(reference: number): number {
    return CLASS_SIZES[this.#header(reference) >>> CLASS_SHIFT]!;
  }

  #header(reference: number): number {
    return this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
  }
}
