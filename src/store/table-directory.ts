// A directory of extendible hashing (Fagin, Nievergelt, Pippenger, Strong, 1979): the top bits of a
// hash choose a place, several neighbouring places may share one table.
//
//   bits = 3      000   001   010   011   100   101   110   111
//   tables      [  A  |  A  |  A  |  A  |  B  |  B  |  C  |  D  ]    table words
//   depths      [  1  |  1  |  1  |  1  |  2  |  2  |  3  |  3  ]    bits that tell the table apart
//   counts      [ 90  |     |     |     | 40  |     | 33  | 17  ]    at a table's first place only
//
// In control memory, as words: header {bits, begin, bits that there is room for, unused}, and at
// `begin` the three arrays, each of as many words as there is room for. A reader needs one load:
// control[begin + (hash >>> (32 - bits))].
//
// A table word is the reference of its slots, a multiple of 64, with slotsLog2 in the low 4 bits
// and STRONG above; 0 = no table yet. The count of a STRONG place is the header of another
// directory, whose order is another hash (segments.ts).

import { assert } from "../lib/assert.ts";
import { BANK_MASK } from "./arena.ts";
import {
  DIRECTORY_ARRAYS,
  DIRECTORY_BITS_MAX,
  DIRECTORY_HEADER_WORDS,
  takeControlWords,
  type ControlLayout,
} from "./control-memory.ts";

export const LOG2_MASK = 15;
export const STRONG = 16;
export const TABLE_REFERENCE_MASK = ~63;

/** Words of a directory's header. */
export const DIRECTORY_BITS = 0;
export const DIRECTORY_BEGIN = 1;
const ROOM_BITS = 2;

/** Room of a strong directory at first: eight tables. */
const STRONG_ROOM_BITS = 3;

/** Index of a table's first word in its bank. */
export function tableBegin(table: number): number {
  return (table & TABLE_REFERENCE_MASK & BANK_MASK) << 1;
}

export class TableDirectories {
  readonly main: number;
  readonly #control: Int32Array;
  readonly #layout: ControlLayout;

  constructor(control: Int32Array, layout: ControlLayout) {
    this.#control = control;
    this.#layout = layout;
    this.main = layout.directoryBegin;
    if (control[this.main + DIRECTORY_BEGIN] === 0) {
      const begin = this.main + DIRECTORY_HEADER_WORDS;
      this.#initialise(this.main, begin, layout.segmentBits, layout.directoryBitsMax);
    }
  }

  /** Word index of the first table word. */
  tablesBegin(directory: number): number {
    return this.#control[directory + DIRECTORY_BEGIN]!;
  }

  bits(directory: number): number {
    return this.#control[directory + DIRECTORY_BITS]!;
  }

  /** Places of a directory. */
  length(directory: number): number {
    return 2 ** this.#control[directory + DIRECTORY_BITS]!;
  }

