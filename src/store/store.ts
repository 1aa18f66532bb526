// The keyspace of one data thread: keys to values with deadlines, in memory reserved at start.
// Stands between the commands and the structures below it, and holds the rules they share:
//
//   find        ─▶ Segments      key → slot → entry
//   set, remove ─▶ EntryBlocks   the block that an entry lies in, and its slot
//               ─▶ Deadlines     in the entry, and in the index that reminds of it
//   maintenance ─▶ Maintenance   what is due, and memory for the system
//
// Keys and values come as offsets into `source`, the receive windows. The entry a method returns is
// a reference that holds until the next call that writes.
//
// Order of every write: room in the expiry index, room in the table, a block, and only then the
// change, so that a refused write has changed nothing.

import type { ByteArea } from "../lib/byte-area.ts";
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
import { Deadlines } from "./deadlines.ts";
import { EntryBlocks } from "./entry-blocks.ts";
import {
  FLAG_DEADLINE,
  KEY_LENGTH_MASK,
  keyOffsetIn,
  readDeadlineMs,
  valueOffsetIn,
} from "./entry.ts";
import type { ExpiryIndex } from "./expiry-index.ts";
import { Maintenance } from "./maintenance.ts";
import { PagePool, type ReleasePage } from "./page-pool.ts";
import { Pins } from "./pins.ts";
import { Segments } from "./segments.ts";
import { WorkSlices } from "./work-slices.ts";

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

export class Store {
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

  readonly #sourceView: DataView;
  readonly #blocks: EntryBlocks;
  readonly #deadlines: Deadlines;
  readonly #maintenance: Maintenance;

  constructor(buffers: StoreBuffers, source: ByteArea, clock: Clock, options: StoreOptions) {
    const layout = layOutControl(buffers.arena.pageCount, buffers.segmentBits);
    const control = new Int32Array(buffers.control);
    this.#sourceView = source.view;
    this.nowMs = clock.nowMs();
    this.arena = new Arena(buffers.arena);
    this.slices = new WorkSlices(clock);
    this.pool = new PagePool(control, layout, options.releasePage, options.wantMemory);
    this.heap = new BlockHeap(this.arena, control, layout, this.pool);
    const { slotsLog2Min, slotsLog2Max } = options;
    const [seed, ...strongKey] = options.seeds;
    const tables = { seed, strongKey, slotsLog2Min, slotsLog2Max };
    this.segments = new Segments(this.arena, control, layout, this.heap, this.slices, tables);
    this.pins = new Pins(this.arena);
    this.compactor = new Compactor(this.arena, this.heap, this.segments, this.slices);
    this.heap.onExhausted(() => this.compactor.reclaimPage());
    const { arena, heap, segments, pins, compactor } = this;
    this.#blocks = new EntryBlocks({ arena, heap, segments, pins, compactor }, source);
    this.#deadlines = new Deadlines(arena, heap, segments, this.#blocks, this.nowMs);
    this.expiry = this.#deadlines.index;
    this.#maintenance = new Maintenance(this.expiry, segments, this.pool, this.slices);
  }

  /** Keys, expired ones that nobody has met yet included. */
  get keyCount(): number {
    return this.segments.keyCount;
  }

  /** Entries that have a deadline. */
  get deadlineCount(): number {
    return this.#blocks.deadlineCount;
  }

  /** Entries removed because their deadline had passed. */
  get expiredCount(): number {
    return this.#deadlines.expiredCount;
  }

