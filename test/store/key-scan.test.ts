import { describe, expect, test } from "bun:test";
import { databaseSeed } from "../../src/store/database.ts";
import { ALL_DATABASES } from "../../src/store/table-clearing.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { Random } from "../support/random.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const MIB = 2 ** 20;
const SEED = 0x5eed;
const CURSOR_END = 2 ** 48;

function makeFixture(slotsLog2Max = 13, segmentBits = 2): KeyspaceFixture {
  return new KeyspaceFixture({
    sizeBytes: 64 * MIB,
    segmentBits,
    slotsLog2Max,
    seeds: [SEED, 2, 3],
  });
}

function fill(fixture: KeyspaceFixture, database: number, count: number, name = "key"): string[] {
  const keys = Array.from({ length: count }, (_, i) => `${name}:${i}`);
  for (const key of keys) fixture.set(database, key, "value");
  return keys;
}

describe("KeyScan", () => {
  test("ends at once where nothing is", () => {
    const fixture = makeFixture();
    fill(fixture, 1, 100);
    expect(fixture.scan(0, 0, 10)).toEqual({ keys: [], cursor: 0 });
    expect(fixture.scan(2, 12_345, 10)).toEqual({ keys: [], cursor: 0 });
  });

  test.each([1, 7, 10, 1000, 1_000_000])("visits every key once, by %d", (count) => {
    const fixture = makeFixture();
    const keys = fill(fixture, 0, 5000);
    fill(fixture, 1, 700);
    expect(fixture.scanAll(0, count).toSorted()).toEqual(keys.toSorted());
    expect(fixture.scanAll(1, count)).toHaveLength(700);
  });

  test.each([1, 32, 1000])("visits every key of all databases once, by %d", (count) => {
    const fixture = makeFixture();
    for (let database = 0; database < 16; database++) fill(fixture, database, 50 * database);
    const { store } = fixture;
    const met = new Set<number>();
    let visitedCount = 0;
    let cursor = 0;
    do {
      cursor = store.segments.scan.run(ALL_DATABASES, cursor, count, (reference) => {
        met.add(reference);
        visitedCount++;
      });
    } while (cursor !== 0);
    expect([met.size, visitedCount]).toEqual([6000, 6000]);
  });

  test("visits about as many keys as are wanted, though a table has thousands", () => {
    const fixture = makeFixture();
    fill(fixture, 0, 15_000);
    expect(fixture.census().tableCount).toBe(4);
    const counts: number[] = [];
    for (let cursor = 0; ;) {
      const { keys, cursor: next } = fixture.scan(0, cursor, 10);
      counts.push(keys.length);
      if (next === 0) break;
      expect(next).toBeGreaterThan(cursor);
      cursor = next;
    }
    expect(Math.max(...counts)).toBeLessThan(50);
    expect(15_000 / counts.length).toBeGreaterThan(7);
    expect(15_000 / counts.length).toBeLessThan(15);
  });

  test("looks for the keys of a small database in a large store a part at a time", () => {
    const fixture = makeFixture();
    fill(fixture, 0, 60_000);
    const keys = fill(fixture, 9, 5);
    let calls = 1;
    expect(fixture.scanAll(9, 10, () => calls++).toSorted()).toEqual(keys);
    expect(calls).toBeGreaterThan(5);
    expect(calls).toBeLessThan(60);
  });

  test("takes any cursor", () => {
    const fixture = makeFixture();
    fill(fixture, 0, 5000);
    for (const key of collidingKeys(77, SEED, 200)) fixture.set(0, key, "value");
    const random = new Random(1);
    for (let i = 0; i < 2000; i++) {
      const cursor = (random.word() >>> 0) * 2 ** 16 + random.below(2 ** 16);
      const { cursor: next } = fixture.scan(0, cursor, random.between(1, 20));
      expect(next).toBeGreaterThanOrEqual(0);
      expect(next).toBeLessThan(CURSOR_END);
    }
    expect(fixture.scan(0, CURSOR_END + 5, 10)).toEqual(fixture.scan(0, 5, 10));
  });

  test("passes over keys that have expired", () => {
    const fixture = makeFixture();
    const deadlineMs = BigInt(fixture.clock.now + 10);
    for (let i = 0; i < 100; i++) fixture.set(0, `${i}`, "value", i < 40 ? deadlineMs : 0n);
    fixture.moveTo(fixture.clock.now + 10);
    expect(fixture.scanAll(0, 10)).toHaveLength(60);
    expect(fixture.keys.count(0)).toBe(100);
  });

  test("visits those of a flood, a part at a time", () => {
    const fixture = makeFixture(7);
    const database = 3;
    const flood = collidingKeys(0x12345678, databaseSeed(SEED, database), 3000);
    for (const key of flood) fixture.set(database, key, "value");
    const others = fill(fixture, database, 1000);
    expect(fixture.census().strongCount).toBe(1);
    let calls = 1;
    const seen = fixture.scanAll(database, 10, () => calls++);
    expect(seen.toSorted()).toEqual([...flood, ...others].toSorted());
    expect(calls).toBeGreaterThan(200);
  });
});

