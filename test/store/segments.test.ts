import { describe, expect, test } from "bun:test";
import { EQUAL_HASHES_MAX } from "../../src/store/table-shape.ts";
import { xxHash32 } from "../../src/store/xxhash32.ts";
import { Random } from "../support/random.ts";
import { SegmentsFixture } from "../support/segments-fixture.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const SEED = 1;
const HASH = 0x12345678;

describe("Segments", () => {
  test("find what was linked, and nothing else", () => {
    const fixture = new SegmentsFixture(8, 1);
    expect(fixture.find("key")).toBe(0);
    const reference = fixture.add("key");
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.find("kez")).toBe(0);
    expect(fixture.find("ke")).toBe(0);
  });

  test("refer to another entry of the same key once it is relinked", () => {
    const fixture = new SegmentsFixture(8, 1);
    fixture.add("key");
    const other = fixture.allocate("key");
    fixture.find("key");
    fixture.segments.relink(other);
    expect(fixture.find("key")).toBe(other);
    expect(fixture.segments.keyCount).toBe(1);
  });

  test("find an entry's slot by the entry itself", () => {
    const fixture = new SegmentsFixture(8, 1);
    const references = Array.from({ length: 100 }, (_, i) => fixture.add(`key ${i}`));
    const moved = references.map((reference) => {
      const other = fixture.allocate(fixture.keyOf(reference));
      fixture.segments.findEntry(reference);
      fixture.segments.relink(other);
      return other;
    });
    for (const [i, reference] of moved.entries()) expect(fixture.find(`key ${i}`)).toBe(reference);
    expect(() => fixture.segments.findEntry(references[0]!)).toThrow("has a slot");
  });

  test("hash keys with XXH32 under the seed", () => {
    const fixture = new SegmentsFixture(8, 1, { seed: 77 });
    const view = new DataView(new TextEncoder().encode("key").buffer);
    expect(fixture.hashOf("key")).toBe(xxHash32(view, 0, 3, 77));
  });

  test("count keys, and visit them by the segment that the top of their hash names", () => {
    const fixture = new SegmentsFixture(40, 3);
    const keys = new Set<string>();
    for (let i = 0; i < 2000; i++) keys.add(`key ${i}`);
    for (const key of keys) fixture.add(key);
    expect(fixture.segments.segmentCount).toBe(8);
    expect(fixture.segments.keyCount).toBe(2000);
    const visited: string[] = [];
    for (let segment = 0; segment < 8; segment++) {
      fixture.segments.forEachEntry(segment, (reference) => {
        const key = fixture.keyOf(reference);
        expect(fixture.hashOf(key) >>> 29).toBe(segment);
        return visited.push(key) > 0;
      });
    }
    expect(visited).toHaveLength(2000);
    expect(new Set(visited)).toEqual(keys);
  });

  test("are more than one", () => {
    expect(() => new SegmentsFixture(8, 0)).toThrow("two places or more");
  });

  test("grow, split and shrink beside a Map, whatever the history", () => {
    let directoryBitsMax = 0;
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed);
      const fixture = new SegmentsFixture(60, random.between(1, 4), {
        slotsLog2Max: random.between(6, 9),
        seed: SEED,
      });
      const model = new Map<string, number>();
      const flood = collidingKeys(random.word(), SEED, random.pick([0, 0, 100]));
      let target = 0;
      for (let step = 0; step < 4000; step++) {
        if (step % 500 === 0) target = random.pick([0, 50, 500, 2000]);
        const key =
          random.oneIn(4) && flood.length > 0 ? random.pick(flood) : `${random.below(3000)}`;
        if (model.has(key) && random.below(2 * target + 1) < model.size) {
          fixture.remove(key);
          model.delete(key);
        } else if (!model.has(key)) {
          const reference = fixture.add(key);
          if (reference !== 0) model.set(key, reference);
        }
        expect(fixture.find(key)).toBe(model.get(key) ?? 0);
        expect(fixture.find(key)).toBe(model.get(key) ?? 0);
      }
      for (const [key, reference] of model) expect(fixture.find(key)).toBe(reference);
      expect(fixture.segments.keyCount, `seed ${seed}`).toBe(model.size);
      expect(fixture.census().entryCount, `seed ${seed}`).toBe(model.size);
      directoryBitsMax = Math.max(directoryBitsMax, fixture.census().directoryBits);
      for (const key of model.keys()) fixture.remove(key);
      expect(fixture.census().entryCount, `seed ${seed}`).toBe(0);
    }
    expect(directoryBitsMax).toBeGreaterThan(5);
  });
});