  hashOf(keyOffset: number, keyLength: number): number {
    return this.segments.hashOf(this.#sourceView, keyOffset, keyLength);
  }

  /** The entry of a key that has not expired, 0 = none. Removes an expired one. */
  find(keyOffset: number, keyLength: number, hash: number): number {
    const reference = this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
    if (reference === 0 || !this.hasExpired(reference)) return reference;
    this.#deadlines.remove(reference, hash);
    return 0;
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
    const blocks = this.#blocks;
    const hasDeadline = (low | high) !== 0;
    if (hasDeadline && !this.expiry.ensureRoom()) return 0;
    let reference = this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
    if (reference === 0 || !blocks.fitsInPlace(reference, valueLength, hasDeadline)) {
      const isReplacing = reference !== 0;
      reference = blocks.place(keyOffset, keyLength, hash, valueLength, hasDeadline, isReplacing);
      if (reference === 0 && isReplacing) {
        // No memory for a block of the right size: one that wastes room holds a shorter value.
        reference = this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
        if (!blocks.fitsInPlace(reference, valueLength, hasDeadline, Infinity)) reference = 0;
      }
      if (reference === 0) return 0;
    }
    blocks.writeValue(reference, valueOffset, valueLength);
    if (hasDeadline || this.#hasDeadlinePlace(reference)) {
      this.#deadlines.write(reference, hash, low, high);
    }
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
    if (this.#blocks.fitsInPlace(reference, valueLength, false)) {
      this.#blocks.writeValue(reference, valueOffset, valueLength);
      return reference;
    }
    const hasPlace = this.#hasDeadlinePlace(reference);
    const low = hasPlace ? this.deadlineWord(reference, 0) : 0;
    const high = hasPlace ? this.deadlineWord(reference, 1) : 0;
    return this.set(keyOffset, keyLength, hash, valueOffset, valueLength, low, high);
  }

  /** Removes a key. False when there was none, or an expired one. */
  remove(keyOffset: number, keyLength: number, hash: number): boolean {
    const reference = this.find(keyOffset, keyLength, hash);
    if (reference === 0) return false;
    this.#blocks.remove(reference, hash);
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
      if (hasPlace) this.#deadlines.write(reference, hash, 0, 0);
      return true;
    }
    if (!this.expiry.ensureRoom()) return false;
    // Making room may have moved the entry.
    let entry = this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
    if (!hasPlace) {
      entry = this.#blocks.widen(entry, keyOffset, keyLength, hash);
      if (entry === 0) return false;
    }
    this.#deadlines.write(entry, hash, low, high);
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
    return byteOffsetOf(reference) + valueOffsetIn(this.#header(reference));
  }

  /** The area that an entry's value lies in. */
  area(reference: number): ByteArea {
    return this.arena.areas[reference >>> BANK_SHIFT]!;
  }

  keyLength(reference: number): number {
    return this.#header(reference) & KEY_LENGTH_MASK;
  }

  keyOffset(reference: number): number {
    return byteOffsetOf(reference) + keyOffsetIn(this.#header(reference));
  }

  /** Whether the entry's deadline has passed; it may still be in its table. */
  hasExpired(reference: number): boolean {
    const deadlineMs = this.deadlineMs(reference);
    return deadlineMs !== 0 && deadlineMs <= this.nowMs;
  }

  /** Ends a pin that `pins.pin` began. */
  unpin(reference: number): void {
    this.#blocks.unpin(reference);
  }

  /**
   * Work between turns: expired keys, memory for the system. At most one slice of about half a
   * millisecond. False when there is nothing left to do for now.
   */
  runMaintenance(): boolean {
    return this.#maintenance.run(this.nowMs, this.deadlineCount);
  }

  /** Bytes of the arena in use, by purpose, and of pages in use beyond that. */
  memoryBytes(): { entries: number; slots: number; expiry: number; unused: number } {
    const entries = this.heap.liveBytes(PURPOSE.ENTRY);
    const slots = this.heap.liveBytes(PURPOSE.TABLE);
    const expiry = this.heap.liveBytes(PURPOSE.EXPIRY);
    const taken = this.pool.takenCount * PAGE_SIZE;
    return { entries, slots, expiry, unused: taken - entries - slots - expiry };
  }

  #hasDeadlinePlace(reference: number): boolean {
    return (this.#header(reference) & FLAG_DEADLINE) !== 0;
  }

  #header(reference: number): number {
    return this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
  }
}
