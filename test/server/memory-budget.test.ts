import { describe, expect, test } from "bun:test";
import { MemoryBudget, openMemoryBudget } from "../../src/server/memory-budget.ts";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { threadOptions } from "../support/test-server.ts";

const PAGES = 512;
const LIMIT_BYTES = PAGES * PAGE_SIZE;

/** The limits that a thread hands on. */
function settle(budget: MemoryBudget): number[] {
  const limits: number[] = [];
  budget.settle((pageCount) => limits.push(pageCount));
  return limits;
}

describe("MemoryBudget", () => {
  test("takes the windows of all threads off the limit", () => {
    const buffer = MemoryBudget.reserve(LIMIT_BYTES, 3);
    const budgets = [0, 1, 2].map((index) => new MemoryBudget(buffer, index));
    for (const [index, budget] of budgets.entries()) {
      budget.payForWindows((index + 1) * PAGE_SIZE);
    }
    expect(budgets.map((budget) => budget.windowBytes / PAGE_SIZE)).toEqual([6, 6, 6]);
    expect(settle(budgets[1]!)).toEqual([PAGES - 6]);
    budgets[0]!.payForWindows(2 * PAGE_SIZE);
    expect(settle(budgets[1]!)).toEqual([PAGES - 7]);
  });

  test("counts a page of the store as gone when a part of it is", () => {
    const budget = new MemoryBudget(MemoryBudget.reserve(LIMIT_BYTES, 1), 0);
    budget.payForWindows(1);
    expect(settle(budget)).toEqual([PAGES - 1]);
  });

  test("hands a limit on once", () => {
    const budget = new MemoryBudget(MemoryBudget.reserve(LIMIT_BYTES, 1), 0);
    expect(settle(budget)).toEqual([]);
    budget.payForWindows(PAGE_SIZE);
    expect(settle(budget)).toEqual([PAGES - 1]);
    expect(settle(budget)).toEqual([]);
    budget.payForWindows(0);
    expect(settle(budget)).toEqual([PAGES]);
  });

  test("has one limit, which any thread changes for all", () => {
    const buffer = MemoryBudget.reserve(LIMIT_BYTES, 2);
    const [one, other] = [new MemoryBudget(buffer, 0), new MemoryBudget(buffer, 1)];
    expect(other.maxBytes).toBe(LIMIT_BYTES);
    one.maxBytes = 40 * 2 ** 30 + 1;
    expect(other.maxBytes).toBe(40 * 2 ** 30 + 1);
    one.maxBytes = 10 * PAGE_SIZE;
    expect(settle(other)).toEqual([10]);
  });

  test("leaves the store nothing when windows take more than all", () => {
    const budget = new MemoryBudget(MemoryBudget.reserve(PAGE_SIZE, 1), 0);
    budget.payForWindows(3 * PAGE_SIZE);
    expect(settle(budget)).toEqual([0]);
  });
});

describe("openMemoryBudget", () => {
  test("is of one thread alone, unless there is memory of several", () => {
    const alone = openMemoryBudget(threadOptions({ maxMemoryBytes: LIMIT_BYTES }));
    expect(alone.maxBytes).toBe(LIMIT_BYTES);
    const memoryBudget = MemoryBudget.reserve(LIMIT_BYTES, 2);
    new MemoryBudget(memoryBudget, 0).payForWindows(5);
    const threads = { index: 1, count: 2, mode: "shared" } as const;
    const shared = openMemoryBudget(threadOptions({ memoryBudget, threads }));
    shared.payForWindows(7);
    expect(shared.windowBytes).toBe(12);
  });
});
