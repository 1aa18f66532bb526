// The sizes in which blocks are cut from a page. Up to 128 bytes every multiple of 8, so that a
// small entry wastes at most 7 bytes; then eight sizes per doubling (at most 12.5 % waste) up to an
// eighth of a page; then the page divided by 7, 6, … 1.
//
// Powers of two from 512 bytes to half a page are among them and start at multiples of their size,
// which the slot tables rely on.

import { assert } from "../lib/assert.ts";
import { PAGE_SIZE, UNIT_SIZE } from "./arena.ts";

const BLOCK_SIZE_MIN = 16;
const EXACT_SIZE_MAX = 128;
const STEPS_PER_DOUBLING = 8;
const GEOMETRIC_SIZE_MAX = PAGE_SIZE / STEPS_PER_DOUBLING;

/** Block size in bytes of each class, ascending. */
export const CLASS_SIZES: Int32Array = listClassSizes();
export const CLASS_COUNT = CLASS_SIZES.length;
export const BLOCK_SIZE_MAX = PAGE_SIZE;
/** Blocks of each class that a page holds. */
export const CLASS_CAPACITIES: Int32Array = CLASS_SIZES.map((size) => Math.floor(PAGE_SIZE / size));
/** Block size of each class in 8-byte units. */
export const CLASS_UNITS: Int32Array = CLASS_SIZES.map((size) => size / UNIT_SIZE);

const CLASS_BY_UNITS = mapSmallSizes();

assert(CLASS_COUNT <= 127, "a class index fits the 7 bits an entry header has for it");
assert(CLASS_SIZES[CLASS_COUNT - 1] === PAGE_SIZE, "the largest block is a page");

/** The class whose blocks hold `size` bytes with the least waste; 0 < size ≤ BLOCK_SIZE_MAX. */
export function classOfSize(size: number): number {
  if (size <= GEOMETRIC_SIZE_MAX) return CLASS_BY_UNITS[(size + UNIT_SIZE - 1) >>> 3]!;
  let index = CLASS_COUNT - 1;
  while (CLASS_SIZES[index - 1]! >= size) index--;
  return index;
}

function listClassSizes(): Int32Array {
  const sizes: number[] = [];
  for (let size = BLOCK_SIZE_MIN; size < EXACT_SIZE_MAX; size += UNIT_SIZE) sizes.push(size);
  for (let base = EXACT_SIZE_MAX; base < GEOMETRIC_SIZE_MAX; base *= 2) {
    const step = base / STEPS_PER_DOUBLING;
    for (let i = 0; i < STEPS_PER_DOUBLING; i++) sizes.push(base + i * step);
  }
  for (let share = STEPS_PER_DOUBLING; share >= 1; share--) {
    sizes.push(Math.floor(PAGE_SIZE / share / UNIT_SIZE) * UNIT_SIZE);
  }
  return Int32Array.from(sizes);
}

function mapSmallSizes(): Uint8Array {
  const map = new Uint8Array(GEOMETRIC_SIZE_MAX / UNIT_SIZE + 1);
  for (let units = 0, index = 0; units < map.length; units++) {
    while (CLASS_SIZES[index]! < units * UNIT_SIZE) index++;
    map[units] = index;
  }
  return map;
}
