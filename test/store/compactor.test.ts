import { describe, expect, test } from "bun:test";
import { BANK_SHIFT, PAGE_SHIFT, PAGE_SIZE, wordIndexOf } from "../../src/store/arena.ts";
import { PURPOSE } from "../../src/store/block-heap.ts";
import { CLASS_SHIFT } from "../../src/store/entry.ts";
import { SLICE, SLICE_BUCKET_COUNT } from "../../src/store/work-slices.ts";
import { StoreFixture } from "../support/store-fixture.ts";

/** Values of which a page holds six, and three. */
const LARGE = "L".repeat(20_000);
const LARGE_PER_PAGE = 6;
const LARGER = "X".repeat(42_000);
const LARGER_PER_PAGE = 3;

/** Writes values page by page; the names say the page and the place in it. */
function fillPages(fixture: StoreFixture, pageCount: number, value: string, perPage: number): void {
  for (let page = 0; page < pageCount; page++) {
    for (let i = 0; i < perPage; i++) {
      expect(fixture.set(`${value[0]}${page}.${i}`, value)).toBe(true);
    }
  }
}

function pageOf(reference: number): number {
  return reference >>> PAGE_SHIFT;
}

describe("Compactor", () => {
  test("moves what lies in the sparsest page, and gives that page to the pool", () => {
    const fixture = new StoreFixture({ sizeBytes: 20 * PAGE_SIZE });
    fillPages(fixture, 4, LARGE, LARGE_PER_PAGE);
    for (const name of ["L0.0", "L1.0", "L1.1", "L1.2", "L1.3", "L2.0", "L3.5"]) {
      fixture.remove(name);
    }
    const { compactor, heap, pool } = fixture.store;
    const pages = [0, 2, 3].map((page) => pageOf(fixture.find(`L${page}.1`)));
    const sparse = pageOf(fixture.find("L1.4"));
    const taken = pool.takenCount;
    expect(heap.liveCount(sparse)).toBe(2);
    expect(compactor.reclaimPage()).toBe(true);
    expect(compactor.movedCount).toBe(2);
    expect(pool.takenCount).toBe(taken - 1);
    for (const name of ["L1.4", "L1.5"]) {
      expect(fixture.get(name)).toBe(LARGE);
      expect(pages).toContain(pageOf(fixture.find(name)));
    }
    expect(compactor.reclaimPage()).toBe(false);
  });

  test("keeps the deadline of what it moves", () => {
    const fixture = new StoreFixture({ sizeBytes: 20 * PAGE_SIZE });
    const deadlineMs = fixture.nowMs + 1000;
    for (let i = 0; i < 12; i++) fixture.set(`key ${i}`, LARGE, deadlineMs + i);
    for (let i = 0; i < 12; i++) if (i % 3 !== 0) fixture.remove(`key ${i}`);
    expect(fixture.store.compactor.reclaimPage()).toBe(true);
    for (let i = 0; i < 12; i += 3) expect(fixture.deadlineOf(`key ${i}`)).toBe(deadlineMs + i);
    fixture.moveTo(deadlineMs + 200);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(0);
  });

  test("takes the page from the class that wastes most", () => {
    const fixture = new StoreFixture({ sizeBytes: 40 * PAGE_SIZE });
    fillPages(fixture, 4, LARGE, LARGE_PER_PAGE);
    fillPages(fixture, 4, LARGER, LARGER_PER_PAGE);
    for (let i = 0; i < LARGE_PER_PAGE; i++) fixture.remove(`L${i % 4}.${i}`);
    for (let i = 0; i < 2 * LARGER_PER_PAGE; i++) fixture.remove(`X${i % 4}.${i >> 2}`);
    const { compactor } = fixture.store;
    const references = fixture.references().filter((entry) => fixture.keyOf(entry)[0] === "L");
    expect(compactor.reclaimPage()).toBe(true);
    for (const reference of references) expect(fixture.keyOf(reference)[0]).toBe("L");
    expect(compactor.movedCount).toBe(1);
    expect(compactor.reclaimPage()).toBe(true);
    expect(compactor.reclaimPage()).toBe(true);
    expect(compactor.reclaimPage()).toBe(false);
  });

  test("answers false when no class has a page's worth of room", () => {
    const fixture = new StoreFixture({ sizeBytes: 40 * PAGE_SIZE });
    expect(fixture.store.compactor.reclaimPage()).toBe(false);
    fillPages(fixture, 4, LARGE, LARGE_PER_PAGE);
    expect(fixture.store.compactor.reclaimPage()).toBe(false);
    for (let i = 0; i < LARGE_PER_PAGE - 1; i++) fixture.remove(`L${i % 4}.${i}`);
    expect(fixture.store.compactor.reclaimPage()).toBe(false);
    fixture.remove("L3.5");
    expect(fixture.store.compactor.reclaimPage()).toBe(true);
  });

  test("passes over pages with a pinned entry, and uses their room afterwards", () => {
    const fixture = new StoreFixture({ sizeBytes: 40 * PAGE_SIZE });
    fillPages(fixture, 6, LARGE, LARGE_PER_PAGE);
    for (let page = 0; page < 6; page++) {
      // The pages with a pin are the sparsest.
      for (let i = page < 3 ? 1 : 2; i < LARGE_PER_PAGE; i++) fixture.remove(`L${page}.${i}`);
    }
    const { compactor, heap, pins } = fixture.store;
    const pinned = [0, 1, 2].map((page) => fixture.find(`L${page}.0`));
    for (const reference of pinned) pins.pin(reference);
    const classIndex = classOf(fixture, pinned[0]!);
    const room = heap.roomCount(PURPOSE.ENTRY, classIndex);
    let reclaimed = 0;
    while (compactor.reclaimPage()) reclaimed++;
    expect(reclaimed).toBe(3);
    expect(heap.roomCount(PURPOSE.ENTRY, classIndex)).toBe(room - 3 * LARGE_PER_PAGE);
    for (const [page, reference] of pinned.entries()) {
      expect(fixture.find(`L${page}.0`)).toBe(reference);
      fixture.store.unpin(reference);
    }
    for (let page = 0; page < 6; page++) expect(fixture.get(`L${page}.0`)).toBe(LARGE);
    expect(compactor.reclaimPage()).toBe(true);
  });

  test("leaves an entry that was unlinked while pinned where it lies", () => {
    const fixture = new StoreFixture({ sizeBytes: 40 * PAGE_SIZE });
    fillPages(fixture, 2, LARGE, LARGE_PER_PAGE);
    const pinned = fixture.find("L0.0");
    fixture.store.pins.pin(pinned);
    for (let i = 0; i < LARGE_PER_PAGE; i++) fixture.remove(`L0.${i}`);
    for (let i = 0; i < LARGE_PER_PAGE - 1; i++) fixture.remove(`L1.${i}`);
    expect(fixture.store.compactor.reclaimPage()).toBe(true);
    expect(fixture.valueOf(pinned)).toBe(LARGE);
    expect(fixture.get("L1.5")).toBe(LARGE);
    fixture.store.unpin(pinned);
    fixture.remove("L1.5");
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("counts each page as one slice of work", () => {
    const fixture = new StoreFixture({ sizeBytes: 40 * PAGE_SIZE });
    fillPages(fixture, 3, LARGE, LARGE_PER_PAGE);
    for (let page = 0; page < 3; page++) {
      for (let i = 1; i < LARGE_PER_PAGE; i++) fixture.remove(`L${page}.${i}`);
    }
    while (fixture.store.compactor.reclaimPage());
    let slices = 0;
    for (let bucket = 0; bucket < SLICE_BUCKET_COUNT; bucket++) {
      slices += fixture.store.slices.count(SLICE.COMPACT, bucket);
    }
    expect(slices).toBe(2);
  });
});

function classOf(fixture: StoreFixture, reference: number): number {
  const { arena } = fixture.store;
  return arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]! >>> CLASS_SHIFT;
}
