import { describe, expect, test } from "bun:test";
import { PURPOSE } from "../../src/store/block-heap.ts";
import { SLICE, SLICE_BUCKET_COUNT, type Slice } from "../../src/store/work-slices.ts";
import { StoreFixture } from "../support/store-fixture.ts";

/** A million of them go in test/integration/expiry.test.ts. */
const MANY = 200_000;
const MEBIBYTE = 2 ** 20;

function makeFixture(sizeBytes = 4 * MEBIBYTE): StoreFixture {
  return new StoreFixture({ sizeBytes });
}

describe("Maintenance", () => {
  test("removes many expired entries that nobody reads, and gives their pages back", () => {
    const fixture = makeFixture(256 * MEBIBYTE);
    const { store } = fixture;
    const deadlineMs = fixture.nowMs + 1000;
    for (let i = 0; i < MANY; i++) {
      if (!fixture.set(`entry ${i}`, "value", deadlineMs)) throw new Error("there was room");
    }
    const fullCount = store.pool.takenCount;
    expect(store.keyCount).toBe(MANY);
    expect(store.deadlineCount).toBe(MANY);
    expect(fixture.maintain()).toBe(0);
    fixture.moveTo(deadlineMs + 256);
    const slices = fixture.maintain();
    expect(slices).toBeGreaterThan(100);
    expect(store.keyCount).toBe(0);
    expect(store.deadlineCount).toBe(0);
    expect(store.expiredCount).toBe(MANY);
    expect(store.memoryBytes().entries).toBe(0);
    expect(store.expiry.pairCount).toBe(0);
    expect(store.pool.takenCount).toBeLessThan(fullCount / 10);
    expect(fixture.releasedPages.length).toBeGreaterThan(fullCount / 3);
    expect(new Set(fixture.releasedPages).size).toBe(fixture.releasedPages.length);
  });

  test("does a bounded part of the work in each call", () => {
    const fixture = makeFixture();
    for (let i = 0; i < 10_000; i++) fixture.set(`entry ${i}`, "", fixture.nowMs + 1);
    fixture.moveTo(fixture.nowMs + 1000);
    // Each look at the stopwatch takes more than the budget.
    fixture.clock.stepMs = 1;
    let before = fixture.store.keyCount;
    while (before > 0) {
      expect(fixture.store.runMaintenance()).toBe(true);
      expect(before - fixture.store.keyCount).toBeLessThanOrEqual(255);
      before = fixture.store.keyCount;
    }
  });

  test("counts its slices by what they did", () => {
    const fixture = makeFixture(64 * MEBIBYTE);
    for (let i = 0; i < 1000; i++) fixture.set(`entry ${i}`, "v".repeat(30_000), fixture.nowMs + 1);
    fixture.moveTo(fixture.nowMs + 1000);
    fixture.maintain();
    const count = (slice: Slice) => {
      let sum = 0;
      for (let i = 0; i < SLICE_BUCKET_COUNT; i++) sum += fixture.store.slices.count(slice, i);
      return sum;
    };
    expect(count(SLICE.TABLE)).toBeGreaterThan(0);
    expect(count(SLICE.EXPIRE)).toBeGreaterThan(0);
    expect(count(SLICE.RELEASE)).toBeGreaterThan(0);
    expect(count(SLICE.COMPACT)).toBe(0);
    expect(fixture.store.heap.liveBytes(PURPOSE.ENTRY)).toBe(0);
  });
});