describe("KeyScan while keys come and go", () => {
  test("misses none of a table that is flooded in the middle", () => {
    const fixture = makeFixture(13, 1);
    const keys = fill(fixture, 0, 8000);
    let calls = 0;
    const seen = fixture.scanAll(0, 100, () => {
      if (++calls === 20) {
        for (const key of collidingKeys(1, SEED, 40)) fixture.set(0, key, "value");
        expect(fixture.census().strongCount).toBe(1);
      }
    });
    expect(calls).toBeGreaterThan(60);
    const visited = new Set(seen);
    expect(keys.filter((key) => !visited.has(key))).toEqual([]);
  });

  const tally = { splits: 0, floods: 0, shrinks: 0 };

  test.each(Array.from({ length: 12 }, (_, seed) => seed))("misses none, seed %d", (seed) => {
    const random = new Random(seed);
    const fixture = makeFixture(random.between(6, 10), random.between(1, 5));
    const { store } = fixture;
    const database = random.below(16);
    const staying = fill(fixture, database, random.between(1, 3000), "stays");
    const colliding = collidingKeys(random.word(), databaseSeed(SEED, database), 400);
    for (let i = random.below(30); i > 0; i--) staying.push(colliding.pop()!);
    for (const key of staying) fixture.set(database, key, "value");
    const passing = Array.from({ length: 6000 }, (_, i) => `passes:${i}`);
    const before = fixture.census();
    let isGrowing = random.oneIn(2);
    if (!isGrowing) for (const key of passing) fixture.set(database, key, "value");
    let calls = 0;
    const seen = fixture.scanAll(database, random.between(5, 60), () => {
      if (++calls % 40 === 0) isGrowing = !isGrowing;
      const slots = store.memoryBytes().slots;
      for (let i = 0; i < 150; i++) {
        const key = random.oneIn(5) ? random.pick(colliding) : random.pick(passing);
        if (isGrowing) fixture.set(random.oneIn(4) ? 0 : database, key, "value");
        else fixture.delete(database, key);
      }
      if (!isGrowing && store.memoryBytes().slots < slots) tally.shrinks++;
    });
    const after = fixture.census();
    tally.splits += after.directoryBits - before.directoryBits;
    tally.floods += after.strongCount - before.strongCount;
    const visited = new Set(seen);
    expect(staying.filter((key) => !visited.has(key))).toEqual([]);
  });

  test("has seen tables split, shrink and be flooded in between", () => {
    expect(tally.splits).toBeGreaterThan(5);
    expect(tally.floods).toBeGreaterThan(3);
    expect(tally.shrinks).toBeGreaterThan(5);
  });
});

describe("a random key", () => {
  test("is any of them", () => {
    const fixture = makeFixture();
    const keys = fill(fixture, 4, 60);
    fill(fixture, 5, 60, "other");
    const met = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = fixture.keys.randomKey(4)!.toString();
      met.set(key, (met.get(key) ?? 0) + 1);
    }
    expect([...met.keys()].toSorted()).toEqual(keys.toSorted());
    expect(Math.max(...met.values())).toBeLessThan(1200);
  });

  test("is found among many of other databases", () => {
    const fixture = makeFixture();
    fill(fixture, 0, 60_000);
    expect(fixture.keys.randomKey(7)).toBe(null);
    fixture.set(7, "alone", "value");
    expect(fixture.keys.randomKey(7)!.toString()).toBe("alone");
  });

  test("is of a flood, too", () => {
    const fixture = makeFixture();
    const flood = collidingKeys(0x12345678, SEED, 300);
    for (const key of flood) fixture.set(0, key, "value");
    const met = new Set<string>();
    for (let i = 0; i < 3000; i++) met.add(fixture.keys.randomKey(0)!.toString("latin1"));
    expect(met.size).toBeGreaterThan(200);
  });

  test("has not expired", () => {
    const fixture = makeFixture();
    for (let i = 0; i < 500; i++) {
      fixture.set(0, `${i}`, "value", BigInt(fixture.clock.now + 10));
    }
    fixture.moveTo(fixture.clock.now + 10);
    expect(fixture.keys.randomKey(0)).toBe(null);
    fixture.set(0, "lives", "value");
    expect(fixture.keys.randomKey(0)!.toString()).toBe("lives");
  });
});
