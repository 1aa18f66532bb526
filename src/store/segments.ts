// Finds the slot of a key, from its hash:
//
//   hash  | segment (10)                |            ...           | slot (6–13) |
//         | place in the directory (10–19) |
//
//   directory ──▶ table word ──▶ slots ──▶ entry
//
// A table doubles until it has 2^slotsLog2Max slots, half a page; then it splits in two, which the
// directory tells apart by one more bit (table-directory.ts). So no step of growth ever handles
// more than one table, and no block is larger than a page, however many keys there are. A table
// belongs to one segment, the unit of locking and of the log.
//
// One database at a time is current: keys are found and linked in it. What starts from an entry
// goes by the entry's own (database.ts).
//
// A STRONG table: so many keys share their hash, or lie so far from home, that only somebody who
// builds them can be the reason (XXH32 has collisions that hold for every seed). Its place then
// leads to a directory of its own, ordered by HalfSipHash, and the slots hold that hash: the flood
// spreads like any other keys, and only its own keys pay for the second hash.

import { assert } from "../lib/assert.ts";
import { BANK_MASK, BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import type { BlockHeap } from "./block-heap.ts";
import { createCandidates, type Candidates } from "./candidates.ts";
import type { ControlLayout } from "./control-memory.ts";
import { EntryWalk, type EntryVisitor } from "./entry-walk.ts";
import { DATABASE_COUNT, databaseOf, databaseSeed } from "./database.ts";
import { DATABASE_SHIFT, KEY_LENGTH_MASK, hasKey, keyOffsetIn } from "./entry.ts";
import { halfSipHash } from "./half-siphash.ts";
import { KeyScan } from "./key-scan.ts";
import { SegmentHeaders } from "./segment-headers.ts";
import type { StoreLocks } from "./store-locks.ts";
import { PROBE_LENGTH_MAX, SLOT_WORDS, findReference, maskOf, removeSlot } from "./slot-table.ts";
import { TableClearing } from "./table-clearing.ts";
import { LOG2_MASK, STRONG, TableDirectories, tableBegin } from "./table-directory.ts";
import { TableGrowth, type Retagged } from "./table-growth.ts";
import { TableShape, type TableSizes } from "./table-shape.ts";
import type { WorkSlices } from "./work-slices.ts";
import { xxHash32 } from "./xxhash32.ts";

/** From a probe: every slot within the bound is taken by other keys. */
const NO_SLOT = -(2 ** 31);

export interface SegmentOptions extends TableSizes {
  readonly seed: number;
  /** The key of HalfSipHash. */
  readonly strongKey: readonly [number, number];
}

export class Segments {
  // What the last `find` left behind; holds until the next change of any table.
  #directory = 0;
  #table = 0;
  /** Slot of the key, else the free slot it would take, else -1. */
  #slot = 0;
  /** The hash its slot has: the key's hash, or its strong hash in a strong directory. */
  #tag = 0;

  /** The current database as bits of an entry's header, and the seed of its hash. */
  #databaseBits = 0;
  #seed: number;

  /** The loops that run ahead of a batch. */
  readonly candidates: Candidates;
  readonly scan: KeyScan;
  readonly clearing: TableClearing;
  readonly #arena: Arena;
  readonly #banks: readonly Int32Array[];
  readonly #control: Int32Array;
  readonly #directories: TableDirectories;
  readonly #growth: TableGrowth;
  readonly #shape: TableShape;
  readonly #headers: SegmentHeaders;
  readonly #walk: EntryWalk;
  readonly #strongKey: readonly [number, number];
  readonly #seeds: Int32Array;
  // The main directory's place in control memory, for the hot path.
  readonly #main: number;
  readonly #mainBegin: number;
  #retagged: Retagged = () => {};

  constructor(
    arena: Arena,
    control: Int32Array,
    layout: ControlLayout,
    heap: BlockHeap,
    slices: WorkSlices,
    options: SegmentOptions,
    locks: StoreLocks | null = null,
  ) {
    assert(layout.segmentBits >= 1, "the main directory has two places or more");
    this.#arena = arena;
    this.#banks = arena.words;
    this.#control = control;
    this.#seeds = Int32Array.from({ length: DATABASE_COUNT }, (_, database) =>
      databaseSeed(options.seed, database),
    );
    this.#seed = this.#seeds[0]!;
    this.#strongKey = options.strongKey;
    this.#headers = new SegmentHeaders(control, layout);
    this.#directories = new TableDirectories(control, layout);
    this.#walk = new EntryWalk(arena, this.#directories);
    this.#growth = new TableGrowth(arena, heap, this.#directories, slices, locks);
    this.#shape = new TableShape(arena, this.#growth, options);
    this.scan = new KeyScan(arena, this.#directories);
    this.clearing = new TableClearing(
      arena,
      this.#directories,
      this.#growth,
      this.#shape,
      this.#headers,
    );
    this.#main = this.#directories.main;
    this.candidates = createCandidates(arena, control, this.#main, locks !== null);
    this.#mainBegin = this.#directories.tablesBegin(this.#main);
  }

  onRetagged(callback: Retagged): void {
    this.#retagged = callback;
  }

  get database(): number {
    return this.#databaseBits >>> DATABASE_SHIFT;
  }

  set database(database: number) {
    this.#databaseBits = database << DATABASE_SHIFT;
    this.#seed = this.#seeds[database]!;
  }

  /** The current database as bits of an entry's header. */
  get databaseBits(): number {
    return this.#databaseBits;
  }

  hashOf(view: DataView, keyOffset: number, keyLength: number): number {
    return xxHash32(view, keyOffset, keyLength, this.#seed);
  }

  /** The entry of a key, 0 = none. Remembers its slot, or the one it would take. */
  find(view: DataView, keyOffset: number, keyLength: number, hash: number): number {
    this.#directory = this.#main;
    // Its bits come first, and another thread may have doubled it.
    const shift = 32 - this.#control[this.#main]!;
    this.#table = this.#control[this.#mainBegin + (hash >>> shift)]!;
    this.#tag = hash;
    if ((this.#table & STRONG) !== 0) {
      this.#enterStrong(view, keyOffset, keyLength, hash, this.#databaseBits);
    }
    const table = this.#table;
    const slot = this.#probe(view, keyOffset, keyLength, table, this.#tag);
    this.#slot = slot >= 0 ? slot : slot === NO_SLOT ? -1 : ~slot;
    if (slot < 0) return 0;
    return this.#banks[table >>> BANK_SHIFT]![tableBegin(table) + slot + 1]!;
  }

  /**
   * Makes sure that the key `find` has just missed has a slot to go to. False when there is no
   * memory to grow; nothing has changed then but perhaps the shape of tables. May move entries.
   */
  ensureSlot(view: DataView, keyOffset: number, keyLength: number, hash: number): boolean {
    for (;;) {
      const count = this.#directories.countAt(this.#directory, this.#place());
      const isFull = this.#shape.isFull(this.#table, count);
      const isMain = this.#directory === this.#main;
      const hasSlot = !isFull && this.#slot >= 0;
      if (hasSlot && !isMain) return true;
      if (hasSlot && !this.#shape.isFlooded(this.#table, this.#tag, this.#slot)) return true;
      let grown = isFull || !isMain ? this.#grow() : this.#spread();
      this.find(view, keyOffset, keyLength, hash);
      // Only keys that were built to lie close leave no way to tell them apart by their hashes.
      if (!grown && isMain && isFull && this.#growth.isFlooded) {
        grown = this.#spread();
        this.find(view, keyOffset, keyLength, hash);
      }
      if (!grown) return false;
    }
  }

  /** Links a new entry at the slot that `ensureSlot`, or `find` after it, has left. */
  link(hash: number, reference: number): void {
    this.#writeSlot(this.#table, this.#slot, this.#tag, reference);
    this.#count(1, hash);
  }

  /** Makes the slot that `find` has just found refer to another entry of the same key. */
  relink(reference: number): void {
    this.#writeSlot(this.#table, this.#slot, this.#tag, reference);
  }

  /** Unlinks the key that `find` has just found. */
  remove(hash: number): void {
    const words = this.#arena.words[this.#table >>> BANK_SHIFT]!;
    const mask = maskOf(this.#table & LOG2_MASK);
    removeSlot(words, tableBegin(this.#table), mask, this.#slot);
    const count = this.#count(-1, hash);
    if (!this.#shape.isSparse(this.#table, count)) return;
    this.#shape.shrink(this.#directory, this.#place(), this.#table);
  }

  /** The hash of an entry's key. */
  hashOfEntry(reference: number): number {
    const word = wordIndexOf(reference);
    const header = this.#arena.words[reference >>> BANK_SHIFT]![word]!;
    const { view } = this.#arena.areas[reference >>> BANK_SHIFT]!;
    const seed = this.#seeds[databaseOf(header)]!;
    return xxHash32(view, (word << 2) + keyOffsetIn(header), header & KEY_LENGTH_MASK, seed);
  }

  /** Finds the slot of an entry by its identity; afterwards `relink` applies to it. */
  findEntry(reference: number): void {
    const area = this.#arena.areas[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    const header = this.#arena.words[reference >>> BANK_SHIFT]![word]!;
    const keyOffset = (word << 2) + keyOffsetIn(header);
    const keyLength = header & KEY_LENGTH_MASK;
    const hash = this.hashOfEntry(reference);
    this.#directory = this.#main;
    this.#tag = hash;
    const place = this.#directories.placeOf(this.#main, hash);
    this.#table = this.#directories.tableAt(this.#main, place);
    if ((this.#table & STRONG) !== 0) {
      this.#enterStrong(area.view, keyOffset, keyLength, hash, header);
    }
    const words = this.#arena.words[this.#table >>> BANK_SHIFT]!;
    const mask = maskOf(this.#table & LOG2_MASK);
    this.#slot = findReference(words, tableBegin(this.#table), mask, this.#tag, reference);
    assert(this.#slot >= 0, "an entry that is alive has a slot");
  }

  /**
   * Asks about every entry whose slot has the hash until one `matches`; that entry is the answer
   * (0 = none) and can be unlinked with `remove`. `tag` is the hash its slot had when noted.
   */
  findByTag(hash: number, tag: number, matches: (reference: number) => boolean): number {
    let directory = this.#main;
    let place = this.#directories.placeOf(directory, hash);
    if ((this.#directories.tableAt(directory, place) & STRONG) !== 0) {
      directory = this.#directories.countAt(directory, place);
      place = this.#directories.placeOf(directory, tag);
    }
    const table = this.#directories.tableAt(directory, place);
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const mask = maskOf(table & LOG2_MASK);
    let slot = (tag << 1) & mask;
    for (let probes = 0; probes < PROBE_LENGTH_MAX; probes++) {
      const reference = words[begin + slot + 1]!;
      if (reference === 0) return 0;
      if (words[begin + slot] === tag && matches(reference)) {
        this.#directory = directory;
        this.#table = table;
        this.#slot = slot;
        this.#tag = tag;
        return reference;
      }
      slot = (slot + SLOT_WORDS) & mask;
    }
    return 0;
  }

  /** The hash that the slot found last has: the key's hash, or its strong hash. */
  get tag(): number {
    return this.#tag;
  }

  /** Keys in all segments, expired ones that nobody has met yet included. */
  get keyCount(): number {
    return this.#headers.keyCount;
  }

  get segmentCount(): number {
    return this.#headers.count;
  }

  /** Calls `visit` for each entry of a segment until it answers false; false then. */
  forEachEntry(segment: number, visit: EntryVisitor): boolean {
    const placeBits = this.#directories.bits(this.#main) - this.#headers.bits;
    const first = segment << placeBits;
    return this.#walk.run(this.#main, first, first + (1 << placeBits), visit);
  }

  /**
   * Sets directory, table and tag for a key whose hash leads to a strong directory; `header` has
   * the bits of its database.
   */
  #enterStrong(
    view: DataView,
    keyOffset: number,
    keyLength: number,
    hash: number,
    header: number,
  ): void {
    const directories = this.#directories;
    this.#directory = directories.countAt(this.#main, directories.placeOf(this.#main, hash));
    const [key0, key1] = this.#strongKey;
    const seed = databaseSeed(key0, databaseOf(header));
    this.#tag = halfSipHash(view, keyOffset, keyLength, seed, key1);
    const place = directories.placeOf(this.#directory, this.#tag);
    this.#table = directories.tableAt(this.#directory, place);
  }

  /**
   * The slot of a key in a table, or the complement of the free slot that ends its run, or NO_SLOT.
   * Reads only; the loop that every request goes through.
   */
  #probe(view: DataView, keyOffset: number, keyLength: number, table: number, tag: number): number {
    const banks = this.#banks;
    const words = banks[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const mask = maskOf(table & LOG2_MASK);
    const databaseBits = this.#databaseBits;
    let slot = (tag << 1) & mask;
    for (let probes = 0; probes < PROBE_LENGTH_MAX; probes++) {
      const reference = words[begin + slot + 1]!;
      if (reference === 0) return ~slot;
      if (words[begin + slot] === tag) {
        const entryWords = banks[reference >>> BANK_SHIFT]!;
        const word = (reference & BANK_MASK) << 1;
        if (hasKey(entryWords, word, view, keyOffset, keyLength, databaseBits)) return slot;
      }
      slot = (slot + SLOT_WORDS) & mask;
    }
    return NO_SLOT;
  }

  /** Place of the table found last. */
  #place(): number {
    return this.#directories.placeOf(this.#directory, this.#tag);
  }

  #writeSlot(table: number, slot: number, tag: number, reference: number): void {
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const at = tableBegin(table) + slot;
    words[at] = tag;
    words[at + 1] = reference;
  }

  /** Counts a key more or less in the table found last and in its segment; the table's count. */
  #count(change: number, hash: number): number {
    this.#headers.countKeys(hash, change);
    return this.#directories.addCount(this.#directory, this.#place(), change);
  }

  /** Gives the table found last room for one more key. */
  #grow(): boolean {
    return this.#shape.grow(this.#directory, this.#place(), this.#table, this.#tag);
  }

  /** Reorders the flooded table found last by the strong hash. */
  #spread(): boolean {
    return this.#growth.spread(this.#main, this.#place(), this.#strongKey, this.#retagged);
  }
}
