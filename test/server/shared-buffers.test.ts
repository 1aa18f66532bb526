import { describe, expect, test } from "bun:test";
import { MemoryBudget } from "../../src/server/memory-budget.ts";
import { reserveSharedBuffers } from "../../src/server/shared-buffers.ts";
import { ONLY_THREAD } from "../../src/server/thread-setup.ts";

describe("reserveSharedBuffers", () => {
  test("is nothing for one thread", () => {
    expect(reserveSharedBuffers(ONLY_THREAD, 1000)).toEqual({});
  });

  test("has rings between the threads when the keys are divided among them", () => {
    const setup = { index: 0, count: 2, mode: "shared" } as const;
    expect(reserveSharedBuffers(setup, 1000)).not.toHaveProperty("shards");
    const { shards } = reserveSharedBuffers({ ...setup, mode: "sharded" }, 1000);
    expect(shards?.requests).toHaveLength(4);
  });

  test("knows the limit, for as many threads as there are", () => {
    const { memoryBudget } = reserveSharedBuffers({ index: 0, count: 3, mode: "shared" }, 1000);
    const last = new MemoryBudget(memoryBudget!, 2);
    last.payForWindows(5);
    expect([last.maxBytes, last.windowBytes]).toEqual([1000, 5]);
  });
});
