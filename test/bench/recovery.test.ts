import { describe, expect, test } from "bun:test";
import { measureRecovery, renderRecovery } from "../../bench/recovery.ts";

describe("recovery", () => {
  test("has a time for every way", () => {
    const { keyCount, timings } = measureRecovery(1000);
    expect(keyCount).toBe(1000);
    expect(timings.map(({ name }) => name)).toEqual([
      "WAL, new keys",
      "WAL, every key twice",
      "snapshot, written",
      "snapshot",
    ]);
    for (const { elapsedMs } of timings) expect(elapsedMs).toBeGreaterThan(0);
  });

  test("is printed as time and rate", () => {
    const text = renderRecovery({ keyCount: 2000, timings: [{ name: "WAL", elapsedMs: 1 }] });
    expect(text.split("\n")).toEqual([
      "recovery, 2,000 keys",
      "  WAL                          500 ns a record     2,000,000 a second",
      "",
    ]);
  });
});
