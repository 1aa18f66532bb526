// The deadlines of entries. The truth is in the entry (entry.ts); the expiry index only reminds of
// it (expiry-index.ts). This keeps the two together: every deadline that is written is noted, and
// a note whose turn comes leads to its entry, by the hash and the deadline itself.

import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import type { BlockHeap } from "./block-heap.ts";
import type { EntryBlocks } from "./entry-blocks.ts";
import { FLAG_DEADLINE, FLAG_SWEPT, readDeadlineMs } from "./entry.ts";
import { ExpiryIndex, type ExpiryTarget } from "./expiry-index.ts";
import type { Segments } from "./segments.ts";
import type { StoreLocks } from "./store-locks.ts";

export class Deadlines implements ExpiryTarget {
  readonly index: ExpiryIndex;
  /** Entries removed because their deadline had passed. */
  expiredCount = 0;
  readonly #arena: Arena;
  readonly #segments: Segments;
  readonly #blocks: EntryBlocks;
  /** A pair may lead to a key of any segment; null = there is one thread. */
  readonly #locks: StoreLocks | null;
  #wantedLow = 0;
  #wantedHigh = 0;
  /** What FLAG_SWEPT must not be; -1 = it does not matter. */
  #unwantedFlag = -1;

  constructor(
    arena: Arena,
    heap: BlockHeap,
    segments: Segments,
    blocks: EntryBlocks,
    nowMs: number,
    locks: StoreLocks | null = null,
  ) {
    this.#locks = locks;
    this.#arena = arena;
    this.#segments = segments;
    this.#blocks = blocks;
    this.index = new ExpiryIndex(arena, heap, this, nowMs);
    segments.onRetagged((reference, hash, tag) => this.#noteRetagged(reference, hash, tag));
  }

  /**
   * Sets or clears the deadline of an entry that has the place for it and that the segments have
   * just found or linked. The index has room (`ensureRoom`).
   */
  write(reference: number, hash: number, low: number, high: number): void {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    const hadDeadline = (words[word + 2]! | words[word + 3]!) !== 0;
    const hasDeadline = (low | high) !== 0;
    const isSame = words[word + 2] === low && words[word + 3] === high;
    words[word + 2] = low;
    words[word + 3] = high;
    const change = Number(hasDeadline) - Number(hadDeadline);
    if (change !== 0) this.#blocks.countDeadlines(words[word]!, change);
    if (!hasDeadline || isSame) return;
    this.index.add(hash, this.#segments.tag, low, high);
    this.#setMark(reference, this.index.mark);
  }

  /** Removes an entry whose deadline has passed and that the segments have just found. */
  remove(reference: number, hash: number): void {
    this.#blocks.remove(reference, hash);
    this.expiredCount++;
  }

  /** ExpiryTarget: the pair's turn has come. */
  expire(hash: number, tag: number, low: number, high: number): void {
    const reference = this.#find(hash, tag, low, high, -1);
    if (reference !== 0) this.remove(reference, hash);
  }

  /** ExpiryTarget: whether the pair is still true, and the only one of its entry. */
  claim(hash: number, tag: number, low: number, high: number, mark: number): boolean {
    const reference = this.#find(hash, tag, low, high, mark === 0 ? 0 : FLAG_SWEPT);
    if (reference === 0) return false;
    this.#setMark(reference, mark);
    return true;
  }

  #find(hash: number, tag: number, low: number, high: number, unwantedFlag: number): number {
    this.#locks?.alsoKey(hash);
    this.#wantedLow = low;
    this.#wantedHigh = high;
    this.#unwantedFlag = unwantedFlag;
    return this.#segments.findByTag(hash, tag, this.#isWanted);
  }

  readonly #isWanted = (reference: number): boolean => {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    return (
      (words[word]! & FLAG_DEADLINE) !== 0 &&
      words[word + 2] === this.#wantedLow &&
      words[word + 3] === this.#wantedHigh &&
      (words[word]! & FLAG_SWEPT) !== this.#unwantedFlag
    );
  };

  /** The old note has the entry's old tag, and would not lead to it any more. */
  #noteRetagged(reference: number, hash: number, tag: number): void {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    if (readDeadlineMs(words, word) === 0) return;
    const low = words[word + 2]!;
    const high = words[word + 3]!;
    if (!this.index.ensureRoom()) return;
    this.index.add(hash, tag, low, high);
    // Not by the reference: making room may have moved the entry.
    this.claim(hash, tag, low, high, this.index.mark);
  }

  /** Notes which sweep of the expiry index has met the entry's pair. */
  #setMark(reference: number, mark: number): void {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    words[word] = mark === 0 ? words[word]! & ~FLAG_SWEPT : words[word]! | FLAG_SWEPT;
  }
}
