// The keyspace of one data thread: keys to values with deadlines, in memory reserved at start.
// Stands between the commands and the structures below it, and holds the rules they share:
//
//   find ─▶ Segments ─▶ entry            Segments    key → slot → entry
//   set  ─▶ BlockHeap, Segments          BlockHeap   blocks of the arena, pages from PagePool
//           └▶ ExpiryIndex (deadline)    Compactor   empties sparse pages when the pool is empty
//
// Keys and values come as offsets into `source`, the receive windows. The entry a method returns is
// a reference that holds until the next call that writes.
//
// Order of every write: room in the expiry index, room in the table, a block, and only then the
// change, so that a refused write has changed nothing.

import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import type { Clock } from "../lib/clock.ts";
import {
  Arena,
  BANK_SHIFT,
  PAGE_SIZE,
  byteOffsetOf,
  reserveArena,
  wordIndexOf,
  type ArenaBuffers,
} from "./arena.ts";
import { BlockHeap, PURPOSE } from "./block-heap.ts";
import { Compactor } from "./compactor.ts";
import { layOutControl, reserveControl } from "./control-memory.ts";
import {
  FLAG_DEADLINE,
  FLAG_PINNED,
  FLAG_SWEPT,
  KEY_LENGTH_MASK,
  IN_PLACE_SLACK,
  entrySize,
  fitsBlock,
  keyOffsetIn,
  readDeadlineMs,
  valueOffsetIn,
  writeEntry,
} from "./entry.ts";
import { ExpiryIndex, PAIRS_PER_CHUNK, type ExpiryTarget } from "./expiry-index.ts";
import { PagePool, type ReleasePage } from "./page-pool.ts";
import { Pins } from "./pins.ts";
import { Segments } from "./segments.ts";
import { BLOCK_SIZE_MAX, classOfSize } from "./size-class.ts";
import { SLICE, WorkSlices } from "./work-slices.ts";

/** Work between turns goes on for at most this long, well under the promised 2 ms. */
const SLICE_BUDGET_MS = 0.5;
const RELEASE_PAGES_PER_SLICE = 8;

/** What threads are handed to share a store. */
export interface StoreBuffers {
  readonly arena: ArenaBuffers;
  readonly control: SharedArrayBuffer;
  readonly segmentBits: number;
}

export interface StoreOptions {
  /** Seeds of the two hashes: three random 32-bit integers. */
  readonly seeds: readonly [number, number, number];
  readonly slotsLog2Min: number;
  readonly slotsLog2Max: number;
  readonly releasePage: ReleasePage;
  /** Called when the store comes nearer to memory that is not committed (commit-ahead.ts). */
  readonly wantMemory?: () => void;
}

export const STORE_DEFAULTS = { segmentBits: 10, slotsLog2Min: 6, slotsLog2Max: 13 } as const;

export function reserveStore(sizeBytes: number, segmentBits: number): StoreBuffers {
  const arena = reserveArena(sizeBytes);
  const layout = layOutControl(arena.pageCount, segmentBits);
  return { arena, control: reserveControl(layout), segmentBits };
}

export class Store implements ExpiryTarget {
  readonly arena: Arena;
  readonly pool: PagePool;
  readonly heap: BlockHeap;
  readonly segments: Segments;
  readonly slices: WorkSlices;
  readonly pins: Pins;
  readonly expiry: ExpiryIndex;
  readonly compactor: Compactor;
  /** Time of the turn in milliseconds since the epoch; what deadlines are compared with. */
  nowMs: number;
  /** Entries that have a deadline. */
  deadlineCount = 0;
  /** Entries removed because their deadline had passed. */
  expiredCount = 0;

  readonly #source: ByteArea;
  readonly #sourceView: DataView;
  readonly #touchHashes = new Int32Array(PAIRS_PER_CHUNK);
  readonly #touchReferences = new Int32Array(PAIRS_PER_CHUNK);
  #wantedLow = 0;
  #wantedHigh = 0;
  /** What FLAG_SWEPT must not be; -1 = it does not matter. */
  #unwantedFlag = -1;

