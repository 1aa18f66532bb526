// Decides what shape a table should have (table-growth.ts gives it): when it is full, what it grows
// to, when it is halved, and when it is flooded.
//
//   64 slots ─▶ doubled … ─▶ 2^slotsLog2Max slots ─▶ split in two          full: seven tenths
//            ◀─ halved …                                                  sparse: under an eighth
//   a flood in the main directory ─▶ spread by the strong hash            see EQUAL_HASHES_MAX

import { assert } from "../lib/assert.ts";
import { BANK_SHIFT, type Arena } from "./arena.ts";
import { SLOT_WORDS, maskOf, occupiedMax } from "./slot-table.ts";
import { LOG2_MASK, tableBegin } from "./table-directory.ts";
import type { TableGrowth } from "./table-growth.ts";

/** Keys of one table that share all 32 bits of their hash: by chance never, so it is a flood. */
export const EQUAL_HASHES_MAX = 16;
/** A table this much emptier than full is halved. */
const SHRINK_DIVISOR = 8;

export interface TableSizes {
  readonly slotsLog2Min: number;
  readonly slotsLog2Max: number;
}

export class TableShape {
  readonly #arena: Arena;
  readonly #growth: TableGrowth;
  readonly #slotsLog2Min: number;
  readonly #slotsLog2Max: number;
  readonly #occupiedMax = Int32Array.from({ length: 16 }, (_, log2) => occupiedMax(log2));

  constructor(arena: Arena, growth: TableGrowth, { slotsLog2Min, slotsLog2Max }: TableSizes) {
    assert(slotsLog2Min >= 6 && slotsLog2Max <= 13, "a table is 64 to 8192 slots");
    this.#arena = arena;
    this.#growth = growth;
    this.#slotsLog2Min = slotsLog2Min;
    this.#slotsLog2Max = slotsLog2Max;
  }

  /** Whether a table with this many entries must grow before it takes another. */
  isFull(table: number, count: number): boolean {
    return count >= this.#occupiedMax[table & LOG2_MASK]!;
  }

  /** Whether a table with this many entries is far too large for them. */
  isSparse(table: number, count: number): boolean {
    const slotsLog2 = table & LOG2_MASK;
    return slotsLog2 > this.#slotsLog2Min && count * SHRINK_DIVISOR < 2 ** slotsLog2;
  }

  /** Whether more keys than chance allows share the hash `tag`, from its home to `slot`. */
  isFlooded(table: number, tag: number, slot: number): boolean {
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const mask = maskOf(table & LOG2_MASK);
    let equalHashes = 0;
    for (let at = (tag << 1) & mask; at !== slot; at = (at + SLOT_WORDS) & mask) {
      if (words[begin + at] === tag) equalHashes++;
    }
    return equalHashes >= EQUAL_HASHES_MAX;
  }

  /** Gives the table that a hash leads to room for one more key. False when there is none. */
  grow(directory: number, place: number, table: number, tag: number): boolean {
    const slotsLog2 = table & LOG2_MASK;
    if (table === 0) return this.#growth.resize(directory, place, this.#slotsLog2Min);
    if (slotsLog2 < this.#slotsLog2Max) return this.#growth.resize(directory, place, slotsLog2 + 1);
    return this.#growth.split(directory, tag);
  }

  /** Halves a sparse table, if there is memory for it. */
  shrink(directory: number, place: number, table: number): void {
    this.#growth.resize(directory, place, (table & LOG2_MASK) - 1);
  }
}
