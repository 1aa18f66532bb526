// Goes through the keys of one database a few at a time, for SCAN, or of all, for a snapshot: from
// a cursor on, about as many keys as are wanted, and then the next cursor. In between anything may
// happen to the tables.
//
//   cursor  | place: top of the hash (19 bits) | strong: top of the strong hash (19) | group (10) |
//
// The places come in order, so a table after the other; within a table the entries come in 1024
// groups, by the lowest ten bits of their hash in reverse order (the cursor of Redis, by Pieter
// Noordhuis). In a table of 64 slots a group is all of 16; in one of 8192 slots it is eight homes.
//
//   64 slots    home 0, home 32, home 16 …      128 slots   home 0, home 64, home 32, home 96 …
//
// Doubling divides each group in two neighbours, halving joins them, so what lies before the cursor
// was visited, whatever size the table has by then; in a joined group some are visited again. When
// a table splits, the cursor goes on in its first half, and the second comes from its beginning.
//
// A strong place (segments.ts) leads to a directory of its own, whose tables are gone through in
// the same way, by the strong hash. One that becomes strong in the middle comes from its beginning.

import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { DIRECTORY_BITS_MAX } from "./control-memory.ts";
import { DATABASE_MASK } from "./entry.ts";
import { PROBE_LENGTH_MAX, SLOT_WORDS, maskOf } from "./slot-table.ts";
import { ALL_DATABASES } from "./table-clearing.ts";
import { LOG2_MASK, STRONG, tableBegin, type TableDirectories } from "./table-directory.ts";

const PLACE_COUNT = 2 ** DIRECTORY_BITS_MAX;
/** From a place of a full-size directory to the first hash that leads there. */
const PLACE_SHIFT = 32 - DIRECTORY_BITS_MAX;
/**
 * In place of a strong place: the group is one of a table that was not strong. No strong directory
 * has a table for this place alone, which would be one of 2^19.
 */
const IN_ORDER = PLACE_COUNT - 1;
const GROUP_BITS = 10;
const GROUP_COUNT = 2 ** GROUP_BITS;

/** Cursors are below this. */
export const CURSOR_END = PLACE_COUNT * PLACE_COUNT * GROUP_COUNT;

/** Entries of any database and slots that one call may look at, at least. */
const LOOKS_MIN = 2048;
const SLOTS_MIN = 8192;
/** And that many for each key that is wanted. */
const FRUITLESS_FACTOR = 10;

/** Places tried for a random key, and slots looked at from each. */
const RANDOM_TRIES = 16;
const RANDOM_SLOTS = 512;

export class KeyScan {
  readonly #arena: Arena;
  readonly #directories: TableDirectories;
  // Of the call that is running.
  #databaseBits = 0;
  #visit: (reference: number) => void = () => {};
  #wantedCount = 0;
  #looksLeft = 0;
  #slotsLeft = 0;

  constructor(arena: Arena, directories: TableDirectories) {
    this.#arena = arena;
    this.#directories = directories;
  }

