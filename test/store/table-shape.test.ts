import { describe, expect, test } from "bun:test";
import { occupiedMax } from "../../src/store/slot-table.ts";
import { EQUAL_HASHES_MAX } from "../../src/store/table-shape.ts";
import { SegmentsFixture } from "../support/segments-fixture.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const SEED = 1;
const HASH = 0x12345678;

describe("the shape of a table", () => {
  test("is doubled at seven tenths and halved at an eighth", () => {
    const fixture = new SegmentsFixture(40, 1);
    const keys: string[] = [];
    // One segment's keys alone.
    for (let i = 0; keys.length < 3000; i++) if (fixture.hashOf(`${i}`) >= 0) keys.push(`${i}`);
    for (const [i, key] of keys.entries()) {
      fixture.add(key);
      let log2 = 6;
      while (i + 1 > occupiedMax(log2)) log2++;
      expect(fixture.census().tableBytes).toBe(8 << log2);
    }
    let log2 = 13;
    for (let count = keys.length - 1; count >= 0; count--) {
      fixture.remove(keys[count]!);
      if (count < 2 ** log2 / 8 && log2 > 6) log2--;
      expect(fixture.census().tableBytes).toBe(8 << log2);
    }
  });

  test("never falls below the smallest there is", () => {
    const fixture = new SegmentsFixture(40, 1, { slotsLog2Min: 8 });
    fixture.add("key");
    expect(fixture.census().tableBytes).toBe(8 << 8);
    fixture.remove("key");
    expect(fixture.census().tableBytes).toBe(8 << 8);
  });

  test("is split in two where it has the largest there is", () => {
    const fixture = new SegmentsFixture(40, 1, { slotsLog2Max: 6 });
    const keys: string[] = [];
    // One segment's keys alone.
    for (let i = 0; keys.length <= occupiedMax(6); i++) {
      if (fixture.hashOf(`${i}`) >= 0) keys.push(`${i}`);
    }
    const last = keys.pop()!;
    for (const key of keys) fixture.add(key);
    expect(fixture.census()).toMatchObject({ tableCount: 1, directoryBits: 1 });
    fixture.add(last);
    expect(fixture.census()).toMatchObject({ tableCount: 2, directoryBits: 2 });
  });

  test("changes order when more keys share their hash than chance allows", () => {
    const fixture = new SegmentsFixture(40, 1);
    const [last, ...flood] = collidingKeys(HASH, SEED, EQUAL_HASHES_MAX + 1);
    for (const key of flood) fixture.add(key);
    expect(fixture.census().strongCount).toBe(0);
    // One with a hash of its own is no part of it.
    fixture.add("another key");
    expect(fixture.census().strongCount).toBe(0);
    fixture.add(last!);
    expect(fixture.census().strongCount).toBe(1);
  });

  test("is one that a slot's hash and a page have room for", () => {
    expect(() => new SegmentsFixture(8, 1, { slotsLog2Min: 5 })).toThrow("64 to 8192");
    expect(() => new SegmentsFixture(8, 1, { slotsLog2Max: 14 })).toThrow("64 to 8192");
  });
});