  placeOf(directory: number, hash: number): number {
    // In two shifts, because a shift by 32 is none.
    return (hash >>> 1) >>> (31 - this.#control[directory + DIRECTORY_BITS]!);
  }

  tableAt(directory: number, place: number): number {
    return this.#control[this.#control[directory + DIRECTORY_BEGIN]! + place]!;
  }

  depthAt(directory: number, place: number): number {
    const room = 1 << this.#control[directory + ROOM_BITS]!;
    return this.#control[this.#control[directory + DIRECTORY_BEGIN]! + room + place]!;
  }

  /** Occupied slots of the table at a place, or the header of a STRONG place's directory. */
  countAt(directory: number, place: number): number {
    return this.#control[this.#countWord(directory, place)]!;
  }

  setCount(directory: number, place: number, count: number): void {
    this.#control[this.#countWord(directory, place)] = count;
  }

  /** Counts entries more or less in the table at a place; how many it has then. */
  addCount(directory: number, place: number, change: number): number {
    const word = this.#countWord(directory, place);
    const count = this.#control[word]! + change;
    this.#control[word] = count;
    return count;
  }

  /** The first of the places that share a table with this one. */
  firstPlaceOf(directory: number, place: number): number {
    const sharedBits = this.bits(directory) - this.depthAt(directory, place);
    return (place >>> sharedBits) << sharedBits;
  }

  /** The number of places that share the table of this one. */
  shareCountOf(directory: number, place: number): number {
    return 1 << (this.bits(directory) - this.depthAt(directory, place));
  }

  /** Puts another table at all places that share this one's. */
  setTable(directory: number, place: number, table: number): void {
    const first = this.firstPlaceOf(directory, place) + this.tablesBegin(directory);
    this.#control.fill(table, first, first + this.shareCountOf(directory, place));
  }

  /**
   * Divides the places that share a table into two halves, the first for `low` and the second for
   * `high`. There is more than one place (`ensureDivisible`).
   */
  divide(directory: number, place: number, low: number, high: number, highCount: number): void {
    const control = this.#control;
    const first = this.firstPlaceOf(directory, place);
    const half = this.shareCountOf(directory, place) / 2;
    const depth = this.depthAt(directory, place) + 1;
    const count = this.countAt(directory, place);
    const begin = this.tablesBegin(directory) + first;
    const room = 1 << control[directory + ROOM_BITS]!;
    assert(half >= 1, "a table that is divided has two places");
    control.fill(low, begin, begin + half);
    control.fill(high, begin + half, begin + 2 * half);
    control.fill(depth, begin + room, begin + room + 2 * half);
    control[begin + 2 * room] = count - highCount;
    control[begin + 2 * room + half] = highCount;
  }

  /** Makes sure that the table at a hash's place has at least two places; false = no room. */
  ensureDivisible(directory: number, hash: number): boolean {
    if (this.shareCountOf(directory, this.placeOf(directory, hash)) > 1) return true;
    const control = this.#control;
    const bits = this.bits(directory);
    if (bits === DIRECTORY_BITS_MAX) return false;
    if (bits === control[directory + ROOM_BITS] && !this.#enlarge(directory)) return false;
    const room = 1 << control[directory + ROOM_BITS]!;
    for (let array = 0; array < DIRECTORY_ARRAYS; array++) {
      const begin = control[directory + DIRECTORY_BEGIN]! + array * room;
      // From the end, because each place moves to twice its index.
      for (let place = 2 ** bits - 1; place >= 0; place--) {
        const word = control[begin + place]!;
        control[begin + 2 * place] = word;
        control[begin + 2 * place + 1] = word;
      }
    }
    control[directory + DIRECTORY_BITS] = bits + 1;
    return true;
  }

  /** A directory of one place with this table; 0 when control memory is full. */
  createStrong(table: number, count: number): number {
    const words = DIRECTORY_HEADER_WORDS + (DIRECTORY_ARRAYS << STRONG_ROOM_BITS);
    const directory = takeControlWords(this.#control, this.#layout, words);
    if (directory === 0) return 0;
    this.#initialise(directory, directory + DIRECTORY_HEADER_WORDS, 0, STRONG_ROOM_BITS);
    this.#control[this.tablesBegin(directory)] = table;
    this.setCount(directory, 0, count);
    return directory;
  }

  #initialise(directory: number, begin: number, bits: number, roomBits: number): void {
    const control = this.#control;
    control[directory + DIRECTORY_BITS] = bits;
    control[directory + DIRECTORY_BEGIN] = begin;
    control[directory + ROOM_BITS] = roomBits;
    control.fill(bits, begin + 2 ** roomBits, begin + 2 ** roomBits + 2 ** bits);
  }

  /** Moves a directory's arrays to where there is room for one bit more; the old words are lost. */
  #enlarge(directory: number): boolean {
    const control = this.#control;
    if (directory === this.main) return false;
    const roomBits = control[directory + ROOM_BITS]! + 1;
    const begin = takeControlWords(control, this.#layout, DIRECTORY_ARRAYS << roomBits);
    if (begin === 0) return false;
    const oldBegin = control[directory + DIRECTORY_BEGIN]!;
    const oldRoom = 2 ** (roomBits - 1);
    for (let array = 0; array < DIRECTORY_ARRAYS; array++) {
      const from = oldBegin + array * oldRoom;
      control.copyWithin(begin + array * 2 ** roomBits, from, from + oldRoom);
    }
    control[directory + DIRECTORY_BEGIN] = begin;
    control[directory + ROOM_BITS] = roomBits;
    return true;
  }

  #countWord(directory: number, place: number): number {
    const room = 1 << this.#control[directory + ROOM_BITS]!;
    const first = this.firstPlaceOf(directory, place);
    return this.#control[directory + DIRECTORY_BEGIN]! + 2 * room + first;
  }
}
