// The keyspace of one data thread: keys to values with deadlines, in memory reserved at start.
// Stands between the commands and the structures below it, and holds the rules they share:
//
//   find        ─▶ Segments      key → slot → entry
//   set, remove ─▶ EntryBlocks   the block that an entry lies in, and its slot
//               ─▶ Values        its value, there or in Pieces
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
import { Arena, PAGE_SIZE } from "./arena.ts";
import { BlockHeap } from "./block-heap.ts";
import { Compactor } from "./compactor.ts";
import { COUNT_WORDS, layOutControl } from "./control-memory.ts";
import { Deadlines } from "./deadlines.ts";
import { EntryBlocks, needsPieces } from "./entry-blocks.ts";
import { DATABASE_SHIFT } from "./entry.ts";
import { EntryReader } from "./entry-reader.ts";
import type { ExpiryIndex } from "./expiry-index.ts";
import { Maintenance } from "./maintenance.ts";
import { measureMemory, type MemoryBytes } from "./memory-bytes.ts";
import { PagePool, type ReleasePage } from "./page-pool.ts";
import { Pieces, emptyChain, type PieceChain } from "./pieces.ts";
import { Pins } from "./pins.ts";
import { Segments } from "./segments.ts";
import { ALL_DATABASES } from "./table-clearing.ts";
import type { StoreBuffers } from "./store-buffers.ts";
import { StoreLocks } from "./store-locks.ts";
import { Values } from "./values.ts";
import type { WriteLog } from "./write-log.ts";
import { Watches } from "./watches.ts";
import { WorkSlices } from "./work-slices.ts";

export interface StoreOptions {
  /** Seeds of the two hashes: three random 32-bit integers. */
  readonly seeds: readonly [number, number, number];
  readonly slotsLog2Min: number;
  readonly slotsLog2Max: number;
  readonly releasePage: ReleasePage;
  /** Called when the store comes nearer to memory that is not committed (commit-ahead.ts). */
  readonly wantMemory?: () => void;
  /** Whether several threads share the store: each takes locks then (store-locks.ts). */
  readonly isShared?: boolean;
}

/** What hasRoomFor asks for: size classes waste at most half, a growing table takes two pages. */
const ROOM = { factor: 2, perEntry: 64, pagesMin: 4 } as const;

export class Store extends EntryReader {
  readonly pool: PagePool;
  readonly heap: BlockHeap;
  readonly segments: Segments;
  readonly slices: WorkSlices;
  readonly pins: Pins;
  readonly pieces: Pieces;
  readonly values: Values;
  readonly watches: Watches;
  readonly expiry: ExpiryIndex;
  readonly compactor: Compactor;
  /** What a thread takes before it calls any method here; null = there is one thread. */
  readonly locks: StoreLocks | null;
  /** Told of every write; null = nobody wants to know. */
  writeLog: WriteLog | null = null;
  /** Whether keys are removed when they expire, or only when somebody asks for them. */
  isExpiryActive = true;
  /** Time of the turn in milliseconds since the epoch; what deadlines are compared with. */
  nowMs: number;

  readonly #source: ByteArea;
  readonly #sourceView: DataView;
  readonly #blocks: EntryBlocks;
  readonly #deadlines: Deadlines;
  readonly #maintenance: Maintenance;

