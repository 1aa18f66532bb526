// Changes the shape of tables: doubles and halves them, splits full-size ones in two, and reorders
// flooded ones by the strong hash (what these mean: segments.ts). Each call handles one table,
// which is what bounds it: 8192 slots take about a quarter of a millisecond.

import { assert } from "../lib/assert.ts";
import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { PURPOSE, type BlockHeap } from "./block-heap.ts";
import { databaseOf, databaseSeed } from "./database.ts";
import { KEY_LENGTH_MASK, keyOffsetIn } from "./entry.ts";
import { halfSipHash } from "./half-siphash.ts";
import { classOfSize } from "./size-class.ts";
import {
  SLOT_SIZE,
  SLOT_WORDS,
  findFreeSlot,
  maskOf,
  redistribute,
  type SlotTarget,
} from "./slot-table.ts";
import {
  LOG2_MASK,
  STRONG,
  TABLE_REFERENCE_MASK,
  tableBegin,
  type TableDirectories,
} from "./table-directory.ts";
import type { StoreLocks } from "./store-locks.ts";
import { SLICE, type WorkSlices } from "./work-slices.ts";

/** Called for each entry whose slot hash changed; `tag` is the hash its slot has now. */
export type Retagged = (reference: number, hash: number, tag: number) => void;

export class TableGrowth {
  /** Whether the last `resize` or `split` that failed had memory, but hashes that lie too close. */
  isFlooded = false;
  readonly #arena: Arena;
  readonly #heap: BlockHeap;
  readonly #directories: TableDirectories;
  readonly #slices: WorkSlices;
  readonly #locks: StoreLocks | null;

  /** `locks`: a directory that doubles needs all segments; null = there is one thread. */
  constructor(
    arena: Arena,
    heap: BlockHeap,
    directories: TableDirectories,
    slices: WorkSlices,
    locks: StoreLocks | null = null,
  ) {
    this.#locks = locks;
    this.#arena = arena;
    this.#heap = heap;
    this.#directories = directories;
    this.#slices = slices;
  }

  /** Gives the table at a place 2^slotsLog2 slots. False, and no change, when it cannot. */
  resize(directory: number, place: number, slotsLog2: number): boolean {
    const startMs = this.#slices.begin();
    this.isFlooded = false;
    const table = this.#allocateTable(slotsLog2);
    if (table === 0) return false;
    const oldTable = this.#directories.tableAt(directory, place);
    if (oldTable !== 0) {
      const target = this.#targetOf(table);
      const words = this.#arena.words[oldTable >>> BANK_SHIFT]!;
      const oldLog2 = oldTable & LOG2_MASK;
      const highCount = redistribute(words, tableBegin(oldTable), oldLog2, -1, [target, target]);
      this.isFlooded = highCount < 0;
      this.#freeTable(this.isFlooded ? table : oldTable);
      if (this.isFlooded) return false;
    }
    this.#directories.setTable(directory, place, table);
    this.#slices.end(SLICE.TABLE, startMs);
    return true;
  }

