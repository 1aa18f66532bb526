import { describe, expect, test } from "bun:test";
import { PURPOSE } from "../../src/store/block-heap.ts";
import {
  ExpiryIndex,
  PAIRS_PER_CHUNK,
  TICK_MS,
  type ExpiryTarget,
} from "../../src/store/expiry-index.ts";
import { HeapFixture } from "../support/heap-fixture.ts";
import { Random } from "../support/random.ts";
import { highWord, lowWord } from "../support/store-fixture.ts";

const BASE_MS = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
/** Pairs beyond twice the live ones that the index keeps without a sweep. */
const STALE_COUNT_MIN = 4096;

/** An index over numbered entries: a pair's tag is its number, and the hash follows from it. */
class ExpiryFixture {
  readonly heapFixture = new HeapFixture(200);
  readonly index: ExpiryIndex;
  readonly expired: number[] = [];
  readonly deadlines = new Map<number, number>();
  readonly #marks = new Map<number, number>();
  nowMs = BASE_MS;

  constructor() {
    const { arena, heap } = this.heapFixture;
    const isTrue = (tag: number, low: number, high: number) =>
      this.deadlines.get(tag) === (high >>> 0) * 2 ** 32 + (low >>> 0);
    const target: ExpiryTarget = {
      expire: (hash, tag, low, high) => {
        // Of millions: no expect for each.
        if ((hash | 1) !== (hashOf(tag) | 1)) throw new Error(`the hash of ${tag} is ${hash}`);
        if (!isTrue(tag, low, high)) return;
        const deadlineMs = this.deadlines.get(tag)!;
        if (deadlineMs > this.nowMs) throw new Error(`${deadlineMs} has expired at ${this.nowMs}`);
        this.deadlines.delete(tag);
        this.expired.push(tag);
      },
      claim: (_hash, tag, low, high, mark) => {
        if (!isTrue(tag, low, high) || this.#marks.get(tag) === mark) return false;
        this.#marks.set(tag, mark);
        return true;
      },
    };
    this.index = new ExpiryIndex(arena, heap, target, BASE_MS);
  }

  add(number: number, deadlineMs: number): void {
    if (!this.index.ensureRoom()) throw new Error("there is no room");
    this.index.add(hashOf(number), number, lowWord(deadlineMs), highWord(deadlineMs));
    this.deadlines.set(number, deadlineMs);
    this.#marks.set(number, this.index.mark);
  }

  /** Moves time on and handles everything that this makes pending. */
  moveTo(nowMs: number): void {
    this.advanceTo(nowMs);
    while (this.index.runSlice());
  }

  advanceTo(nowMs: number): void {
    this.nowMs = nowMs;
    this.index.advance(nowMs, this.deadlines.size);
  }
}

function hashOf(number: number): number {
  return Math.imul(number, 0x9e3779b1);
}

describe("ExpiryIndex", () => {
  test("handles a pair once its tick is over and not before", () => {
    const fixture = new ExpiryFixture();
    fixture.add(1, BASE_MS + 10 * TICK_MS);
    fixture.add(2, BASE_MS + 11 * TICK_MS - 1);
    fixture.moveTo(BASE_MS + 11 * TICK_MS - 1);
    expect(fixture.expired).toEqual([]);
    fixture.moveTo(BASE_MS + 11 * TICK_MS);
    expect(fixture.expired.toSorted()).toEqual([1, 2]);
    expect(fixture.index.pairCount).toBe(0);
  });

  test("handles a deadline that had passed when it was noted, at the next tick", () => {
    const fixture = new ExpiryFixture();
    fixture.moveTo(BASE_MS + 1000 * TICK_MS);
    fixture.add(1, BASE_MS);
    fixture.add(2, 1);
    expect(fixture.index.hasPending).toBe(false);
    fixture.moveTo(BASE_MS + 1001 * TICK_MS);
    expect(fixture.expired.toSorted()).toEqual([1, 2]);
  });

  test("has nothing to do before the next tick", () => {
    const fixture = new ExpiryFixture();
    fixture.add(1, BASE_MS + DAY_MS);
    fixture.advanceTo(BASE_MS + TICK_MS - 1);
    expect(fixture.index.hasPending).toBe(false);
    expect(fixture.index.runSlice()).toBe(false);
    expect(fixture.index.peekHashes(new Int32Array(PAIRS_PER_CHUNK))).toBe(0);
  });

  test("shows the tags of the pairs that the next slice handles", () => {
    const fixture = new ExpiryFixture();
    for (let i = 0; i < PAIRS_PER_CHUNK + 10; i++) fixture.add(i, BASE_MS + 1);
    fixture.advanceTo(BASE_MS + TICK_MS);
    const tags = new Int32Array(PAIRS_PER_CHUNK);
    while (fixture.index.hasPending) {
      fixture.expired.length = 0;
      const count = fixture.index.peekHashes(tags);
      fixture.index.runSlice();
      expect(fixture.expired).toEqual([...tags.subarray(0, count)]);
    }
    expect(fixture.deadlines.size).toBe(0);
  });

  test("handles every pair exactly once, however time goes on", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const fixture = new ExpiryFixture();
      const added = random.between(100, 3000);
      const far = random.pick([10_000, DAY_MS, 30 * DAY_MS, 1000 * DAY_MS]);
      for (let i = 0; i < added; i++) {
        fixture.add(i, fixture.nowMs + random.below(far));
        if (random.oneIn(100)) fixture.advanceTo(fixture.nowMs + random.below(far / 50));
        if (random.oneIn(2)) fixture.index.runSlice();
      }
      while (fixture.deadlines.size > 0) {
        fixture.advanceTo(fixture.nowMs + random.below(far / random.pick([10, 100])) + TICK_MS);
        for (let slices = random.below(20); slices > 0; slices--) fixture.index.runSlice();
        if (random.oneIn(3)) while (fixture.index.runSlice());
      }
      expect(fixture.expired.length, `seed ${seed}`).toBe(added);
      expect(new Set(fixture.expired).size, `seed ${seed}`).toBe(added);
      expect(fixture.index.pairCount, `seed ${seed}`).toBe(0);
    }
  });

