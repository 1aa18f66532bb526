// Empties tables of the entries of one database, or of all, for FLUSHDB and FLUSHALL. A table that
// nothing is left in is given up, as if its place had never had one; directories stay as they are.
//
// The entries' blocks are given back by the caller before their slots are cleared. That needs no
// memory, so nothing moves in between; halving what has become sparse may.

import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { DATABASE_MASK } from "./entry.ts";
import type { SegmentHeaders } from "./segment-headers.ts";
import { SLOT_WORDS, maskOf, removeSlot } from "./slot-table.ts";
import { LOG2_MASK, STRONG, tableBegin, type TableDirectories } from "./table-directory.ts";
import type { TableGrowth } from "./table-growth.ts";
import type { TableShape } from "./table-shape.ts";

/** In place of a database's bits: all databases. */
export const ALL_DATABASES = -1;

export class TableClearing {
  readonly #arena: Arena;
  readonly #directories: TableDirectories;
  readonly #growth: TableGrowth;
  readonly #shape: TableShape;
  readonly #headers: SegmentHeaders;

  constructor(
    arena: Arena,
    directories: TableDirectories,
    growth: TableGrowth,
    shape: TableShape,
    headers: SegmentHeaders,
  ) {
    this.#arena = arena;
    this.#directories = directories;
    this.#growth = growth;
    this.#shape = shape;
    this.#headers = headers;
  }

  /** Has `forget` called for each entry of a database, as bits of its header, and unlinks it. */
  run(databaseBits: number, forget: (reference: number) => void): void {
    const directories = this.#directories;
    const { main } = directories;
    const shift = 32 - directories.bits(main);
    for (let place = 0; place < directories.length(main);) {
      const isStrong = (directories.tableAt(main, place) & STRONG) !== 0;
      const removedCount = isStrong
        ? this.#clearStrong(directories.countAt(main, place), databaseBits, forget)
        : this.#clearTable(main, place, databaseBits, forget);
      if (removedCount > 0) this.#headers.countKeys(place << shift, -removedCount);
      place += directories.shareCountOf(main, place);
    }
  }

  #clearStrong(
    directory: number,
    databaseBits: number,
    forget: (reference: number) => void,
  ): number {
    const directories = this.#directories;
    let removedCount = 0;
    for (let place = 0; place < directories.length(directory);) {
      removedCount += this.#clearTable(directory, place, databaseBits, forget);
      place += directories.shareCountOf(directory, place);
    }
    return removedCount;
  }

  /** The number of entries that were removed. */
  #clearTable(
    directory: number,
    place: number,
    databaseBits: number,
    forget: (reference: number) => void,
  ): number {
    const oldCount = this.#directories.countAt(directory, place);
    if (this.#directories.tableAt(directory, place) === 0) return 0;
    const table = this.#directories.tableAt(directory, place);
    const removedCount =
      databaseBits === ALL_DATABASES
        ? this.#forgetAll(table, forget)
        : this.#removeThose(table, databaseBits, forget);
    const count = oldCount - removedCount;
    this.#directories.setCount(directory, place, count);
    if (count === 0) this.#growth.drop(directory, place);
    else if (removedCount > 0) this.#shrink(directory, place, count);
    return removedCount;
  }

  /** Halves a table as long as it is sparse, and there is memory for it. */
  #shrink(directory: number, place: number, count: number): void {
    let table = this.#directories.tableAt(directory, place);
    while (this.#shape.isSparse(table, count)) {
      this.#shape.shrink(directory, place, table);
      const shrunk = this.#directories.tableAt(directory, place);
      if (shrunk === table) return;
      table = shrunk;
    }
  }

  /** Leaves the slots as they are: the table goes as a whole. */
  #forgetAll(table: number, forget: (reference: number) => void): number {
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const end = begin + (SLOT_WORDS << (table & LOG2_MASK));
    let count = 0;
    for (let at = begin; at < end; at += SLOT_WORDS) {
      const reference = words[at + 1]!;
      if (reference === 0) continue;
      forget(reference);
      count++;
    }
    return count;
  }

  #removeThose(table: number, databaseBits: number, forget: (reference: number) => void): number {
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const mask = maskOf(table & LOG2_MASK);
    let count = 0;
    for (let slot = 0; slot <= mask; slot += SLOT_WORDS) {
      let reference = words[begin + slot + 1]!;
      // Removing shifts entries that have not been looked at into this slot, and those that have
      // been only to slots further on.
      while (reference !== 0 && this.#isOf(databaseBits, reference)) {
        forget(reference);
        removeSlot(words, begin, mask, slot);
        count++;
        reference = words[begin + slot + 1]!;
      }
    }
    return count;
  }

  #isOf(databaseBits: number, reference: number): boolean {
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    return (words[wordIndexOf(reference)]! & DATABASE_MASK) === databaseBits;
  }
}
