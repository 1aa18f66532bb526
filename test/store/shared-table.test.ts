import { describe, expect, test } from "bun:test";
import { layOutControl, placeSharedTable, reserveControl } from "../../src/store/control-memory.ts";
import { COUNT, SharedTable, VALUE, usedCountMax } from "../../src/store/shared-table.ts";
import { StoreLocks } from "../../src/store/store-locks.ts";
import { Random } from "../support/random.ts";

const PLACE = placeSharedTable(100, 7);
const FULL = usedCountMax(PLACE.slotsLog2);

function makeTable() {
  const layout = layOutControl(2, 1);
  const control = new Int32Array(reserveControl(layout));
  const locks = new StoreLocks(control, layout);
  const table = new SharedTable({ control, layout, locks }, PLACE);
  return { control, locks, table };
}

describe("SharedTable", () => {
  test("has room for three quarters of its slots, and for a key again when one has gone", () => {
    const { control, locks, table } = makeTable();
    locks.enter();
    for (let key = 1; key <= FULL; key++) expect(table.add(key, 0)).toBeGreaterThan(0);
    expect(table.count).toBe(FULL);
    expect(table.add(FULL + 1, 0)).toBe(-1);
    expect(table.count).toBe(FULL);
    table.remove(table.find(7, 0));
    const at = table.add(FULL + 1, 0);
    expect([control[at + COUNT], control[at + VALUE]]).toEqual([1, 0]);
    expect(table.find(7, 0)).toBe(-1);
  });

  test("tells keys apart by both words", () => {
    const { locks, table } = makeTable();
    locks.enter();
    const at = table.add(5, 9);
    const other = table.add(9, 5);
    expect(table.find(5, 9)).toBe(at);
    expect(table.find(9, 5)).toBe(other);
    expect(table.find(5, 5)).toBe(-1);
  });

  test("keeps count and value of every key, whatever comes and goes", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = new Random(seed);
      const { control, locks, table } = makeTable();
      locks.enter();
      const model = new Map<string, readonly [count: number, value: number]>();
      for (let step = 0; step < 1000; step++) {
        // Few homes for many keys, and words of either sign.
        const key = [random.between(-60, 60) << 25, random.below(3)] as const;
        const name = key.join();
        const at = table.find(...key);
        expect(at >= 0, `seed ${seed}, step ${step}, ${name}`).toBe(model.has(name));
        if (at >= 0 && random.oneIn(2)) {
          table.remove(at);
          model.delete(name);
        } else {
          const place = at >= 0 ? at : table.add(...key);
          expect(place < 0, `seed ${seed}, step ${step}, full`).toBe(model.size === FULL && at < 0);
          if (place < 0) continue;
          const words = [random.between(1, 9), random.word()] as const;
          [control[place + COUNT], control[place + VALUE]] = words;
          model.set(name, words);
        }
      }
      expect(table.count, `seed ${seed}`).toBe(model.size);
      const found = new Map<string, readonly number[]>();
      table.forEach((at) => {
        const words = [control[at + COUNT]!, control[at + VALUE]!];
        found.set(`${control[at]},${control[at + 1]}`, words);
      });
      expect(found, `seed ${seed}`).toEqual(model);
      for (const [name, words] of model) {
        const [first, second] = name.split(",").map(Number) as [number, number];
        const at = table.find(first, second);
        expect([control[at + COUNT], control[at + VALUE]], `seed ${seed}`).toEqual([...words]);
      }
    }
  });

  test("is asked by nobody without the structure", () => {
    const { locks, table } = makeTable();
    expect(() => table.find(1, 0)).toThrow("has the structure");
    expect(table.count).toBe(0);
    locks.enter();
    expect(table.find(1, 0)).toBe(-1);
  });

  test("is not made in memory that was reserved for one thread", () => {
    const layout = layOutControl(2, 1);
    const control = new Int32Array(reserveControl(layout));
    const shared = { control, layout, locks: new StoreLocks(control, layout) };
    expect(() => new SharedTable(shared, layout.pins)).toThrow("several threads");
  });
});
