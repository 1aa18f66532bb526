import { describe, expect, test } from "bun:test";
import { DIRECTORY_BITS_MAX } from "../../src/store/control-memory.ts";
import { STRONG, tableBegin, TableDirectories } from "../../src/store/table-directory.ts";
import { HeapFixture } from "../support/heap-fixture.ts";
import { Random } from "../support/random.ts";

function makeDirectories(segmentBits: number, pageCount = 4): TableDirectories {
  const { control, layout } = new HeapFixture(pageCount, segmentBits);
  return new TableDirectories(control, layout);
}

/** A hash that leads to a place of a directory with so many bits. */
function hashFor(place: number, bits: number): number {
  return place << (32 - bits);
}

describe("TableDirectories", () => {
  test("begin with a place for each segment and no tables", () => {
    for (const bits of [1, 2, 10]) {
      const directories = makeDirectories(bits);
      const { main } = directories;
      expect(directories.bits(main)).toBe(bits);
      expect(directories.length(main)).toBe(2 ** bits);
      for (let place = 0; place < 2 ** bits; place++) {
        expect(directories.tableAt(main, place)).toBe(0);
        expect(directories.depthAt(main, place)).toBe(bits);
        expect(directories.countAt(main, place)).toBe(0);
        expect(directories.shareCountOf(main, place)).toBe(1);
        expect(directories.placeOf(main, hashFor(place, bits))).toBe(place);
        expect(directories.placeOf(main, hashFor(place + 1, bits) - 1)).toBe(place);
      }
    }
  });

  test("are the same for a thread that comes later", () => {
    const { control, layout } = new HeapFixture(4, 2);
    const first = new TableDirectories(control, layout);
    first.setTable(first.main, 1, 64);
    first.ensureDivisible(first.main, 0);
    const second = new TableDirectories(control, layout);
    expect(second.bits(second.main)).toBe(3);
    expect(second.tableAt(second.main, 2)).toBe(64);
  });

  test("divide a table's places, and with it what its neighbours share", () => {
    const directories = makeDirectories(1);
    const { main } = directories;
    directories.setTable(main, 0, 64);
    directories.setCount(main, 0, 100);
    directories.setTable(main, 1, 128);
    directories.setCount(main, 1, 7);
    expect(directories.ensureDivisible(main, 0)).toBe(true);
    expect(directories.bits(main)).toBe(2);
    expect([0, 1, 2, 3].map((place) => directories.tableAt(main, place))).toEqual([
      64, 64, 128, 128,
    ]);
    expect([0, 1, 2, 3].map((place) => directories.countAt(main, place))).toEqual([100, 100, 7, 7]);
    expect(directories.shareCountOf(main, 3)).toBe(2);
    expect(directories.firstPlaceOf(main, 3)).toBe(2);

    directories.divide(main, 1, 192, 256, 40);
    expect([0, 1, 2, 3].map((place) => directories.tableAt(main, place))).toEqual([
      192, 256, 128, 128,
    ]);
    expect([0, 1, 2, 3].map((place) => directories.countAt(main, place))).toEqual([60, 40, 7, 7]);
    expect([0, 1, 2, 3].map((place) => directories.depthAt(main, place))).toEqual([2, 2, 1, 1]);
    // The neighbour still has two places: no need to double again.
    expect(directories.ensureDivisible(main, -1)).toBe(true);
    expect(directories.bits(main)).toBe(2);
  });

  test("refuse to divide a table that has one place", () => {
    const directories = makeDirectories(1);
    expect(() => directories.divide(directories.main, 0, 64, 128, 0)).toThrow("two places");
  });

  test("agree with a list of tables by prefix, whatever is divided", () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const directories = makeDirectories(1, 30);
      const { main } = directories;
      let next = 64;
      const tables = new Map<string, { table: number; count: number }>();
      for (const prefix of ["0", "1"]) {
        tables.set(prefix, { table: next, count: 1000 });
        directories.setTable(main, Number(prefix), next);
        directories.setCount(main, Number(prefix), 1000);
        next += 64;
      }
      for (let step = 0; step < 60; step++) {
        const hash = random.word();
        const bits = (hash >>> 0).toString(2).padStart(32, "0");
        const prefix = [...tables.keys()].find((start) => bits.startsWith(start))!;
        const { count } = tables.get(prefix)!;
        if (!directories.ensureDivisible(main, hash)) continue;
        const highCount = random.below(count + 1);
        const [low, high] = [next, next + 64];
        next += 128;
        directories.divide(main, directories.placeOf(main, hash), low, high, highCount);
        tables.delete(prefix);
        tables.set(`${prefix}0`, { table: low, count: count - highCount });
        tables.set(`${prefix}1`, { table: high, count: highCount });
        for (const [start, wanted] of tables) {
          const place = directories.placeOf(main, parseInt(start.padEnd(32, "0"), 2) | 0);
          const found = directories.tableAt(main, place);
          expect(found, `seed ${seed}`).toBe(wanted.table);
          expect(directories.countAt(main, place), `seed ${seed}`).toBe(wanted.count);
          expect(directories.depthAt(main, place), `seed ${seed}`).toBe(start.length);
        }
      }
    }
  });

  test("divide until there is no room and then say so", () => {
    const { control, layout } = new HeapFixture(4, 1);
    const directories = new TableDirectories(control, layout);
    const { main } = directories;
    directories.setTable(main, 0, 64);
    let bits = 1;
    while (directories.ensureDivisible(main, 0)) {
      directories.divide(main, 0, 64, 128, 0);
      bits++;
    }
    expect(bits).toBe(layout.directoryBitsMax);
    expect(directories.bits(main)).toBe(bits);
    expect(directories.tableAt(main, 0)).toBe(64);
  });
});

