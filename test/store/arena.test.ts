import { describe, expect, test } from "bun:test";
import {
  Arena,
  ARENA_SIZE_MAX,
  BANK_SHIFT,
  BANK_SIZE,
  byteOffsetOf,
  PAGE_SHIFT,
  PAGE_SIZE,
  PAGE_UNITS,
  PAGES_PER_BANK,
  reserveArena,
  SPAN_MASK,
  SPAN_SHIFT,
  UNIT_SIZE,
  wordIndexOf,
} from "../../src/store/arena.ts";

const SPAN_PAGES = 4 * PAGES_PER_BANK;

describe("reserveArena", () => {
  test("rounds down to whole pages", () => {
    const arena = new Arena(reserveArena(5 * PAGE_SIZE - 1));
    expect(arena.pageCount).toBe(4);
    expect(arena.areas.map((bank) => bank.length)).toEqual([4 * PAGE_SIZE]);
  });

  test("divides what is larger than a bank", () => {
    const arena = new Arena(reserveArena(BANK_SIZE + 3 * PAGE_SIZE));
    expect(arena.pageCount).toBe(PAGES_PER_BANK + 3);
    expect(arena.areas.map((bank) => bank.length)).toEqual([BANK_SIZE, 3 * PAGE_SIZE]);
  });

  test("divides what is larger than a buffer can be", () => {
    for (const pages of [SPAN_PAGES - 1, SPAN_PAGES, SPAN_PAGES + 1, 2 * SPAN_PAGES]) {
      const { pageCount, spans } = reserveArena(pages * PAGE_SIZE);
      expect(pageCount).toBe(pages);
      expect(spans).toHaveLength(pages <= SPAN_PAGES ? 1 : 2);
      for (const span of spans) expect(span.byteLength).toBeLessThanOrEqual(4 * BANK_SIZE);
    }
  });

  test("refuses less than two pages", () => {
    expect(() => reserveArena(2 * PAGE_SIZE - 1)).toThrow("at least two pages");
    expect(reserveArena(2 * PAGE_SIZE).pageCount).toBe(2);
  });
});

describe("Arena", () => {
  test("shows the same memory as banks and as spans", () => {
    const arena = new Arena(reserveArena(6 * BANK_SIZE));
    expect(arena.spans).toHaveLength(2);
    expect(arena.words).toHaveLength(6);
    const references = [PAGE_UNITS, (3 << BANK_SHIFT) + 5, 4 << BANK_SHIFT, (5 << BANK_SHIFT) + 77];
    for (const reference of references) {
      arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)] = reference;
      const word = (reference & SPAN_MASK) << 1;
      expect(arena.spans[reference >>> SPAN_SHIFT]![word]).toBe(reference);
    }
  });

  test("shows each bank as words and as bytes of the same memory", () => {
    const buffers = reserveArena(2 * PAGE_SIZE);
    const arena = new Arena(buffers);
    const other = new Arena(buffers);
    arena.words[0]![1] = 0x01020304;
    expect(other.areas[0]!.view.getInt32(4, true)).toBe(0x01020304);
    expect(other.areas[0]!.length).toBe(2 * PAGE_SIZE);
    expect(other.pageCount).toBe(2);
  });
});

describe("a reference", () => {
  test("leads to its bank, its first word and first byte, up to the last unit of 32 GiB", () => {
    for (const address of [0, 8, PAGE_SIZE, BANK_SIZE - 8, BANK_SIZE, 16 * BANK_SIZE - 8]) {
      for (const base of [0, 16 * BANK_SIZE]) {
        const reference = ((base + address) / UNIT_SIZE) | 0;
        const offset = (base + address) % BANK_SIZE;
        expect(reference >>> BANK_SHIFT).toBe(Math.floor((base + address) / BANK_SIZE));
        expect(byteOffsetOf(reference)).toBe(offset);
        expect(wordIndexOf(reference)).toBe(offset / 4);
        expect(reference >>> PAGE_SHIFT).toBe(Math.floor((base + address) / PAGE_SIZE));
      }
    }
    const last = (ARENA_SIZE_MAX / UNIT_SIZE - 1) | 0;
    expect(last).toBe(-1);
    expect(last >>> BANK_SHIFT).toBe(31);
    expect(byteOffsetOf(last)).toBe(BANK_SIZE - UNIT_SIZE);
  });
});