  constructor(buffers: StoreBuffers, source: ByteArea, clock: Clock, options: StoreOptions) {
    const layout = layOutControl(buffers.arena.pageCount, buffers.segmentBits);
    const control = new Int32Array(buffers.control);
    this.#source = source;
    this.#sourceView = source.view;
    this.nowMs = clock.nowMs();
    this.arena = new Arena(buffers.arena);
    this.slices = new WorkSlices(clock);
    this.pool = new PagePool(control, layout, options.releasePage, options.wantMemory);
    this.heap = new BlockHeap(this.arena, control, layout, this.pool);
    const [seed, strong0, strong1] = options.seeds;
    this.segments = new Segments(this.arena, control, layout, this.heap, this.slices, {
      seed,
      strongKey: [strong0, strong1],
      slotsLog2Min: options.slotsLog2Min,
      slotsLog2Max: options.slotsLog2Max,
    });
    this.pins = new Pins(this.arena);
    this.expiry = new ExpiryIndex(this.arena, this.heap, this, this.nowMs);
    this.compactor = new Compactor(this.arena, this.heap, this.segments, this.slices);
    this.heap.onExhausted(() => this.compactor.reclaimPage());
    this.segments.onRetagged((reference, hash, tag) => this.#noteRetagged(reference, hash, tag));
  }

  /** Keys, expired ones that nobody has met yet included. */
  get keyCount(): number {
    return this.segments.keyCount;
  }

  hashOf(keyOffset: number, keyLength: number): number {
    return this.segments.hashOf(this.#source.view, keyOffset, keyLength);
  }

  /** The entry of a key that has not expired, 0 = none. Removes an expired one. */
  find(keyOffset: number, keyLength: number, hash: number): number {
    const reference = this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
    if (reference === 0 || !this.#hasDeadlinePlace(reference)) return reference;
    return this.#removeExpired(reference, hash);
  }

  /**
   * Sets key and value, with a deadline as the two words of its milliseconds, 0 and 0 = none.
   * The entry, or 0 when memory is full; the old value is as it was then.
   */
  set(
    keyOffset: number,
    keyLength: number,
    hash: number,
    valueOffset: number,
    valueLength: number,
    low: number,
    high: number,
  ): number {
    const hasDeadline = (low | high) !== 0;
    if (hasDeadline && !this.expiry.ensureRoom()) return 0;
    let reference = this.segments.find(this.#source.view, keyOffset, keyLength, hash);
    if (reference === 0 || !this.#fitsInPlace(reference, valueLength, hasDeadline)) {
      const isReplacing = reference !== 0;
      reference = this.#place(keyOffset, keyLength, hash, valueLength, hasDeadline, isReplacing);
      if (reference === 0 && isReplacing) {
        // No memory for a block of the right size: one that wastes room still holds a shorter value.
        reference = this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
        if (!this.#fitsInPlace(reference, valueLength, hasDeadline, Infinity)) reference = 0;
      }
      if (reference === 0) return 0;
    }
    this.#writeValue(reference, valueOffset, valueLength);
    if (hasDeadline || this.#hasDeadlinePlace(reference))
      this.#writeDeadline(reference, hash, low, high);
    return reference;
  }

  /**
   * Replaces the value of a live entry that `find` has just returned; the deadline stays.
   * The entry, or 0 when memory is full.
   */
  replaceValue(
    reference: number,
    keyOffset: number,
    keyLength: number,
    hash: number,
    valueOffset: number,
    valueLength: number,
  ): number {
    if (this.#fitsInPlace(reference, valueLength, false)) {
      this.#writeValue(reference, valueOffset, valueLength);
      return reference;
    }
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    if (readDeadlineMs(words, word) === 0) {
      return this.set(keyOffset, keyLength, hash, valueOffset, valueLength, 0, 0);
    }
    const low = words[word + 2]!;
    const high = words[word + 3]!;
    return this.set(keyOffset, keyLength, hash, valueOffset, valueLength, low, high);
  }

  /** Removes a key. False when there was none, or an expired one. */
  remove(keyOffset: number, keyLength: number, hash: number): boolean {
    const reference = this.find(keyOffset, keyLength, hash);
    if (reference === 0) return false;
    this.#removeFound(reference, hash);
    return true;
  }

  /**
   * Gives a live entry that `find` has just returned a deadline, or takes it away (0 and 0).
   * False when memory is full; the entry is as it was then.
   */
  setDeadline(
    reference: number,
    keyOffset: number,
    keyLength: number,
    hash: number,
    low: number,
    high: number,
  ): boolean {
    const hasPlace = this.#hasDeadlinePlace(reference);
    if ((low | high) === 0) {
      if (hasPlace) this.#writeDeadline(reference, hash, 0, 0);
      return true;
    }
    if (!this.expiry.ensureRoom()) return false;
    // Making room may have moved the entry.
    let entry = this.segments.find(this.#source.view, keyOffset, keyLength, hash);
    if (!hasPlace) {
      entry = this.#widen(entry, keyOffset, keyLength, hash);
      if (entry === 0) return false;
    }
    this.#writeDeadline(entry, hash, low, high);
    return true;
  }

  /** Deadline of an entry in milliseconds since the epoch, 0 = none. Exact below 2^53. */
  deadlineMs(reference: number): number {
    return readDeadlineMs(this.arena.words[reference >>> BANK_SHIFT]!, wordIndexOf(reference));
  }

  /** The deadline's words, for arithmetic beyond 2^53. */
  deadlineWord(reference: number, index: 0 | 1): number {
    return this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference) + 2 + index]!;
  }

  /** Value length of an entry in bytes. */
  valueLength(reference: number): number {
    return this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference) + 1]!;
  }

  /** Offset of an entry's value in the area of its bank. */
  valueOffset(reference: number): number {
    const header = this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    return byteOffsetOf(reference) + valueOffsetIn(header);
  }

  /** The area that an entry's value lies in. */
  area(reference: number): ByteArea {
    return this.arena.areas[reference >>> BANK_SHIFT]!;
  }

  keyLength(reference: number): number {
    const header = this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    return header & KEY_LENGTH_MASK;
  }

  keyOffset(reference: number): number {
    const header = this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    return byteOffsetOf(reference) + keyOffsetIn(header);
  }

  /** Whether the entry's deadline has passed; it may still be in its table. */
  hasExpired(reference: number): boolean {
    return this.#isExpired(this.arena.words[reference >>> BANK_SHIFT]!, wordIndexOf(reference));
  }

  /** Ends a pin that `pins.pin` began. */
  unpin(reference: number): void {
    if (this.pins.unpin(reference)) this.heap.free(reference);
  }

  /**
   * Work between turns: expired keys, memory for the system. At most one slice of about half a
   * millisecond. False when there is nothing left to do for now.
   */
  runMaintenance(): boolean {
    this.expiry.advance(this.nowMs, this.deadlineCount);
    if (this.expiry.hasPending) {
      const startMs = this.slices.begin();
      do {
        const count = this.expiry.peekHashes(this.#touchHashes);
        this.segments.candidates.touchSlots(this.#touchHashes, count);
        this.segments.candidates.find(this.#touchHashes, this.#touchReferences, 0, count);
        this.segments.candidates.touchEntries(this.#touchReferences, count);
      } while (this.expiry.runSlice() && this.slices.begin() - startMs < SLICE_BUDGET_MS);
      this.slices.end(SLICE.EXPIRE, startMs);
      return true;
    }
    const startMs = this.slices.begin();
    const hasReleased = this.pool.releaseSome(RELEASE_PAGES_PER_SLICE);
    if (hasReleased) this.slices.end(SLICE.RELEASE, startMs);
    return hasReleased;
  }

  /** ExpiryTarget: the pair's turn has come. */
  expire(hash: number, tag: number, low: number, high: number): void {
    const reference = this.#findByDeadline(hash, tag, low, high, -1);
    if (reference === 0) return;
    this.#removeFound(reference, hash);
    this.expiredCount++;
  }

  /** ExpiryTarget: whether the pair is still true, and the only one of its entry. */
  claim(hash: number, tag: number, low: number, high: number, mark: number): boolean {
    const reference = this.#findByDeadline(hash, tag, low, high, mark === 0 ? 0 : FLAG_SWEPT);
    if (reference === 0) return false;
    this.#setMark(reference, mark);
    return true;
  }

  /** Bytes of the arena in use, by purpose, and of pages in use beyond that. */
  memoryBytes(): { entries: number; slots: number; expiry: number; unused: number } {
    const entries = this.heap.liveBytes(PURPOSE.ENTRY);
    const slots = this.heap.liveBytes(PURPOSE.TABLE);
    const expiry = this.heap.liveBytes(PURPOSE.EXPIRY);
    const taken = this.pool.takenCount * PAGE_SIZE;
    return { entries, slots, expiry, unused: taken - entries - slots - expiry };
  }

  #findByDeadline(hash: number, tag: number, low: number, high: number, flag: number): number {
    this.#wantedLow = low;
    this.#wantedHigh = high;
    this.#unwantedFlag = flag;
    return this.segments.findByTag(hash, tag, this.#hasWantedDeadline);
  }

  readonly #hasWantedDeadline = (reference: number): boolean => {
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    return (
      (words[word]! & FLAG_DEADLINE) !== 0 &&
      words[word + 2] === this.#wantedLow &&
      words[word + 3] === this.#wantedHigh &&
      (words[word]! & FLAG_SWEPT) !== this.#unwantedFlag
    );
  };

  #noteRetagged(reference: number, hash: number, tag: number): void {
    if (this.deadlineMs(reference) === 0) return;
    const low = this.deadlineWord(reference, 0);
    const high = this.deadlineWord(reference, 1);
    if (!this.expiry.ensureRoom()) return;
    this.expiry.add(hash, tag, low, high);
    // Not by the reference: making room may have moved the entry.
    this.claim(hash, tag, low, high, this.expiry.mark);
  }

  /** Notes which sweep of the expiry index has met the entry's pair. */
  #setMark(reference: number, mark: number): void {
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    words[word] = mark === 0 ? words[word]! & ~FLAG_SWEPT : words[word]! | FLAG_SWEPT;
  }

  #isExpired(words: Int32Array, word: number): boolean {
    const deadlineMs = readDeadlineMs(words, word);
    return deadlineMs !== 0 && deadlineMs <= this.nowMs;
  }

  #hasDeadlinePlace(reference: number): boolean {
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    return (words[wordIndexOf(reference)]! & FLAG_DEADLINE) !== 0;
  }

  /** Removes the entry that has just been found if its deadline has passed; 0 then. */
  #removeExpired(reference: number, hash: number): number {
    if (!this.hasExpired(reference)) return reference;
    this.#removeFound(reference, hash);
    this.expiredCount++;
    return 0;
  }

  /** Whether an entry can be written over with a value of this length. */
  #fitsInPlace(
    reference: number,
    valueLength: number,
    wantsDeadline: boolean,
    slack = IN_PLACE_SLACK,
  ): boolean {
    const header = this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    if ((header & FLAG_PINNED) !== 0) return false;
    if (wantsDeadline && (header & FLAG_DEADLINE) === 0) return false;
    return fitsBlock(header, valueLength, slack);
  }