  test("needs no memory to move pairs, however time jumps", () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = new Random(seed);
      const fixture = new ExpiryFixture();
      const bits = random.between(3, 31);
      const count = random.pick([40, 300, 600, 3000]);
      // Ticks of few bits that are set meet on the way down the wheel.
      for (let i = 0; i < count; i++) {
        let tick = 0;
        for (let j = random.between(1, 5); j > 0; j--) tick |= 1 << random.below(bits);
        fixture.add(i, BASE_MS + tick * TICK_MS);
      }
      fixture.heapFixture.pool.setLimit(0);
      let tick = 0;
      while (fixture.deadlines.size > 0) {
        const low = 2 ** random.below(bits);
        tick += random.oneIn(2) ? low : low - (tick % low);
        fixture.advanceTo(BASE_MS + tick * TICK_MS);
        for (let slices = random.between(1, 10); slices > 0; slices--) fixture.index.runSlice();
        if (random.oneIn(5)) fixture.advanceTo(fixture.nowMs - random.below(1_000_000));
        if (random.oneIn(3)) while (fixture.index.runSlice());
      }
      expect(fixture.index.pairCount, `seed ${seed}`).toBe(0);
    }
  });

  test("moves pairs between buckets although time jumps and memory is full", () => {
    const fixture = new ExpiryFixture();
    const { heap, pool } = fixture.heapFixture;
    // Two levels of the wheel that each have a pair for every level below.
    const half = 2 ** 19;
    const threeQuarters = half + 2 ** 18;
    const ticks: number[] = [];
    for (let bit = 0; bit < 18; bit++) ticks.push(half + 2 ** bit, threeQuarters + 2 ** bit);
    for (const [number, tick] of ticks.entries()) fixture.add(number, BASE_MS + tick * TICK_MS);
    pool.setLimit(0);
    heap.onExhausted(() => {
      throw new Error("handling pairs asks for no memory");
    });
    fixture.moveTo(BASE_MS + half * TICK_MS);
    expect(fixture.expired).toEqual([]);
    fixture.moveTo(BASE_MS + threeQuarters * TICK_MS);
    expect(fixture.expired).toHaveLength(18);
    fixture.moveTo(BASE_MS + 2 * half * TICK_MS);
    expect(fixture.expired).toHaveLength(36);
  });

  test("keeps a deadline that is too far away to count its ticks", () => {
    const fixture = new ExpiryFixture();
    const deadlines = [2 ** 39, 2 ** 45, 2 ** 53 - 1, 2 ** 60].map((far) => BASE_MS + far);
    for (const [number, deadlineMs] of deadlines.entries()) fixture.add(number, deadlineMs);
    for (let years = 1; years < 8; years++) fixture.moveTo(BASE_MS + years * 365 * DAY_MS);
    expect(fixture.expired).toEqual([]);
    fixture.moveTo(BASE_MS + 1000 * 365 * DAY_MS);
    expect(fixture.expired).toEqual([]);
    expect(fixture.index.pairCount).toBe(deadlines.length);
  });
});

describe("ExpiryIndex under a clock that is set back", () => {
  test("does not go back", () => {
    const fixture = new ExpiryFixture();
    fixture.add(1, BASE_MS + 100 * TICK_MS);
    fixture.moveTo(BASE_MS + 50 * TICK_MS);
    fixture.moveTo(BASE_MS - DAY_MS);
    expect(fixture.expired).toEqual([]);
    fixture.moveTo(BASE_MS + 101 * TICK_MS);
    expect(fixture.expired).toEqual([1]);
  });

  test("expires nothing early: neither new pairs in a sweep nor pairs that were pending", () => {
    const fixture = new ExpiryFixture();
    const laterMs = BASE_MS + 10_000 * TICK_MS;
    for (let i = 0; i < 1000; i++) fixture.add(-i, laterMs - 1000 * TICK_MS);
    fixture.advanceTo(laterMs);
    fixture.index.runSlice();
    fixture.advanceTo(BASE_MS);
    const deadlineMs = BASE_MS + 100 * TICK_MS;
    for (let i = 0; i < 20_000; i++) fixture.add(1, deadlineMs + (i % 100));
    fixture.moveTo(BASE_MS + TICK_MS);
    expect(fixture.deadlines.get(1)).toBe(deadlineMs + 99);
    fixture.moveTo(laterMs + TICK_MS);
    expect(fixture.deadlines.size).toBe(0);
    expect(new Set(fixture.expired).size).toBe(1001);
  });
});