  constructor(buffers: StoreBuffers, source: ByteArea, clock: Clock, options: StoreOptions) {
    super(new Arena(buffers.arena));
    const layout = layOutControl(buffers.arena.pageCount, buffers.segmentBits);
    const control = new Int32Array(buffers.control);
    const locks = options.isShared === true ? new StoreLocks(control, layout) : null;
    this.locks = locks;
    this.#source = source;
    this.#sourceView = source.view;
    this.nowMs = clock.nowMs();
    this.slices = new WorkSlices(clock);
    this.pool = new PagePool(control, layout, options.releasePage, options.wantMemory);
    this.heap = new BlockHeap(this.arena, control, layout, this.pool);
    const [seed, ...strongKey] = options.seeds;
    const tables = { ...options, seed, strongKey };
    const { arena, heap, slices } = this;
    this.segments = new Segments(arena, control, layout, heap, slices, tables, locks);
    const shared = locks === null ? null : { control, layout, locks };
    this.pins = new Pins(this.arena, shared && { ...shared, segments: this.segments });
    this.pieces = new Pieces(this.arena, this.heap, this.pool);
    this.values = new Values(this.arena, this.pieces);
    this.watches = new Watches(this.arena, this.segments, source, shared);
    this.compactor = new Compactor(this.arena, this.heap, this.segments, this.slices, locks);
    this.heap.onExhausted(() => this.compactor.reclaimPage());
    const { segments } = this;
    const counts = control.subarray(layout.countsBegin, layout.countsBegin + COUNT_WORDS);
    this.#blocks = new EntryBlocks(this, source, counts);
    this.#deadlines = new Deadlines(arena, heap, segments, this.#blocks, this.nowMs, locks);
    this.expiry = this.#deadlines.index;
    this.#maintenance = new Maintenance(this.expiry, segments, this.pool, this.slices, locks);
  }

  /** The database that keys belong to; v1 is always in database 0. */
  get database(): number {
    return this.segments.database;
  }

  set database(database: number) {
    this.segments.database = database;
  }

  /**
   * Whether there surely is memory for that many new entries with that many bytes of keys and
   * values, fragments and table growth included.
   */
  hasRoomFor(count: number, bytes: number): boolean {
    const wanted = ROOM.factor * (bytes + count * ROOM.perEntry);
    return this.pool.availableCount >= ROOM.pagesMin + Math.ceil(wanted / PAGE_SIZE);
  }

  /** Keys of one database, expired ones that nobody has met yet included. */
  keyCountIn(database: number): number {
    return this.#blocks.keyCounts[database]!;
  }