  /** A new block, linked under the key with header and key written; 0 when memory is full. */
  #place(
    keyOffset: number,
    keyLength: number,
    hash: number,
    valueLength: number,
    hasDeadline: boolean,
    isReplacing: boolean,
  ): number {
    const source = this.#source;
    const size = entrySize(keyLength, valueLength, hasDeadline);
    if (size > BLOCK_SIZE_MAX) return 0;
    const view = source.view;
    if (!isReplacing && !this.segments.ensureSlot(view, keyOffset, keyLength, hash)) return 0;
    const classIndex = classOfSize(size);
    const movedCount = this.compactor.movedCount;
    const reference = this.heap.allocate(PURPOSE.ENTRY, classIndex);
    if (reference === 0) return 0;
    // The compactor moves entries and asks the segments about them on the way.
    const hasMoved = movedCount !== this.compactor.movedCount;
    if (isReplacing) {
      const old = this.segments.find(view, keyOffset, keyLength, hash);
      this.#forget(old);
      this.segments.relink(reference);
    } else {
      if (hasMoved) this.segments.find(view, keyOffset, keyLength, hash);
      this.segments.link(hash, reference);
    }
    writeEntry(this.arena, reference, classIndex, source, keyOffset, keyLength, 0, hasDeadline);
    if (hasDeadline) this.#clearDeadlineWords(reference);
    return reference;
  }

  /** Moves an entry to a block with room for a deadline; 0 when memory is full. */
  #widen(old: number, keyOffset: number, keyLength: number, hash: number): number {
    const valueLength = this.valueLength(old);
    // A pin keeps the old block readable while its successor is filled.
    this.pins.pin(old);
    const reference = this.#place(keyOffset, keyLength, hash, valueLength, true, true);
    if (reference !== 0) {
      const from = this.area(old);
      copyBytes(
        from,
        this.valueOffset(old),
        this.area(reference),
        this.valueOffset(reference),
        valueLength,
      );
      this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference) + 1] = valueLength;
    }
    this.unpin(old);
    return reference;
  }

  #clearDeadlineWords(reference: number): void {
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    words[word + 2] = 0;
    words[word + 3] = 0;
  }

  #writeValue(reference: number, valueOffset: number, valueLength: number): void {
    const bank = reference >>> BANK_SHIFT;
    const words = this.arena.words[bank]!;
    const word = wordIndexOf(reference);
    words[word + 1] = valueLength;
    const target = (word << 2) + valueOffsetIn(words[word]!);
    copyBytes(this.#source, valueOffset, this.arena.areas[bank]!, target, valueLength);
  }

  /** Sets or clears the deadline of an entry that has the place for it, and reminds the index. */
  #writeDeadline(reference: number, hash: number, low: number, high: number): void {
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    const hadDeadline = (words[word + 2]! | words[word + 3]!) !== 0;
    const hasDeadline = (low | high) !== 0;
    const isSame = words[word + 2] === low && words[word + 3] === high;
    words[word + 2] = low;
    words[word + 3] = high;
    this.deadlineCount += Number(hasDeadline) - Number(hadDeadline);
    if (!hasDeadline || isSame) return;
    this.expiry.add(hash, this.segments.tag, low, high);
    this.#setMark(reference, this.expiry.mark);
  }

  #removeFound(reference: number, hash: number): void {
    // The block first: unlinking may shrink the table and so compact, which moves what is not free.
    this.#forget(reference);
    this.segments.remove(hash);
  }

  /** Frees the block of an entry that is being unlinked, now or with its last pin. */
  #forget(reference: number): void {
    const words = this.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    if (readDeadlineMs(words, word) !== 0) this.deadlineCount--;
    if ((words[word]! & FLAG_PINNED) !== 0) this.pins.orphan(reference);
    else this.heap.free(reference);
  }
}
