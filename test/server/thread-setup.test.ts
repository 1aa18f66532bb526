import { describe, expect, test } from "bun:test";
import { THREAD_COUNT_MAX } from "../../src/lib/thread-mode.ts";
import { ONLY_THREAD, setUpThreads } from "../../src/server/thread-setup.ts";

describe("setUpThreads", () => {
  test("numbers the threads, and tells each of the others", () => {
    expect(setUpThreads(3, "sharded")).toEqual([
      { index: 0, count: 3, mode: "sharded" },
      { index: 1, count: 3, mode: "sharded" },
      { index: 2, count: 3, mode: "sharded" },
    ]);
  });

  test("has one thread share nothing, in whatever mode", () => {
    expect(setUpThreads(1, "sharded")).toEqual([ONLY_THREAD]);
    expect(setUpThreads(0, "sharded", 1)).toEqual([ONLY_THREAD]);
  });

  test("makes 0 one for each core, as far as there may be threads", () => {
    expect(setUpThreads(0, "shared", 6)).toHaveLength(6);
    expect(setUpThreads(0, "shared", 1000)).toHaveLength(THREAD_COUNT_MAX);
    expect(setUpThreads(0, "shared").length).toBeGreaterThan(0);
  });
});
