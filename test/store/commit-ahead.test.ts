import { describe, expect, test } from "bun:test";
import {
  Arena,
  HUGE_PAGE_SIZE,
  PAGE_SIZE,
  PAGES_PER_HUGE_PAGE,
  reserveArena,
} from "../../src/store/arena.ts";
import { AHEAD_SIZE, CommitAhead } from "../../src/store/commit-ahead.ts";
import { layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { PagePool } from "../../src/store/page-pool.ts";

function setUp(pageCount: number) {
  const arena = new Arena(reserveArena(pageCount * PAGE_SIZE));
  const layout = layOutControl(pageCount, 1);
  const control = new Int32Array(reserveControl(layout));
  let stepCount = 0;
  const pool = new PagePool(
    control,
    layout,
    () => false,
    () => stepCount++,
  );
  return { arena, pool, ahead: new CommitAhead(arena, control), asked: () => stepCount };
}

function stepAll(ahead: CommitAhead): number {
  let count = 0;
  while (ahead.step()) count++;
  return count;
}

describe("CommitAhead", () => {
  test("keeps the same distance to what the store has reached", () => {
    const { pool, ahead } = setUp(1000);
    expect(stepAll(ahead)).toBe(AHEAD_SIZE / HUGE_PAGE_SIZE + 1);
    expect(ahead.committedBytes).toBe(AHEAD_SIZE + HUGE_PAGE_SIZE);
    expect(ahead.step()).toBe(false);
    for (let i = 0; i < PAGES_PER_HUGE_PAGE; i++) pool.take();
    expect(stepAll(ahead)).toBe(1);
    for (let i = 0; i < 5 * PAGES_PER_HUGE_PAGE; i++) pool.take();
    expect(stepAll(ahead)).toBe(5);
  });

  test("leaves out what the store has touched itself", () => {
    const { pool, ahead } = setUp(1000);
    for (let i = 0; i < 500; i++) pool.take();
    stepAll(ahead);
    expect(ahead.committedBytes).toBeGreaterThanOrEqual(501 * PAGE_SIZE + AHEAD_SIZE);
    expect(ahead.committedBytes).toBeLessThan(501 * PAGE_SIZE + AHEAD_SIZE + HUGE_PAGE_SIZE);
  });

  test("ends where the arena ends, also within a step", () => {
    const { pool, ahead } = setUp(PAGES_PER_HUGE_PAGE + 3);
    stepAll(ahead);
    expect(ahead.committedBytes).toBe((PAGES_PER_HUGE_PAGE + 3) * PAGE_SIZE);
    while (pool.take() !== 0);
    expect(ahead.step()).toBe(false);
  });

  test("crosses from one bank to the next", () => {
    const { pool, ahead } = setUp(8192 + 2 * PAGES_PER_HUGE_PAGE);
    for (let i = 0; i < 8192 - PAGES_PER_HUGE_PAGE; i++) pool.take();
    stepAll(ahead);
    expect(ahead.committedBytes).toBe((8192 + 2 * PAGES_PER_HUGE_PAGE) * PAGE_SIZE);
  });

  test("changes nothing of what is there", () => {
    const { arena, ahead } = setUp(40);
    for (let word = 0; word < arena.words[0]!.length; word += 1024) arena.words[0]![word] = word;
    stepAll(ahead);
    for (let word = 0; word < arena.words[0]!.length; word += 1024) {
      expect(arena.words[0]![word]).toBe(word);
    }
  });

  test("is asked for once for every step that the store takes", () => {
    const { pool, asked } = setUp(1000);
    for (let i = 1; i < 10 * PAGES_PER_HUGE_PAGE; i++) pool.take();
    expect(asked()).toBe(9);
    pool.give(5);
    pool.take();
    expect(asked()).toBe(9);
  });
});
