import { describe, expect, test } from "bun:test";
import { DATABASE_SHIFT } from "../../src/store/entry.ts";
import { ALL_DATABASES } from "../../src/store/table-clearing.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { SegmentsFixture } from "../support/segments-fixture.ts";
import { collidingKeys, keyWithHash } from "../support/xxhash-collisions.ts";

const SEED = 1;
const KEYS = Array.from({ length: 2000 }, (_, i) => `${i}`);

function setUp(keys: readonly string[]) {
  const fixture = new SegmentsFixture(60, 2, { slotsLog2Max: 7, seed: SEED });
  for (const key of keys) fixture.add(key);
  const clear = (databaseBits: number) => {
    const forgotten: string[] = [];
    fixture.segments.clearing.run(databaseBits, (reference) => {
      forgotten.push(fixture.keyOf(reference));
      fixture.heap.free(reference);
    });
    return forgotten;
  };
  return { fixture, clear };
}

describe("TableClearing", () => {
  test("of all gives up every table", () => {
    const { fixture, clear } = setUp(KEYS);
    expect(clear(ALL_DATABASES).toSorted()).toEqual(KEYS.toSorted());
    expect(fixture.segments.keyCount).toBe(0);
    expect(fixture.census()).toMatchObject({ entryCount: 0, tableCount: 0, tableBytes: 0 });
    for (const key of KEYS) expect(fixture.find(key)).toBe(0);
  });

  test("leaves tables that keys can go to again, and a flood that is one still", () => {
    const flood = collidingKeys(0x12345678, SEED, 500);
    const { fixture, clear } = setUp([...KEYS, ...flood]);
    expect(fixture.census().strongCount).toBe(1);
    for (let round = 0; round < 3; round++) {
      expect(clear(ALL_DATABASES)).toHaveLength(2500);
      expect(fixture.census().entryCount).toBe(0);
      for (const key of [...KEYS, ...flood]) expect(fixture.add(key)).not.toBe(0);
      for (const key of [...KEYS, ...flood]) expect(fixture.find(key)).not.toBe(0);
      expect(fixture.census()).toMatchObject({ entryCount: 2500, strongCount: 1 });
      expect(fixture.segments.keyCount).toBe(2500);
    }
  });

  test("of a database that has no key leaves everything as it is", () => {
    const { fixture, clear } = setUp(KEYS);
    const before = fixture.census();
    expect(clear(5 << DATABASE_SHIFT)).toEqual([]);
    expect(fixture.census()).toEqual(before);
    expect(fixture.segments.keyCount).toBe(2000);
  });

  test("removes runs that go round the end of a table", () => {
    const { fixture, clear } = setUp([]);
    // All at home in the last slot of 64, so that they go on from the first.
    const keys = Array.from({ length: 14 }, (_, i) => keyWithHash(63, SEED, i));
    for (const key of keys) fixture.add(key);
    expect(clear(0).toSorted()).toEqual(keys.toSorted());
    expect(fixture.census().tableCount).toBe(0);
  });

  test("takes one database out of tables that it shares, and halves those", () => {
    const fixture = new KeyspaceFixture({ sizeBytes: 16 * 2 ** 20 });
    for (let i = 0; i < 8000; i++) {
      fixture.set(i % 50 === 0 ? 1 : 2, `${i}`, `value ${i}`);
    }
    const { slots } = fixture.store.memoryBytes();
    fixture.keys.flush(2);
    expect(fixture.store.memoryBytes().slots).toBeLessThan(slots / 8);
    expect(fixture.census().entryCount).toBe(160);
    for (let i = 0; i < 8000; i++) {
      expect(fixture.get(1, `${i}`)).toBe(i % 50 === 0 ? `value ${i}` : null);
      expect(fixture.get(2, `${i}`)).toBe(null);
    }
  });
});
