import { describe, expect, test } from "bun:test";
import {
  findFreeSlot,
  findReference,
  maskOf,
  occupiedMax,
  PROBE_LENGTH_MAX,
  redistribute,
  removeSlot,
  SLOT_WORDS,
  type SlotTarget,
} from "../../src/store/slot-table.ts";
import { Random } from "../support/random.ts";

/** Words before and behind the table that nobody may touch. */
const MARGIN = 10;
const FENCE = 0x7e57;

/** A table of its own, with the words around it watched. */
class TableFixture {
  readonly words: Int32Array;
  readonly begin = MARGIN;
  readonly mask: number;
  readonly slotsLog2: number;

  constructor(slotsLog2: number) {
    this.slotsLog2 = slotsLog2;
    this.mask = maskOf(slotsLog2);
    this.words = new Int32Array((SLOT_WORDS << slotsLog2) + 2 * MARGIN);
    this.words.fill(FENCE, 0, MARGIN);
    this.words.fill(FENCE, this.words.length - MARGIN);
  }

  add(hash: number, reference: number): boolean {
    const slot = findFreeSlot(this.words, this.begin, this.mask, hash);
    if (slot < 0) return false;
    this.words[this.begin + slot] = hash;
    this.words[this.begin + slot + 1] = reference;
    return true;
  }

  find(hash: number, reference: number): number {
    return findReference(this.words, this.begin, this.mask, hash, reference);
  }

  remove(hash: number, reference: number): void {
    removeSlot(this.words, this.begin, this.mask, this.find(hash, reference));
  }

  /** All (hash, reference) pairs, with a look at the words around. */
  read(): Map<number, number> {
    const pairs = new Map<number, number>();
    for (let slot = 0; slot <= this.mask; slot += SLOT_WORDS) {
      const at = this.begin + slot;
      if (this.words[at + 1] !== 0) pairs.set(this.words[at + 1]!, this.words[at]!);
    }
    const fences = [...this.words.subarray(0, MARGIN), ...this.words.subarray(-MARGIN)];
    expect(fences.every((word) => word === FENCE)).toBe(true);
    return pairs;
  }

  get target(): SlotTarget {
    return { words: this.words, begin: this.begin, mask: this.mask };
  }
}

describe("a slot table", () => {
  test("may be filled to seven tenths", () => {
    expect(occupiedMax(6)).toBe(44);
    expect(occupiedMax(13)).toBe(5734);
  });

  test("puts entries with one home into the slots behind it, round the end of the table", () => {
    const table = new TableFixture(6);
    const home = 62;
    for (let i = 1; i <= 5; i++) table.add((i << 6) | home, i);
    expect([1, 2, 3, 4, 5].map((i) => table.find((i << 6) | home, i) / SLOT_WORDS)).toEqual([
      62, 63, 0, 1, 2,
    ]);
    expect(table.find(home, 9)).toBe(-1);
  });

  test("tells references with one hash apart", () => {
    const table = new TableFixture(6);
    for (let i = 1; i <= 20; i++) table.add(-5, -i);
    const slots = new Set(Array.from({ length: 20 }, (_, i) => table.find(-5, -1 - i)));
    expect(slots.size).toBe(20);
    expect(slots.has(-1)).toBe(false);
  });

  test("has no free slot for a hash beyond the longest probe", () => {
    const table = new TableFixture(10);
    for (let i = 1; i <= PROBE_LENGTH_MAX; i++) expect(table.add(7, i)).toBe(true);
    expect(table.add(7, -1)).toBe(false);
    expect(table.add(7 + PROBE_LENGTH_MAX, -1)).toBe(true);
    expect(table.find(7, PROBE_LENGTH_MAX)).toBe(2 * (7 + PROBE_LENGTH_MAX - 1));
    expect(table.find(7, -1)).toBe(-1);
  });

  test("misses in a full table after the longest probe", () => {
    const table = new TableFixture(6);
    for (let i = 1; i <= 64; i++) table.add(i, i);
    expect(table.find(3, 100)).toBe(-1);
    expect(findFreeSlot(table.words, table.begin, table.mask, 3)).toBe(-1);
  });

  test("keeps every probe unbroken through any history", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const table = new TableFixture(random.between(6, 9));
      const model = new Map<number, number>();
      // Few homes make long runs, often round the end.
      const homes = random.pick([4, 16, 1000]);
      const countMax = occupiedMax(table.slotsLog2);
      let next = 1;
      for (let step = 0; step < 1500; step++) {
        if (random.below(countMax) >= model.size) {
          const hash = (random.word() & ~1023) | (-random.below(homes) & 1023);
          if (table.add(hash, next)) model.set(next++, hash);
        } else {
          const reference = random.pick([...model.keys()]);
          table.remove(model.get(reference)!, reference);
          model.delete(reference);
        }
        if (step % 20 !== 0) continue;
        for (const [reference, hash] of model) {
          if (table.find(hash, reference) < 0) throw new Error(`seed ${seed}: a probe is broken`);
        }
        expect(table.read()).toEqual(model);
      }
    }
  });
});

describe("redistribute", () => {
  test("puts all entries into one table of another size", () => {
    const random = new Random(1);
    for (const targetLog2 of [6, 7, 9]) {
      const source = new TableFixture(8);
      const target = new TableFixture(targetLog2);
      const model = new Map<number, number>();
      for (let i = 1; i <= 40; i++) model.set(i, random.word());
      for (const [reference, hash] of model) source.add(hash, reference);
      const targets = [target.target, target.target] as const;
      expect(redistribute(source.words, source.begin, 8, -1, targets)).toBe(0);
      expect(target.read()).toEqual(model);
      expect(source.read()).toEqual(model);
      for (const [reference, hash] of model) expect(target.find(hash, reference)).not.toBe(-1);
    }
  });

  test("divides entries by any bit of their hashes", () => {
    const random = new Random(2);
    for (const bitShift of [31, 30, 17, 13]) {
      const source = new TableFixture(7);
      const low = new TableFixture(7);
      const high = new TableFixture(7);
      for (let i = 1; i <= 89; i++) source.add(random.word(), i);
      const targets = [low.target, high.target] as const;
      const highCount = redistribute(source.words, source.begin, 7, bitShift, targets);
      const [lowPairs, highPairs] = [low.read(), high.read()];
      expect(highPairs.size).toBe(highCount);
      expect(lowPairs.size).toBe(89 - highCount);
      for (const hash of lowPairs.values()) expect((hash >>> bitShift) & 1).toBe(0);
      for (const hash of highPairs.values()) expect((hash >>> bitShift) & 1).toBe(1);
      expect(new Map([...lowPairs, ...highPairs])).toEqual(source.read());
    }
  });

  test("refuses to put an entry out of reach, and leaves the source as it was", () => {
    const source = new TableFixture(13);
    const half = 4096;
    for (let i = 0; i < 300; i++) {
      source.add((i << 13) | 5, 2 * i + 1);
      source.add((i << 13) | half | 5, 2 * i + 2);
    }
    const before = source.read();
    const target = new TableFixture(12);
    const targets = [target.target, target.target] as const;
    expect(redistribute(source.words, source.begin, 13, -1, targets)).toBe(-1);
    expect(source.read()).toEqual(before);
  });
});