describe("a strong directory", () => {
  test("begins with one table and its count", () => {
    const directories = makeDirectories(1);
    const strong = directories.createStrong(64 | 13, 500);
    expect(directories.bits(strong)).toBe(0);
    expect(directories.length(strong)).toBe(1);
    for (const hash of [0, 1, -1, 2 ** 31]) expect(directories.placeOf(strong, hash)).toBe(0);
    expect(directories.tableAt(strong, 0)).toBe(64 | 13);
    expect(directories.countAt(strong, 0)).toBe(500);
  });

  test("moves to where there is room when it outgrows its own, up to the most bits", () => {
    const directories = makeDirectories(1, 5000);
    const strong = directories.createStrong(64, 1000);
    const other = directories.createStrong(128, 5);
    let bits = 0;
    while (directories.ensureDivisible(strong, 0)) {
      directories.divide(strong, 0, 64, 192 + 64 * bits, 1);
      bits++;
      expect(directories.tableAt(strong, 0)).toBe(64);
      for (let depth = 1; depth < bits; depth++) {
        const place = directories.placeOf(strong, 2 ** (31 - depth));
        expect(directories.tableAt(strong, place)).toBe(192 + 64 * depth);
        expect(directories.countAt(strong, place)).toBe(1);
      }
    }
    expect(bits).toBeGreaterThan(10);
    expect(bits).toBeLessThanOrEqual(DIRECTORY_BITS_MAX);
    expect(directories.countAt(strong, 0)).toBe(1000 - bits);
    expect(directories.tableAt(other, 0)).toBe(128);
    expect(directories.countAt(other, 0)).toBe(5);
  });

  test("cannot be made when control memory is full", () => {
    const directories = makeDirectories(1);
    let count = 0;
    while (directories.createStrong(64, 0) !== 0) count++;
    expect(count).toBeGreaterThan(1000);
  });
});

describe("tableBegin", () => {
  test("leaves out the size, the mark and the bank", () => {
    expect(tableBegin(0)).toBe(0);
    expect(tableBegin(64 | 13)).toBe(128);
    expect(tableBegin(64 | 13 | STRONG)).toBe(128);
    expect(tableBegin(0xf8000000 | 0x07ffffc0 | 13)).toBe(0x07ffffc0 * 2);
  });
});