  /** Entries of one database that have a deadline. */
  deadlineCountIn(database: number): number {
    return this.#blocks.deadlineCounts[database]!;
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

  /** The entry of a key, which may have expired, 0 = none. Changes nothing. */
  peek(keyOffset: number, keyLength: number, hash: number): number {
    return this.segments.find(this.#sourceView, keyOffset, keyLength, hash);
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
    if (needsPieces(keyLength, valueLength, (low | high) !== 0)) {
      const value = this.#source.bytes.subarray(valueOffset, valueOffset + valueLength);
      return this.setBytes(keyOffset, keyLength, hash, value, low, high);
    }
    const reference = this.#prepare(keyOffset, keyLength, hash, valueLength, low, high);
    if (reference === 0) return 0;
    this.#blocks.writeValue(reference, valueOffset, valueLength);
    this.writeLog?.wrote(reference, hash);
    return reference;
  }

  /** The same with a value that lies anywhere but in the arena. */
  setBytes(
    keyOffset: number,
    keyLength: number,
    hash: number,
    value: Uint8Array,
    low: number,
    high: number,
  ): number {
    if (needsPieces(keyLength, value.length, (low | high) !== 0)) {
      const chain = emptyChain();
      if (!this.pieces.append(chain, value)) return 0;
      const reference = this.setChain(keyOffset, keyLength, hash, chain, low, high);
      if (reference === 0) this.pieces.give(chain);
      return reference;
    }
    const reference = this.#prepare(keyOffset, keyLength, hash, value.length, low, high);
    if (reference === 0) return 0;
    this.values.setInline(reference, value);
    this.writeLog?.wrote(reference, hash);
    return reference;
  }

  /**
   * The same with a value in pieces: they become the entry's, or are given back when it needs none,
   * and the chain is empty then. When memory is full, they are still the caller's.
   */
  setChain(
    keyOffset: number,
    keyLength: number,
    hash: number,
    chain: PieceChain,
    low: number,
    high: number,
  ): number {
    const reference = this.#prepare(keyOffset, keyLength, hash, chain.length, low, high);
    if (reference === 0) return 0;
    if (needsPieces(keyLength, chain.length, (low | high) !== 0)) {
      this.values.setChain(reference, chain);
      Object.assign(chain, emptyChain());
    } else {
      this.values.setInline(reference, this.pieces.bytesOfOne(chain));
      this.pieces.give(chain);
    }
    this.writeLog?.wrote(reference, hash);
    return reference;
  }

  /**
   * Writes over a value that allows it (`values.canOverwrite`) from `position` on; it grows when it
   * ends before, with zeros in between if need be. False when memory is full, as with `set`.
   */
  overwrite(reference: number, position: number, source: Uint8Array): boolean {
    // Taking pages may move what is not pinned.
    this.pins.pin(reference);
    const chain = this.values.chain(reference);
    const hasRoom = this.pieces.overwrite(chain, position, source);
    if (hasRoom) {
      this.values.setChain(reference, chain);
      this.watches.noteEntry(reference);
    }
    this.unpin(reference);
    if (hasRoom) this.writeLog?.wrote(reference, this.segments.hashOfEntry(reference));
    return hasRoom;
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
      this.watches.noteEntry(reference);
      this.writeLog?.wrote(reference, hash);
      return reference;
    }
    const hasPlace = this.hasDeadlinePlace(reference);
    const low = hasPlace ? this.deadlineWord(reference, 0) : 0;
    const high = hasPlace ? this.deadlineWord(reference, 1) : 0;
    return this.set(keyOffset, keyLength, hash, valueOffset, valueLength, low, high);
  }

  /** Removes a key. False when there was none, or an expired one. */
  remove(keyOffset: number, keyLength: number, hash: number): boolean {
    const reference = this.find(keyOffset, keyLength, hash);
    if (reference === 0) return false;
    this.#blocks.remove(reference, hash);
    this.writeLog?.removed(keyOffset, keyLength, hash);
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
    const hasPlace = this.hasDeadlinePlace(reference);
    if ((low | high) === 0) {
      if (this.deadlineMs(reference) === 0) return true;
      this.watches.noteEntry(reference);
      this.#deadlines.write(reference, hash, 0, 0);
      this.writeLog?.wrote(reference, hash);
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
    this.watches.note(entry, keyOffset, keyLength);
    this.writeLog?.wrote(entry, hash);
    return true;
  }

  /** Removes the keys of a database, or of all. What is being sent of them lasts until it is. */
  flush(database: number | null): void {
    this.watches.noteFlush(database);
    const isAll = database === null || this.keyCountIn(database) === this.keyCount;
    const bits = isAll ? ALL_DATABASES : database << DATABASE_SHIFT;
    this.segments.clearing.run(bits, (reference) => this.#blocks.forget(reference));
    this.writeLog?.flushed(database);
  }

  /** Whether the entry's deadline has passed; it may still be in its table. */
  hasExpired(reference: number): boolean {
    const deadlineMs = this.deadlineMs(reference);
    return deadlineMs !== 0 && deadlineMs <= this.nowMs;
  }

  /** Ends a pin that `pins.pin` began. Needs no lock. */
  unpin(reference: number): void {
    this.locks?.enter();
    this.#blocks.unpin(reference);
    this.locks?.leave();
  }

  /**
   * Work between turns: expired keys, memory for the system. At most one slice of about half a
   * millisecond. False when there is nothing left to do for now.
   */
  runMaintenance(): boolean {
    return this.#maintenance.run(this.nowMs, this.deadlineCount, this.isExpiryActive);
  }

  /** Bytes of the arena in use, by purpose, and of pages in use beyond that. */
  memoryBytes(): MemoryBytes {
    return measureMemory(this.heap, this.pieces, this.pool);
  }

  /**
   * The entry of a key with room for a value of this length, and with its deadline; the value's
   * bytes are to be written. 0 when memory is full; nothing has changed then.
   */
  #prepare(
    keyOffset: number,
    keyLength: number,
    hash: number,
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
    if (hasDeadline || this.hasDeadlinePlace(reference)) {
      this.#deadlines.write(reference, hash, low, high);
    }
    this.watches.note(reference, keyOffset, keyLength);
    return reference;
  }
}
