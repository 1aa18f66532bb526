// One open-addressing table: a power of two of slots in one block of the arena, linear probing.
//
//   slot i   word 2i      word 2i + 1
//            +----------+-------------------+
//            | hash     | entry reference   |     reference 0 = free
//            +----------+-------------------+
//
//   |  free  | a a b c c |  free ...          an entry lies at its home slot (low bits of the hash)
//              ^ home of a                    or in the unbroken run behind it
//
// There are no tombstones: removing shifts the rest of the run back (Knuth, TAOCP 3, 6.4 R), so a
// probe is never longer than the run was when the table was fullest since its last rebuild.
//
// Words come as (words, begin, mask): the bank's words, the index of the first, and twice the slot
// count minus 2. A slot is named by its even word index relative to `begin`.

import { assert } from "../lib/assert.ts";

export const SLOT_WORDS = 2;
export const SLOT_SIZE = 8;

/**
 * No entry lies further from its home than this. At the highest load, 0.7, a random run reaches it
 * with probability e^-29 (c = 0.7 − 1 − ln 0.7 per slot), so whoever does is up to no good.
 */
export const PROBE_LENGTH_MAX = 512;

/** Mask of a table of 2^slotsLog2 slots. */
export function maskOf(slotsLog2: number): number {
  return (SLOT_WORDS << slotsLog2) - SLOT_WORDS;
}

/** Slots that may be occupied before the table must grow: seven tenths. */
export function occupiedMax(slotsLog2: number): number {
  return Math.floor((7 * 2 ** slotsLog2) / 10);
}

/** The first free slot for `hash`, or -1 if PROBE_LENGTH_MAX slots from its home on are taken. */
export function findFreeSlot(words: Int32Array, begin: number, mask: number, hash: number): number {
  let slot = (hash << 1) & mask;
  for (let probes = 0; probes < PROBE_LENGTH_MAX; probes++) {
    if (words[begin + slot + 1] === 0) return slot;
    slot = (slot + SLOT_WORDS) & mask;
  }
  return -1;
}

/** The slot that holds `reference` under `hash`, or -1. */
export function findReference(
  words: Int32Array,
  begin: number,
  mask: number,
  hash: number,
  reference: number,
): number {
  let slot = (hash << 1) & mask;
  for (let probes = 0; probes < PROBE_LENGTH_MAX; probes++) {
    const found = words[begin + slot + 1]!;
    if (found === reference) return slot;
    if (found === 0) return -1;
    slot = (slot + SLOT_WORDS) & mask;
  }
  return -1;
}

/** Frees a slot and shifts the entries behind it back, so that no probe breaks at the hole. */
export function removeSlot(words: Int32Array, begin: number, mask: number, slot: number): void {
  let hole = slot;
  let next = slot;
  for (;;) {
    next = (next + SLOT_WORDS) & mask;
    const reference = words[begin + next + 1]!;
    if (reference === 0) break;
    const hash = words[begin + next]!;
    const home = (hash << 1) & mask;
    const canMove = ((next - home) & mask) >= ((next - hole) & mask);
    if (!canMove) continue;
    words[begin + hole] = hash;
    words[begin + hole + 1] = reference;
    hole = next;
  }
  words[begin + hole] = 0;
  words[begin + hole + 1] = 0;
}

/**
 * Puts every entry of a table into others: into `targets[bit]`, where bit is the hash bit chosen by
 * `bitShift`, or all into `targets[0]` when `bitShift` is negative. Returns the count that went to
 * `targets[1]`, or -1 if one found no free slot within PROBE_LENGTH_MAX. The targets are empty and
 * large enough.
 */
export function redistribute(
  words: Int32Array,
  begin: number,
  slotsLog2: number,
  bitShift: number,
  targets: readonly [SlotTarget, SlotTarget],
): number {
  const end = begin + (SLOT_WORDS << slotsLog2);
  let highCount = 0;
  for (let at = begin; at < end; at += SLOT_WORDS) {
    const reference = words[at + 1]!;
    if (reference === 0) continue;
    const hash = words[at]!;
    const bit = bitShift < 0 ? 0 : (hash >>> bitShift) & 1;
    highCount += bit;
    const target = bit === 0 ? targets[0] : targets[1];
    const slot = findFreeSlot(target.words, target.begin, target.mask, hash);
    if (slot < 0) return -1;
    target.words[target.begin + slot] = hash;
    target.words[target.begin + slot + 1] = reference;
  }
  return highCount;
}

export interface SlotTarget {
  readonly words: Int32Array;
  readonly begin: number;
  readonly mask: number;
}

assert(SLOT_WORDS * 4 === SLOT_SIZE, "a slot is two words");