describe("Segments that cannot grow", () => {
  test("answer that there is no memory and keep every key", () => {
    const fixture = new SegmentsFixture(40, 1);
    for (let i = 0; i < 1000; i++) fixture.add(`key ${i}`);
    fixture.pool.setLimit(0);
    let count = 1000;
    while (fixture.add(`key ${count}`) !== 0) count++;
    for (let i = 0; i < count; i++) expect(fixture.find(`key ${i}`)).not.toBe(0);
    expect(fixture.segments.keyCount).toBe(count);
    fixture.pool.setLimit(39);
    expect(fixture.add(`key ${count}`)).not.toBe(0);
  });
});

describe("Segments under a flood", () => {
  test("tell which entries have another hash now", () => {
    const fixture = new SegmentsFixture(40, 1);
    const retagged = new Map<string, { hash: number; tag: number }>();
    fixture.segments.onRetagged((reference, hash, tag) => {
      expect(retagged.has(fixture.keyOf(reference))).toBe(false);
      retagged.set(fixture.keyOf(reference), { hash, tag });
    });
    for (let i = 0; i < 500; i++) fixture.add(`key ${i}`);
    const flood = collidingKeys(HASH, SEED, EQUAL_HASHES_MAX + 1);
    for (const key of flood) {
      expect(retagged.size).toBe(0);
      fixture.add(key);
    }
    const inTable = Array.from({ length: 500 }, (_, i) => `key ${i}`).filter(
      (key) => fixture.hashOf(key) >= 0,
    );
    expect(new Set(retagged.keys())).toEqual(new Set([...inTable, ...flood.slice(0, -1)]));
    for (const [key, { hash, tag }] of retagged) {
      expect(hash).toBe(fixture.hashOf(key));
      fixture.find(key);
      expect(fixture.segments.tag).toBe(tag);
    }
    expect(new Set([...retagged.values()].map(({ tag }) => tag)).size).toBe(retagged.size);
  });

  test("find an entry by its hash and its tag, in order and in a flood", () => {
    const fixture = new SegmentsFixture(40, 1);
    const keys = [...collidingKeys(HASH, SEED, 10), "another key"];
    const expectFound = () => {
      for (const key of keys) {
        const reference = fixture.find(key);
        const { tag } = fixture.segments;
        const matches = (entry: number) => entry === reference;
        const hash = fixture.hashOf(key);
        expect(fixture.segments.findByTag(hash, tag, matches)).toBe(reference);
        expect(fixture.segments.findByTag(hash, tag, () => false)).toBe(0);
        expect(fixture.segments.findByTag(hash, tag ^ 1, matches)).toBe(0);
      }
    };
    expect(fixture.segments.findByTag(HASH, HASH, () => true)).toBe(0);
    for (const key of keys) fixture.add(key);
    expectFound();
    for (const key of collidingKeys(HASH, SEED, 100).slice(10)) fixture.add(key);
    expect(fixture.census().strongCount).toBe(1);
    expectFound();
  });

  test("remove what was found by its tag", () => {
    const fixture = new SegmentsFixture(40, 1);
    const keys = collidingKeys(HASH, SEED, 10);
    const references = keys.map((key) => fixture.add(key));
    fixture.segments.findByTag(HASH, HASH, (entry) => entry === references[4]);
    fixture.segments.remove(HASH);
    expect(keys.map((key) => fixture.find(key) !== 0)).toEqual(keys.map((_, i) => i !== 4));
    expect(fixture.segments.keyCount).toBe(9);
  });

  test("give up the search where all slots within reach are taken", () => {
    const fixture = new SegmentsFixture(40, 1, { slotsLog2Min: 13 });
    const references = Array.from({ length: 600 }, () => fixture.allocate("key"));
    // Straight into the slots, as no insertion would do it.
    const table = fixture.segments;
    fixture.add("first");
    const hash = fixture.hashOf("first");
    for (const reference of references) {
      fixture.find("first");
      table.link(hash, reference);
    }
    expect(fixture.segments.findByTag(hash, hash, () => false)).toBe(0);
  });
});
