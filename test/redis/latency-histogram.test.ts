import { describe, expect, test } from "bun:test";
import { DURATION_NS_MAX, LatencyHistogram } from "../../src/redis/latency-histogram.ts";
import { Random } from "../support/random.ts";

function histogramOf(...durationsNs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const durationNs of durationsNs) histogram.record(durationNs);
  return histogram;
}

describe("LatencyHistogram", () => {
  // Limits that redis-server 7.0.15 prints for durations of whole microseconds.
  test.each([
    [1_000, 1_003],
    [2_000, 2_007],
    [3_000, 3_007],
    [4_000, 4_015],
    [8_000, 8_031],
    [9_000, 9_023],
    [10_000, 10_047],
    [17_000, 17_023],
    [21_000, 21_119],
    [30_000, 30_079],
    [42_000, 42_239],
    [72_000, 72_191],
    [376_000, 376_831],
    [10_092_000, 10_092_543],
  ])("counts %d ns in the bucket up to %d ns, as Redis does", (durationNs, limitNs) => {
    expect(histogramOf(durationNs).percentileNs(50)).toBe(limitNs);
  });

  test.each([
    [0, 0],
    [1, 1],
    [255, 255],
    [256, 257],
    [257, 257],
    [258, 259],
    [511, 511],
    [512, 515],
    [-5, 0],
    [0.9, 0],
    [DURATION_NS_MAX + 1, 1_002_438_655],
    [Number.POSITIVE_INFINITY, 1_002_438_655],
  ])("counts %d ns in the bucket up to %d ns", (durationNs, limitNs) => {
    expect(histogramOf(durationNs).percentileNs(50)).toBe(limitNs);
  });

  test("has buckets that follow each other without a gap, none wider than a 128th", () => {
    const random = new Random(7);
    for (let round = 0; round < 2000; round++) {
      const durationNs = random.below(2 ** (1 + random.below(29)));
      const limitNs = histogramOf(durationNs).percentileNs(50);
      const message = `seed 7, ${durationNs} ns`;
      expect(limitNs, message).toBeGreaterThanOrEqual(durationNs);
      expect(limitNs - durationNs, message).toBeLessThanOrEqual(durationNs / 128);
      expect(histogramOf(limitNs + 1).percentileNs(50), message).toBeGreaterThan(limitNs);
    }
  });

  test("tells percentiles of many calls", () => {
    const histogram = new LatencyHistogram();
    for (let call = 1; call <= 100; call++) histogram.record(call);
    expect([0, 1, 50, 99, 99.9, 100].map((each) => histogram.percentileNs(each))).toEqual([
      1, 1, 50, 99, 100, 100,
    ]);
  });

  test("counts several calls of one duration at once", () => {
    const histogram = histogramOf(1);
    histogram.record(200, 999);
    expect([histogram.totalCount, histogram.percentileNs(50)]).toEqual([1000, 200]);
  });

  test("tells nothing without calls", () => {
    const histogram = new LatencyHistogram();
    expect(histogram.percentileNs(99)).toBe(0);
    expect(histogram.cumulative()).toEqual([]);
  });

  test("tells cumulative counts at the powers of two, without those that repeat", () => {
    const histogram = histogramOf(8_000, 8_000, 9_000, 30_000, 31_000);
    expect(histogram.cumulative()).toEqual([
      [8, 2],
      [16, 3],
      [33, 5],
    ]);
  });

  test("tells even the longest calls in the end", () => {
    expect(histogramOf(1, 1031, 1032, DURATION_NS_MAX).cumulative()).toEqual([
      [1, 2],
      [2, 3],
      [1_073_741, 4],
    ]);
  });

  test("adds another's calls, and begins anew", () => {
    const histogram = histogramOf(1000, 2000);
    histogram.add(histogramOf(3000, 3000));
    expect(histogram.totalCount).toBe(4);
    expect([25, 50, 75].map((percentile) => histogram.percentileNs(percentile))).toEqual([
      1003, 2007, 3007,
    ]);
    histogram.reset();
    expect([histogram.totalCount, histogram.percentileNs(50)]).toEqual([0, 0]);
  });
});
