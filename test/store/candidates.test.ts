import { describe, expect, test } from "bun:test";
import { SegmentsFixture } from "../support/segments-fixture.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const SEED = 1;
const HASH = 0x12345678;
const COUNT = 200;

describe("candidates", () => {
  test("are the entries of keys that have hashes of their own, and nothing for the others", () => {
    const fixture = new SegmentsFixture(40, 2);
    const references = Array.from({ length: COUNT }, (_, i) => fixture.add(`key ${i}`));
    const hashes = Int32Array.from({ length: 2 * COUNT }, (_, i) => fixture.hashOf(`key ${i}`));
    const found = new Int32Array(2 * COUNT).fill(-1);
    const { candidates } = fixture.segments;
    candidates.find(hashes, found, 0, 2 * COUNT);
    expect([...found.subarray(0, COUNT)]).toEqual(references);
    expect([...found.subarray(COUNT)]).toEqual(new Array(COUNT).fill(0));
  });

  test("are found for the rows asked for and for no others", () => {
    const fixture = new SegmentsFixture(40, 2);
    const reference = fixture.add("key");
    const hashes = new Int32Array(4).fill(fixture.hashOf("key"));
    const found = new Int32Array(4).fill(-1);
    fixture.segments.candidates.find(hashes, found, 1, 3);
    expect([...found]).toEqual([-1, reference, reference, -1]);
  });

  test("are none where no table is yet, or where a flood shares the hash", () => {
    const fixture = new SegmentsFixture(40, 2);
    for (const key of collidingKeys(HASH, SEED, 20)) fixture.add(key);
    const found = new Int32Array(2).fill(-1);
    const { candidates } = fixture.segments;
    candidates.touchSlots(Int32Array.of(HASH, ~HASH), 2);
    candidates.find(Int32Array.of(HASH, ~HASH), found, 0, 2);
    expect([...found]).toEqual([0, 0]);
    candidates.touchEntries(found, 2);
  });

  test("are read by the touching loops, whose rows are no others", () => {
    const fixture = new SegmentsFixture(40, 2);
    const reference = fixture.add("key");
    const { candidates } = fixture.segments;
    const before = candidates.sink();
    candidates.touchSlots(Int32Array.of(fixture.hashOf("key")), 1);
    const slotsRead = candidates.sink();
    expect(slotsRead ^ before).toBe(fixture.hashOf("key"));
    candidates.touchEntries(Int32Array.of(reference), 0);
    expect(candidates.sink()).toBe(slotsRead);
    candidates.touchEntries(Int32Array.of(reference), 1);
    expect(candidates.sink()).not.toBe(slotsRead);
  });
});
