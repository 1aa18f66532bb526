import { describe, expect, test } from "bun:test";
import { PAGE_SIZE, UNIT_SIZE } from "../../src/store/arena.ts";
import {
  BLOCK_SIZE_MAX,
  CLASS_CAPACITIES,
  CLASS_COUNT,
  CLASS_SIZES,
  CLASS_UNITS,
  classOfSize,
} from "../../src/store/size-class.ts";

describe("size classes", () => {
  test("ascend from 16 bytes to a page, in whole units", () => {
    expect(CLASS_SIZES[0]).toBe(16);
    expect(CLASS_SIZES[CLASS_COUNT - 1]).toBe(PAGE_SIZE);
    expect(BLOCK_SIZE_MAX).toBe(PAGE_SIZE);
    for (let i = 0; i < CLASS_COUNT; i++) {
      expect(CLASS_SIZES[i]! % UNIT_SIZE).toBe(0);
      expect(CLASS_UNITS[i]).toBe(CLASS_SIZES[i]! / UNIT_SIZE);
      if (i > 0) expect(CLASS_SIZES[i]).toBeGreaterThan(CLASS_SIZES[i - 1]!);
    }
  });

  test("divide a page into as many blocks as fit", () => {
    for (let i = 0; i < CLASS_COUNT; i++) {
      const size = CLASS_SIZES[i]!;
      const capacity = CLASS_CAPACITIES[i]!;
      expect(capacity * size).toBeLessThanOrEqual(PAGE_SIZE);
      expect((capacity + 1) * size).toBeGreaterThan(PAGE_SIZE);
    }
  });

  test("hold every power of two that a slot table may need", () => {
    for (let size = 512; size <= PAGE_SIZE; size *= 2) {
      expect(CLASS_SIZES[classOfSize(size)]).toBe(size);
    }
  });
});

describe("classOfSize", () => {
  test("names the smallest class that holds the size, for every size there is", () => {
    for (let size = 1, index = 0; size <= BLOCK_SIZE_MAX; size++) {
      while (CLASS_SIZES[index]! < size) index++;
      if (classOfSize(size) !== index) throw new Error(`${size} bytes have another class`);
    }
  });

  test("wastes at most an eighth beyond 128 bytes and at most 7 bytes before", () => {
    for (let size = 9; size <= PAGE_SIZE / 8; size++) {
      const waste = CLASS_SIZES[classOfSize(size)]! - size;
      if (waste > Math.max(7, size / 8)) throw new Error(`${size} bytes waste ${waste}`);
    }
  });
});