describe("ExpiryIndex with stale pairs", () => {
  test("drops them in a sweep, so that rewriting deadlines does not fill memory", () => {
    const fixture = new ExpiryFixture();
    const random = new Random(1);
    const keyCount = 1000;
    for (let i = 0; i < 200_000; i++) {
      fixture.add(random.below(keyCount), BASE_MS + DAY_MS + i);
      if (i % 100 === 0) fixture.moveTo(BASE_MS + i);
      expect(fixture.index.pairCount).toBeLessThanOrEqual(2 * keyCount + STALE_COUNT_MIN + 101);
    }
    fixture.moveTo(BASE_MS + 2 * DAY_MS);
    expect(fixture.expired.toSorted((a, b) => a - b)).toEqual([...Array(keyCount).keys()]);
  });

  test("keeps pairs that are noted while a sweep is on its way", () => {
    const fixture = new ExpiryFixture();
    for (let i = 0; i < 10_000; i++) fixture.add(i % 10, BASE_MS + DAY_MS + i);
    fixture.advanceTo(BASE_MS);
    expect(fixture.index.hasPending).toBe(true);
    let next = 10;
    while (fixture.index.runSlice()) {
      fixture.add(next, BASE_MS + (next % 2 === 0 ? 1 : DAY_MS));
      if (++next % 10 === 0) fixture.advanceTo(fixture.nowMs + TICK_MS);
    }
    fixture.moveTo(BASE_MS + 2 * DAY_MS);
    expect(fixture.expired.toSorted((a, b) => a - b)).toEqual([...Array(next).keys()]);
  });

  test("keeps one pair of an entry whose deadline was given again and again", () => {
    const fixture = new ExpiryFixture();
    const deadlines = [BASE_MS + DAY_MS, BASE_MS + 2 * DAY_MS];
    for (let i = 0; i < 100_000; i++) {
      fixture.add(i % 7, deadlines[Math.floor(i / 7) % 2]!);
      if (i % 50 === 0) fixture.moveTo(BASE_MS + i);
      expect(fixture.index.pairCount).toBeLessThanOrEqual(2 * 7 + STALE_COUNT_MIN + 51);
    }
    fixture.moveTo(BASE_MS + 3 * DAY_MS);
    expect(fixture.expired.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(fixture.index.pairCount).toBe(0);
  });

  test("sweeps to an end although time goes on meanwhile", () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed);
      const fixture = new ExpiryFixture();
      for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 3000; i++) {
          fixture.add(random.below(40), fixture.nowMs + 1000 * random.between(1, 200));
        }
        for (let turns = random.below(40); turns > 0; turns--) {
          fixture.advanceTo(fixture.nowMs + random.below(2000));
          fixture.index.runSlice();
        }
      }
      for (let turns = 0; fixture.deadlines.size > 0; turns++) {
        fixture.advanceTo(fixture.nowMs + 1000);
        fixture.index.runSlice();
        expect(turns, `seed ${seed}`).toBeLessThan(2000);
      }
      expect(fixture.index.hasPending && fixture.index.pairCount > 30_000).toBe(false);
    }
  });

  test("gives chunks back to the heap", () => {
    const fixture = new ExpiryFixture();
    const { heap } = fixture.heapFixture;
    for (let i = 0; i < 50_000; i++) fixture.add(i, BASE_MS + 1000);
    const fullBytes = heap.liveBytes(PURPOSE.EXPIRY);
    fixture.moveTo(BASE_MS + 2000);
    expect(fullBytes).toBeGreaterThan(50_000 * 16);
    expect(heap.liveBytes(PURPOSE.EXPIRY)).toBeLessThan(100 * 4096);
  });
});

describe("ExpiryIndex without memory", () => {
  test("answers that there is no room, and goes on once there is", () => {
    const fixture = new ExpiryFixture();
    fixture.heapFixture.pool.setLimit(0);
    expect(fixture.index.ensureRoom()).toBe(false);
    fixture.heapFixture.pool.setLimit(1);
    expect(fixture.index.ensureRoom()).toBe(false);
    fixture.heapFixture.pool.setLimit(2);
    fixture.add(1, BASE_MS + 1);
    fixture.moveTo(BASE_MS + TICK_MS);
    expect(fixture.expired).toEqual([1]);
  });
});
