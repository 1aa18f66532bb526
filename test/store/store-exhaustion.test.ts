// What the store does when the pool has no page left: the compactor then moves entries in the
// middle of whatever asked for memory, and each of those operations must go on as if nothing had
// happened.

import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { PURPOSE } from "../../src/store/block-heap.ts";
import { classOfSize } from "../../src/store/size-class.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";
import { StoreFixture } from "../support/store-fixture.ts";

const SEED = 1;
/** Size class of the expiry index's chunks. */
const CHUNK_CLASS = classOfSize(4096);
/** Values of which a page holds six. */
const LARGE = "L".repeat(20_000);
const LARGE_PER_PAGE = 6;

/**
 * Fills pages with large values and empties them again but for one value each, so that the
 * compactor finds pages to reclaim; and leaves the pool none.
 */
function makeSparsePages(fixture: StoreFixture, pageCount: number): void {
  for (let i = 0; i < pageCount * LARGE_PER_PAGE; i++)
    expect(fixture.set(`L${i}`, LARGE)).toBe(true);
  for (let i = 0; i < pageCount * LARGE_PER_PAGE; i++) {
    if (i % LARGE_PER_PAGE !== 0) fixture.remove(`L${i}`);
  }
  fixture.store.pool.setLimit(0);
}

function expectSparsePages(fixture: StoreFixture, pageCount: number): void {
  for (let i = 0; i < pageCount * LARGE_PER_PAGE; i += LARGE_PER_PAGE) {
    expect(fixture.get(`L${i}`)).toBe(LARGE);
  }
}

/** Lets the pool hand out a page for each one it gets back. */
function allowTaken(fixture: StoreFixture): void {
  fixture.store.pool.setLimit(fixture.store.pool.takenCount);
}

describe("Store without a free page", () => {
  test("removes a key although the smaller table it causes needs a page", () => {
    const fixture = new StoreFixture({ sizeBytes: 64 * PAGE_SIZE, segmentBits: 1 });
    makeSparsePages(fixture, 60);
    const { tableBytes } = fixture.census();
    // From the page that was last used on, because the compactor looks at that one first.
    for (let i = 59 * LARGE_PER_PAGE; i >= 0; i -= LARGE_PER_PAGE) {
      expect(fixture.get(`L${i}`)).toBe(LARGE);
      allowTaken(fixture);
      expect(fixture.remove(`L${i}`)).toBe(true);
    }
    expect(fixture.census().tableBytes).toBeLessThan(tableBytes);
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("splits a table although entries move once the directory has doubled", () => {
    const options = { segmentBits: 1, slotsLog2Min: 13, slotsLog2Max: 13 };
    const fixture = new StoreFixture({ sizeBytes: 64 * PAGE_SIZE, ...options });
    for (let i = 0; i < 11_000; i++) fixture.set(`small ${i}`, "");
    makeSparsePages(fixture, 20);
    expect(fixture.census().directoryBits).toBe(1);
    for (let i = 0; i < 1000; i++) {
      allowTaken(fixture);
      expect(fixture.set(`smaller ${i}`, "")).toBe(true);
    }
    expect(fixture.census().directoryBits).toBe(2);
    expect(fixture.store.compactor.movedCount).toBeGreaterThan(0);
    expectSparsePages(fixture, 20);
  });

  test("reorders a flooded table although noting its deadlines needs a page", () => {
    const options = { segmentBits: 1, slotsLog2Min: 13, slotsLog2Max: 13 };
    const fixture = new StoreFixture({ sizeBytes: 100 * PAGE_SIZE, ...options });
    const deadlineMs = fixture.nowMs + 1000;
    const keys = Array.from({ length: 11_000 }, (_, i) => `small ${i}`);
    for (const key of keys) expect(fixture.set(key, "", deadlineMs)).toBe(true);
    const flood = collidingKeys(0x12345678, SEED, 40);
    makeSparsePages(fixture, 40);
    const { heap } = fixture.store;
    while (heap.roomCount(PURPOSE.EXPIRY, CHUNK_CLASS) > 0) {
      heap.allocate(PURPOSE.EXPIRY, CHUNK_CLASS);
    }
    for (const key of flood) {
      allowTaken(fixture);
      expect(fixture.set(key, "flood", deadlineMs)).toBe(true);
    }
    expect(fixture.census().strongCount).toBe(1);
    expect(fixture.store.compactor.movedCount).toBeGreaterThan(0);
    for (const key of flood) expect(fixture.get(key)).toBe("flood");
    for (const key of keys) expect(fixture.deadlineOf(key)).toBe(deadlineMs);
    expectSparsePages(fixture, 40);

    fixture.moveTo(deadlineMs + 200);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(40);
    expectSparsePages(fixture, 40);
  });
});
