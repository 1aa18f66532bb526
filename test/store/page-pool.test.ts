import { describe, expect, test } from "bun:test";
import { PagePool } from "../../src/store/page-pool.ts";
import { HeapFixture } from "../support/heap-fixture.ts";
import { Random } from "../support/random.ts";

/** Dirty pages that the pool keeps for itself. */
const DIRTY_RESERVE = 64;

function takeAll(pool: PagePool): number[] {
  const pages: number[] = [];
  for (let page = pool.take(); page !== 0; page = pool.take()) pages.push(page);
  return pages;
}

describe("PagePool", () => {
  test("hands out every page but the first, once", () => {
    const { pool } = new HeapFixture(20);
    const pages = takeAll(pool);
    expect(pages).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
    expect(pool.takenCount).toBe(19);
    expect(pool.availableCount).toBe(0);
  });

  test("hands out the page that was given back last first", () => {
    const { pool } = new HeapFixture(20);
    takeAll(pool);
    for (const page of [3, 7, 5]) pool.give(page);
    expect(pool.dirtyCount).toBe(3);
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([5, 7, 3, 0]);
    expect(pool.dirtyCount).toBe(0);
  });

  test("takes a whole chain back in one step, before what was given back earlier", () => {
    const { pool } = new HeapFixture(20);
    takeAll(pool);
    pool.give(9);
    pool.link(4, 2);
    pool.link(2, 6);
    expect([pool.next(4), pool.next(2)]).toEqual([2, 6]);
    pool.giveChain(4, 6, 3);
    expect([pool.takenCount, pool.dirtyCount]).toEqual([15, 4]);
    expect(takeAll(pool)).toEqual([4, 2, 6, 9]);
  });

  test("refuses a page that is not of this arena", () => {
    const { pool } = new HeapFixture(20);
    expect(() => pool.give(0)).toThrow("of this arena");
    expect(() => pool.give(20)).toThrow("of this arena");
  });

  test("hands out nothing above a limit that moves", () => {
    const { pool } = new HeapFixture(20);
    pool.setLimit(3);
    expect(takeAll(pool)).toHaveLength(3);
    pool.setLimit(2);
    expect(pool.availableCount).toBe(0);
    pool.give(1);
    expect(pool.take()).toBe(0);
    pool.give(2);
    expect(pool.availableCount).toBe(1);
    expect(pool.take()).toBe(2);
    pool.setLimit(1000);
    expect(pool.limit).toBe(19);
    pool.setLimit(-1);
    expect(pool.limit).toBe(0);
  });

  test("goes on from what another thread's pool has left", () => {
    const { control, layout, pool } = new HeapFixture(20);
    pool.setLimit(10);
    expect([pool.take(), pool.take()]).toEqual([1, 2]);
    const other = new PagePool(control, layout, () => true);
    expect(other.limit).toBe(10);
    expect(other.takenCount).toBe(2);
    expect(other.take()).toBe(3);
  });
});

describe("PagePool with pages to release", () => {
  test("keeps a reserve of dirty pages and releases the others, a few at a time", () => {
    const { pool, releasedPages } = new HeapFixture(100);
    for (const page of takeAll(pool)) pool.give(page);
    expect(pool.dirtyCount).toBe(99);
    expect(pool.releaseSome(8)).toBe(true);
    expect(releasedPages).toHaveLength(8);
    while (pool.releaseSome(8));
    expect(pool.dirtyCount).toBe(DIRTY_RESERVE);
    expect(new Set(releasedPages).size).toBe(99 - DIRTY_RESERVE);
    expect(pool.releaseSome(8)).toBe(false);
  });

  test("hands out released pages again, after the dirty ones", () => {
    const { pool, releasedPages } = new HeapFixture(100);
    for (const page of takeAll(pool)) pool.give(page);
    while (pool.releaseSome(8));
    const pages = takeAll(pool);
    expect(new Set(pages).size).toBe(99);
    expect(new Set(pages.slice(DIRTY_RESERVE))).toEqual(new Set(releasedPages));
  });

  test("keeps a page that the system does not take", () => {
    const fixture = new HeapFixture(100);
    const { pool } = fixture;
    fixture.canRelease = false;
    for (const page of takeAll(pool)) pool.give(page);
    expect(pool.releaseSome(8)).toBe(false);
    expect(pool.dirtyCount).toBe(99);
    expect(new Set(takeAll(pool)).size).toBe(99);
  });

  test("never hands out a page that is out, whatever the history", () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const { pool } = new HeapFixture(150);
      const taken: number[] = [];
      for (let step = 0; step < 3000; step++) {
        const isGiving = random.below(200) < taken.length;
        if (isGiving) pool.give(taken.splice(random.below(taken.length), 1)[0]!);
        else if (random.oneIn(10)) pool.releaseSome(random.below(5));
        else {
          const page = pool.take();
          expect(taken).not.toContain(page);
          if (page !== 0) taken.push(page);
        }
        expect(pool.takenCount, `seed ${seed}`).toBe(taken.length);
      }
    }
  });
});
