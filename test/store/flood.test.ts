// Keys built to collide, by somebody who knows the hash and even its seed. Nothing is timed: what
// must stay small is the number of slots that a search looks at.

import { describe, expect, test } from "bun:test";
import { PROBE_LENGTH_MAX } from "../../src/store/slot-table.ts";
import { EQUAL_HASHES_MAX } from "../../src/store/table-shape.ts";
import { Random } from "../support/random.ts";
import { StoreFixture } from "../support/store-fixture.ts";
import { collidingKeys, keyWithHash } from "../support/xxhash-collisions.ts";

const SEED = 0x5eed;
const HASH = 0x12345678;
/** Far above what a table of random hashes shows, far below what a flood would cause. */
const CALM_PROBE_LENGTH = 100;

function makeFixture(segmentBits = 4): StoreFixture {
  return new StoreFixture({ sizeBytes: 64 * 2 ** 20, segmentBits, seeds: [SEED, 2, 3] });
}

describe("keyWithHash", () => {
  test("makes different keys with the wanted hash under the wanted seed", () => {
    const fixture = makeFixture();
    const random = new Random(1);
    for (let i = 0; i < 1000; i++) {
      const hash = random.word();
      expect(fixture.hashOf(keyWithHash(hash, SEED, i))).toBe(hash);
    }
    expect(new Set(collidingKeys(HASH, SEED, 1000)).size).toBe(1000);
  });
});

describe("Store under keys that collide", () => {
  test("spreads those that were built for another seed, which collide under every seed", () => {
    const random = new Random(1);
    for (let round = 0; round < 10; round++) {
      const fixture = makeFixture(4);
      const keys = collidingKeys(random.word(), random.word(), 4000);
      // Adding another seed to the state of the hash changes its rotation by a few carries only.
      expect(new Set(keys.map((key) => fixture.hashOf(key))).size).toBeLessThanOrEqual(4);
      for (const key of keys) expect(fixture.set(key, key)).toBe(true);
      const census = fixture.census();
      expect(census.strongCount).toBeGreaterThan(0);
      expect(census.probeLengthMax).toBeLessThan(CALM_PROBE_LENGTH);
      for (const key of keys) expect(fixture.get(key)).toBe(key);
    }
  });

  test("leaves a table in order up to as many equal hashes as it puts up with", () => {
    const fixture = makeFixture();
    const keys = collidingKeys(HASH, SEED, EQUAL_HASHES_MAX + 1);
    for (const key of keys.slice(0, -1)) fixture.set(key, key);
    expect(fixture.census().strongCount).toBe(0);
    fixture.set(keys.at(-1)!, "one too many");
    expect(fixture.census().strongCount).toBe(1);
    for (const key of keys.slice(0, -1)) expect(fixture.get(key)).toBe(key);
    expect(fixture.get(keys.at(-1)!)).toBe("one too many");
  });

  test("answers right for thousands with one hash, and probes no further for the last", () => {
    const fixture = makeFixture();
    const keys = collidingKeys(HASH, SEED, 8000);
    const others = Array.from({ length: 8000 }, (_, i) => `other ${i}`);
    for (let i = 0; i < keys.length; i++) {
      expect(fixture.set(others[i]!, "other")).toBe(true);
      expect(fixture.set(keys[i]!, keys[i]!)).toBe(true);
      if (i % 500 === 0) expect(fixture.census().probeLengthMax).toBeLessThan(CALM_PROBE_LENGTH);
    }
    expect(fixture.census()).toMatchObject({ strongCount: 1, entryCount: 16_000 });
    expect(new Set(fixture.references().map((entry) => fixture.keyOf(entry)))).toEqual(
      new Set([...keys, ...others]),
    );
    for (const key of keys) expect(fixture.set(key, `${key} again`)).toBe(true);
    for (const key of keys) expect(fixture.replace(key, `${key} longer than it was`)).toBe(true);
    expect(fixture.store.keyCount).toBe(16_000);
    for (const key of keys) expect(fixture.get(key)).toBe(`${key} longer than it was`);
    for (const key of collidingKeys(HASH + 1, SEED, 100)) expect(fixture.get(key)).toBeNull();

    for (const key of keys.slice(100)) expect(fixture.remove(key)).toBe(true);
    for (const key of keys.slice(100)) expect(fixture.get(key)).toBeNull();
    for (const key of keys.slice(0, 100)) expect(fixture.remove(key)).toBe(true);
    for (const key of others) expect(fixture.get(key)).toBe("other");
    expect(fixture.census().probeLengthMax).toBeLessThan(CALM_PROBE_LENGTH);
  });

  test("expires deadlines that were set before the flood and after it", () => {
    const fixture = makeFixture(1);
    const firstMs = fixture.nowMs + 1000;
    const laterMs = fixture.nowMs + 60_000;
    const keys = collidingKeys(HASH, SEED, 3000);
    const others = Array.from({ length: 3000 }, (_, i) => `other ${i}`);
    const deadlineOf = (index: number) =>
      index % 3 === 0 ? 0 : index % 3 === 1 ? firstMs : laterMs;
    for (const [i, key] of others.entries()) fixture.set(key, key, deadlineOf(i));
    for (const [i, key] of keys.entries()) fixture.set(key, key, deadlineOf(i));
    expect(fixture.census().strongCount).toBe(1);
    for (const [i, key] of keys.entries()) {
      expect(fixture.deadlineOf(key)).toBe(deadlineOf(i));
      if (i % 9 === 0) expect(fixture.expireAt(key, firstMs)).toBe(true);
      if (i % 9 === 1) expect(fixture.expireAt(key, 0)).toBe(true);
    }
    // Nobody reads a key: the index alone must find what is due.
    fixture.moveTo(firstMs + 200);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(4000);
    fixture.moveTo(laterMs + 200);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(2000);
    expect(fixture.store.deadlineCount).toBe(0);
    for (const [i, key] of others.entries()) expect(fixture.get(key) === key).toBe(i % 3 === 0);
    for (const [i, key] of keys.entries()) {
      expect(fixture.get(key) === key).toBe(i % 9 === 1 || i % 9 === 3 || i % 9 === 6);
    }
  });

  test("keeps every probe within its bound under many hashes that a few keys share", () => {
    const fixture = makeFixture(1);
    const random = new Random(1);
    const keys: string[] = [];
    while (keys.length < 60_000) keys.push(...collidingKeys(random.word(), SEED, EQUAL_HASHES_MAX));
    for (const [i, key] of keys.entries()) {
      expect(fixture.set(key, "")).toBe(true);
      if (i % 4000 === 0) expect(fixture.census().probeLengthMax).toBeLessThanOrEqual(512);
    }
    for (const key of keys) expect(fixture.get(key)).toBe("");
    for (const key of keys) expect(fixture.remove(key)).toBe(true);
    expect(fixture.store.keyCount).toBe(0);
  });
});

