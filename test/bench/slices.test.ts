import { describe, expect, test } from "bun:test";
import { fillStore, renderFill } from "../../bench/slices.ts";
import { SLICE_NAMES } from "../../src/store/work-slices.ts";

const KEY_COUNT = 20_001;

describe("slices", () => {
  const report = fillStore(KEY_COUNT);
  const table = report.histograms[0]!;

  test("has a histogram of every kind, and tables grow while keys come", () => {
    expect(report.histograms.map(({ kind }) => kind)).toEqual([...SLICE_NAMES]);
    expect(table.buckets.length).toBeGreaterThan(0);
    const last = table.buckets.at(-1)!;
    expect(table.maxUs).toBeGreaterThan(0);
    expect(table.maxUs).toBeLessThanOrEqual(last.limitUs);
  });

  test("has time and memory", () => {
    expect(report.elapsedMs).toBeGreaterThan(0);
    // Key, value and header.
    expect(report.memoryBytes).toBeGreaterThan(KEY_COUNT * (16 + 32 + 8));
  });

  test("is printed with its longest slices and its buckets", () => {
    const text = renderFill({
      keyCount: 1000,
      elapsedMs: 1,
      memoryBytes: 72_000,
      histograms: [{ kind: "table", maxUs: 2100.4, buckets: [{ limitUs: 4096, count: 7 }] }],
    });
    expect(text.split("\n")).toEqual([
      "slices, 1,000 new keys",
      "  0.00 s in all, 1000 ns a key",
      "  72.0 bytes of memory a key",
      "  table           7 slices, longest 2100 µs",
      "    ≤ 4096 µs              7",
      "  at most 2000 µs: not kept",
      "",
    ]);
  });
});