  /**
   * Visits about `count` entries of a database (bits of a header), or of ALL_DATABASES, from a
   * cursor on, and answers the next cursor, 0 = that was all.
   */
  run(
    databaseBits: number,
    cursor: number,
    count: number,
    visit: (reference: number) => void,
  ): number {
    this.#databaseBits = databaseBits;
    this.#visit = visit;
    this.#wantedCount = count;
    this.#looksLeft = Math.max(FRUITLESS_FACTOR * count, LOOKS_MIN);
    this.#slotsLeft = Math.max(FRUITLESS_FACTOR * count, SLOTS_MIN);
    const { main } = this.#directories;
    let group = cursor % GROUP_COUNT;
    let strongPlace = Math.floor(cursor / GROUP_COUNT) % PLACE_COUNT;
    let place = Math.floor(cursor / (GROUP_COUNT * PLACE_COUNT)) % PLACE_COUNT;
    do {
      const at = this.#directories.placeOf(main, place << PLACE_SHIFT);
      const isStrong = (this.#directories.tableAt(main, at) & STRONG) !== 0;
      if (isStrong) {
        const directory = this.#directories.countAt(main, at);
        if (strongPlace === IN_ORDER) strongPlace = group = 0;
        group = this.#visitTable(directory, strongPlace, group);
        if (group < GROUP_COUNT) continue;
        group = 0;
        strongPlace = this.#placeAfter(directory, strongPlace);
        if (strongPlace < PLACE_COUNT) continue;
      } else {
        strongPlace = IN_ORDER;
        group = this.#visitTable(main, place, group);
        if (group < GROUP_COUNT) continue;
        group = 0;
      }
      strongPlace = 0;
      place = this.#placeAfter(main, place);
      if (place === PLACE_COUNT) return 0;
    } while (this.#goesOn());
    return (place * PLACE_COUNT + strongPlace) * GROUP_COUNT + group;
  }

  /**
   * An entry of a database that is accepted, near a random place; 0 = there is none. Where keys are
   * few, any that a scan from a random place on meets. `random` answers as Math.random does.
   */
  findRandom(
    databaseBits: number,
    random: () => number,
    accept: (reference: number) => boolean,
  ): number {
    this.#databaseBits = databaseBits;
    for (let i = 0; i < RANDOM_TRIES; i++) {
      const reference = this.#tryRandom(random, accept);
      if (reference !== 0) return reference;
    }
    let found = 0;
    const take = (reference: number): void => {
      if (found === 0 && accept(reference)) found = reference;
    };
    for (let cursor of [Math.floor(random() * CURSOR_END), 0]) {
      while (found === 0) {
        cursor = this.run(databaseBits, cursor, 1, take);
        if (cursor === 0) break;
      }
    }
    return found;
  }

  #tryRandom(random: () => number, accept: (reference: number) => boolean): number {
    const directories = this.#directories;
    let directory = directories.main;
    let place = Math.floor(random() * directories.length(directory));
    if ((directories.tableAt(directory, place) & STRONG) !== 0) {
      directory = directories.countAt(directory, place);
      place = Math.floor(random() * directories.length(directory));
    }
    const table = directories.tableAt(directory, place);
    if (table === 0) return 0;
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const mask = maskOf(table & LOG2_MASK);
    const slotCount = 2 ** (table & LOG2_MASK);
    let slot = Math.floor(random() * slotCount) * SLOT_WORDS;
    for (let i = Math.min(RANDOM_SLOTS, slotCount); i > 0; i--) {
      const reference = words[tableBegin(table) + slot + 1]!;
      if (reference !== 0 && this.#isWanted(reference) && accept(reference)) return reference;
      slot = (slot + SLOT_WORDS) & mask;
    }
    return 0;
  }

  /**
   * Visits groups of the table at a place (of a full-size directory), the first at any rate and
   * more as long as it goes on; the next group.
   */
  #visitTable(directory: number, place: number, firstGroup: number): number {
    const at = this.#directories.placeOf(directory, place << PLACE_SHIFT);
    const table = this.#directories.tableAt(directory, at);
    this.#slotsLeft--;
    if (table === 0 || this.#directories.countAt(directory, at) === 0) return GROUP_COUNT;
    const slotsLog2 = table & LOG2_MASK;
    // Groups that have their home in common.
    const joinedBits = Math.max(0, GROUP_BITS - slotsLog2);
    let group = firstGroup >>> joinedBits;
    const end = GROUP_COUNT >>> joinedBits;
    do {
      const lowest = reverse(group, GROUP_BITS - joinedBits);
      for (let home = lowest; home < 2 ** slotsLog2; home += end) this.#visitHome(table, home);
      group++;
    } while (group < end && this.#goesOn());
    return group << joinedBits;
  }

  /** Visits the entries of a table that have their home at a slot. */
  #visitHome(table: number, home: number): void {
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const mask = maskOf(table & LOG2_MASK);
    const homeSlot = home * SLOT_WORDS;
    let slot = homeSlot;
    this.#slotsLeft--;
    for (let probes = 0; probes < PROBE_LENGTH_MAX; probes++) {
      const reference = words[begin + slot + 1]!;
      if (reference === 0) return;
      if (((words[begin + slot]! << 1) & mask) === homeSlot) {
        this.#looksLeft--;
        if (this.#isWanted(reference)) {
          this.#wantedCount--;
          this.#visit(reference);
        }
      }
      slot = (slot + SLOT_WORDS) & mask;
    }
  }

  /** The first place (of a full-size directory) that leads to the next table. */
  #placeAfter(directory: number, place: number): number {
    const directories = this.#directories;
    const at = directories.placeOf(directory, place << PLACE_SHIFT);
    const next = directories.firstPlaceOf(directory, at) + directories.shareCountOf(directory, at);
    return next * 2 ** (DIRECTORY_BITS_MAX - directories.bits(directory));
  }

  #goesOn(): boolean {
    return this.#wantedCount > 0 && this.#looksLeft > 0 && this.#slotsLeft > 0;
  }

  #isWanted(reference: number): boolean {
    if (this.#databaseBits === ALL_DATABASES) return true;
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    return (words[wordIndexOf(reference)]! & DATABASE_MASK) === this.#databaseBits;
  }
}

/** The lowest `bitCount` bits in reverse order. */
function reverse(word: number, bitCount: number): number {
  let reversed = 0;
  for (let i = 0; i < bitCount; i++) reversed |= ((word >>> i) & 1) << (bitCount - 1 - i);
  return reversed;
}