describe("Store under hashes that are chosen", () => {
  test("finds every key when a table shrinks and two crowded homes become one", () => {
    const fixture = makeFixture(1);
    const crowdLength = PROBE_LENGTH_MAX - 12;
    const half = 4096;
    const keys: string[] = [];
    for (let i = 0; i < crowdLength; i++) {
      keys.push(keyWithHash((i << 13) | 5, SEED, 0), keyWithHash((i << 13) | half | 5, SEED, 0));
    }
    // Enough others, each at a home of its own, for a table of 8192 slots.
    const others = Array.from({ length: 3300 }, (_, i) =>
      keyWithHash((i << 13) | (700 + i), SEED, 1),
    );
    for (const key of [...others, ...keys]) expect(fixture.set(key, key)).toBe(true);
    expect(fixture.census()).toMatchObject({ tableCount: 1, tableBytes: 65_536, strongCount: 0 });
    for (const key of others) expect(fixture.remove(key)).toBe(true);
    for (const key of keys) expect(fixture.get(key)).toBe(key);
    expect(fixture.store.keyCount).toBe(keys.length);
  });

  test("takes in more keys than one table holds although no bit tells their hashes apart", () => {
    const fixture = makeFixture(1);
    const keys = Array.from({ length: 20_000 }, (_, i) =>
      keyWithHash((0x12345 << 13) | (i & 8191), SEED, i >> 13),
    );
    for (const key of keys) expect(fixture.set(key, key)).toBe(true);
    for (const key of keys) expect(fixture.get(key)).toBe(key);
    const census = fixture.census();
    expect(census).toMatchObject({ entryCount: 20_000, strongCount: 1 });
    expect(census.probeLengthMax).toBeLessThan(CALM_PROBE_LENGTH);
    for (const key of keys) expect(fixture.remove(key)).toBe(true);
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("takes in keys that all have one home", () => {
    const fixture = makeFixture(1);
    const keys = Array.from({ length: 4000 }, (_, i) => keyWithHash((i << 13) | 77, SEED, 0));
    for (const key of keys) expect(fixture.set(key, key)).toBe(true);
    expect(fixture.census().probeLengthMax).toBeLessThan(CALM_PROBE_LENGTH);
    for (const key of keys) expect(fixture.get(key)).toBe(key);
  });
});