  /** Splits the table that a hash leads to in two. False, and no change of keys, when it cannot. */
  split(directory: number, hash: number): boolean {
    const startMs = this.#slices.begin();
    const directories = this.#directories;
    const isAlone = directories.shareCountOf(directory, directories.placeOf(directory, hash)) === 1;
    if (isAlone) this.#locks?.alsoAll();
    this.isFlooded = !directories.ensureDivisible(directory, hash);
    if (this.isFlooded) return false;
    const place = directories.placeOf(directory, hash);
    const slotsLog2 = directories.tableAt(directory, place) & LOG2_MASK;
    const low = this.#allocateTable(slotsLog2);
    const high = low === 0 ? 0 : this.#allocateTable(slotsLog2);
    if (high === 0) {
      if (low !== 0) this.#freeTable(low);
      return false;
    }
    const oldTable = directories.tableAt(directory, place);
    const bitShift = 31 - directories.depthAt(directory, place);
    const words = this.#arena.words[oldTable >>> BANK_SHIFT]!;
    const targets = [this.#targetOf(low), this.#targetOf(high)] as const;
    const highCount = redistribute(words, tableBegin(oldTable), slotsLog2, bitShift, targets);
    if (highCount < 0) {
      this.isFlooded = true;
      this.#freeTable(low);
      this.#freeTable(high);
      return false;
    }
    this.#freeTable(oldTable);
    directories.divide(directory, place, low, high, highCount);
    this.#slices.end(SLICE.TABLE, startMs);
    return true;
  }

  /**
   * Gives the table at a place of the main directory a strong directory of its own. False, and no
   * change, when memory is full.
   */
  spread(
    directory: number,
    place: number,
    strongKey: readonly [number, number],
    retagged: Retagged,
  ): boolean {
    const startMs = this.#slices.begin();
    const directories = this.#directories;
    const slotsLog2 = directories.tableAt(directory, place) & LOG2_MASK;
    const table = this.#allocateTable(slotsLog2);
    if (table === 0) return false;
    const strong = directories.createStrong(table, directories.countAt(directory, place));
    if (strong === 0) {
      this.#freeTable(table);
      return false;
    }
    const oldTable = directories.tableAt(directory, place);
    directories.setTable(directory, place, STRONG);
    directories.setCount(directory, place, strong);
    this.#retagAll(oldTable, table, strongKey);
    this.#tellRetagged(oldTable, table, retagged);
    this.#freeTable(oldTable);
    this.#slices.end(SLICE.TABLE, startMs);
    return true;
  }

  /** Gives up the table at a place, which has no entries any more. */
  drop(directory: number, place: number): void {
    this.#freeTable(this.#directories.tableAt(directory, place));
    this.#directories.setTable(directory, place, 0);
  }

  /** Leaves in the old table where each entry has gone: its slot in the new one, counted from 2. */
  #retagAll(oldTable: number, table: number, strongKey: readonly [number, number]): void {
    const [key0, key1] = strongKey;
    const banks = this.#arena.words;
    const oldWords = banks[oldTable >>> BANK_SHIFT]!;
    const target = this.#targetOf(table);
    const end = tableBegin(oldTable) + (SLOT_WORDS << (oldTable & LOG2_MASK));
    for (let at = tableBegin(oldTable); at < end; at += SLOT_WORDS) {
      const reference = oldWords[at + 1]!;
      if (reference === 0) continue;
      const word = wordIndexOf(reference);
      const header = banks[reference >>> BANK_SHIFT]![word]!;
      const view = this.#arena.areas[reference >>> BANK_SHIFT]!.view;
      const keyOffset = (word << 2) + keyOffsetIn(header);
      const seed = databaseSeed(key0, databaseOf(header));
      const tag = halfSipHash(view, keyOffset, header & KEY_LENGTH_MASK, seed, key1);
      const slot = findFreeSlot(target.words, target.begin, target.mask, tag);
      assert(slot >= 0, "a pseudo-random hash leaves a slot free within the probe bound");
      target.words[target.begin + slot] = tag;
      target.words[target.begin + slot + 1] = reference;
      oldWords[at + 1] = slot + SLOT_WORDS;
    }
  }

  /** Only once all entries have a slot, because it may need memory and so move them. */
  #tellRetagged(oldTable: number, table: number, retagged: Retagged): void {
    const oldWords = this.#arena.words[oldTable >>> BANK_SHIFT]!;
    const { words, begin } = this.#targetOf(table);
    const end = tableBegin(oldTable) + (SLOT_WORDS << (oldTable & LOG2_MASK));
    for (let at = tableBegin(oldTable); at < end; at += SLOT_WORDS) {
      if (oldWords[at + 1] === 0) continue;
      const slot = begin + oldWords[at + 1]! - SLOT_WORDS;
      retagged(words[slot + 1]!, oldWords[at]!, words[slot]!);
    }
  }

  #targetOf(table: number): SlotTarget {
    return {
      words: this.#arena.words[table >>> BANK_SHIFT]!,
      begin: tableBegin(table),
      mask: maskOf(table & LOG2_MASK),
    };
  }

  /** An empty table's word, or 0. */
  #allocateTable(slotsLog2: number): number {
    const reference = this.#heap.allocate(PURPOSE.TABLE, classOfSize(SLOT_SIZE << slotsLog2));
    if (reference === 0) return 0;
    assert((reference & ~TABLE_REFERENCE_MASK) === 0, "a table starts at a multiple of its size");
    const begin = wordIndexOf(reference);
    this.#arena.words[reference >>> BANK_SHIFT]!.fill(0, begin, begin + (SLOT_WORDS << slotsLog2));
    return reference | slotsLog2;
  }

  #freeTable(table: number): void {
    const reference = table & TABLE_REFERENCE_MASK;
    // A slot's hash may equal the heap's mark of a free block.
    this.#arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)] = 0;
    this.#heap.free(reference);
  }
}
