// A table in control memory that all threads of a store see: what is pinned (shared-pins.ts), what
// is watched (shared-watches.ts). Whoever calls anything but `count` here has the structure lock.
//
//   header   word 0: slots in use
//   groups   for each 64 slots, how many are in use: who visits them all skips what is empty
//   slot i   word 4i      4i + 1   4i + 2   4i + 3
//            +----------+--------+--------+---------+
//            | key      | key    | count  | value   |                     count 0 = free
//            +----------+--------+--------+---------+
//
// Open addressing with linear probing. There are no tombstones: removing shifts the rest of the run
// back, as in slot-table.ts. A slot is named by the index of its first word, which holds until the
// next `remove`. At most three quarters of the slots are ever in use.

import { assert } from "../lib/assert.ts";
import {
  SHARED_GROUP_SHIFT,
  SHARED_SLOT_WORDS,
  type ControlLayout,
  type SharedTablePlace,
} from "./control-memory.ts";
import type { StoreLocks } from "./store-locks.ts";

/** Memory that all threads see; what keeps its state there gets null when there is one thread. */
export interface SharedMemory {
  readonly control: Int32Array;
  readonly layout: ControlLayout;
  readonly locks: StoreLocks;
}

/** Words of a slot. */
export const SECOND_KEY = 1;
export const COUNT = 2;
export const VALUE = 3;

const GROUP_WORDS = SHARED_SLOT_WORDS << SHARED_GROUP_SHIFT;

/** 2^32 divided by the golden ratio: keys that follow each other lie apart. */
const SPREAD = 0x9e3779b1;

/** Slots that may be in use of 2^slotsLog2. */
export function usedCountMax(slotsLog2: number): number {
  return (3 * 2 ** slotsLog2) / 4;
}

export class SharedTable {
  readonly #control: Int32Array;
  readonly #locks: StoreLocks;
  readonly #countMax: number;
  readonly #used: number;
  readonly #groups: number;
  readonly #begin: number;
  readonly #mask: number;
  readonly #shift: number;

  constructor({ control, locks }: SharedMemory, place: SharedTablePlace) {
    const { slotsLog2 } = place;
    assert(place.end <= control.length, "control memory is reserved for several threads");
    this.#countMax = usedCountMax(slotsLog2);
    this.#control = control;
    this.#locks = locks;
    this.#used = place.begin;
    this.#groups = place.groupsBegin;
    this.#begin = place.slotsBegin;
    this.#mask = (SHARED_SLOT_WORDS << slotsLog2) - SHARED_SLOT_WORDS;
    this.#shift = 32 - slotsLog2;
  }

  /** Slots in use. */
  get count(): number {
    return this.#control[this.#used]!;
  }

  /** The slot of a key, or -1. */
  find(first: number, second: number): number {
    assert(this.#locks.hasStructure, "who asks what threads share has the structure");
    const control = this.#control;
    for (let slot = this.#homeOf(first, second); ; slot = this.#next(slot)) {
      const at = this.#begin + slot;
      if (control[at + COUNT] === 0) return -1;
      if (control[at] === first && control[at + SECOND_KEY] === second) return at;
    }
  }

  /** A slot with count 1 and value 0 for a key that has none; -1 when the table is full. */
  add(first: number, second: number): number {
    const control = this.#control;
    if (control[this.#used]! >= this.#countMax) return -1;
    let slot = this.#homeOf(first, second);
    while (control[this.#begin + slot + COUNT] !== 0) slot = this.#next(slot);
    const at = this.#begin + slot;
    control[at] = first;
    control[at + SECOND_KEY] = second;
    control[at + COUNT] = 1;
    control[at + VALUE] = 0;
    this.#countSlots(slot, 1);
    return at;
  }

  /** Frees a slot, and shifts those behind it back, so that no probe breaks at the hole. */
  remove(at: number): void {
    const control = this.#control;
    let hole = at - this.#begin;
    for (let slot = this.#next(hole); ; slot = this.#next(slot)) {
      const from = this.#begin + slot;
      if (control[from + COUNT] === 0) break;
      const home = this.#homeOf(control[from]!, control[from + SECOND_KEY]!);
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue;
      control.copyWithin(this.#begin + hole, from, from + SHARED_SLOT_WORDS);
      hole = slot;
    }
    control[this.#begin + hole + COUNT] = 0;
    this.#countSlots(hole, -1);
  }

  /** Visits every slot in use, which may not be removed meanwhile. */
  forEach(visit: (at: number) => void): void {
    const control = this.#control;
    for (let at = this.#groups; at < this.#begin; at++) {
      if (control[at] === 0) continue;
      const begin = this.#begin + (at - this.#groups) * GROUP_WORDS;
      for (let slot = begin; slot < begin + GROUP_WORDS; slot += SHARED_SLOT_WORDS) {
        if (control[slot + COUNT] !== 0) visit(slot);
      }
    }
  }

  #countSlots(slot: number, change: number): void {
    this.#control[this.#used]! += change;
    this.#control[this.#groups + Math.floor(slot / GROUP_WORDS)]! += change;
  }

  #homeOf(first: number, second: number): number {
    return (Math.imul(first ^ second, SPREAD) >>> this.#shift) * SHARED_SLOT_WORDS;
  }

  #next(slot: number): number {
    return (slot + SHARED_SLOT_WORDS) & this.#mask;
  }
}
