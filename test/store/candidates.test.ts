import { describe, expect, test } from "bun:test";
import { Arena, PAGE_SIZE, SPAN_SHIFT, reserveArena } from "../../src/store/arena.ts";
import { createCandidates } from "../../src/store/candidates.ts";
import { DIRECTORY_BEGIN, DIRECTORY_BITS } from "../../src/store/table-directory.ts";
import { SegmentsFixture } from "../support/segments-fixture.ts";
import { Random } from "../support/random.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const SEED = 1;
const HASH = 0x12345678;
const COUNT = 200;
const LOG2_64 = 6;

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

  test.each([
    ["in the first 4 GiB", [64, 2 ** SPAN_SHIFT - 64]],
    ["beyond them", [2 ** SPAN_SHIFT, 2 ** SPAN_SHIFT + 64]],
    ["on both sides", [2 ** SPAN_SHIFT - 64, 2 ** SPAN_SHIFT + 64]],
  ])("are read wherever they lie: %s", (_, places) => {
    const arena = new Arena(reserveArena(2 ** SPAN_SHIFT * 8 + 2 * PAGE_SIZE));
    const random = new Random(SEED);
    // What is read instead of words behind a full span.
    arena.spans[0]!.fill(random.word(), 0, 16);
    for (const place of places) {
      for (let unit = 0; unit < 64; unit++) {
        const span = arena.spans[place >>> SPAN_SHIFT]!;
        const word = ((place + unit) % 2 ** SPAN_SHIFT) * 2;
        span[word] = random.word();
        span[word + 1] = random.word();
      }
    }
    const wordAt = (reference: number, further: number): number =>
      arena.spans[reference >>> SPAN_SHIFT]![
        (((reference >>> 0) % 2 ** SPAN_SHIFT) * 2 + further) % 2 ** 30
      ]!;
    // Two tables of 64 slots, told apart by the top bit of a hash.
    const control = new Int32Array(16);
    control[DIRECTORY_BITS] = 1;
    control[DIRECTORY_BEGIN] = 8;
    for (const [i, place] of places.entries()) control[8 + i] = place | LOG2_64;
    const candidates = createCandidates(arena, control, 0);
    for (const count of [0, 1, 63, 64, 65, 200]) {
      const hashes = Int32Array.from({ length: count + 1 }, () => random.word());
      const homes = hashes.map((hash) => places[hash >>> 31]! + (hash & 63));
      let expected = candidates.sink();
      for (const home of homes.subarray(0, count)) expected ^= wordAt(home, 0);
      candidates.touchSlots(hashes, count);
      expect(candidates.sink()).toBe(expected);
      for (const home of homes.subarray(0, count)) expected ^= wordAt(home, 0) ^ wordAt(home, 12);
      candidates.touchEntries(homes, count);
      expect(candidates.sink()).toBe(expected);
    }
  });
});
