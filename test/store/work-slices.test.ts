import { describe, expect, test } from "bun:test";
import {
  bucketLimitUs,
  SLICE,
  SLICE_BUCKET_COUNT,
  SLICE_NAMES,
  WorkSlices,
} from "../../src/store/work-slices.ts";

const MICROSECONDS = [0, 16, 17, 32, 33, 1000, 2000, 262_144, 262_145, 10_000_000];

function makeSlices() {
  const time = { elapsedUs: 5000 };
  const clock = { nowMs: () => 0, elapsedMs: () => 0, workMs: () => time.elapsedUs / 1000 };
  return { slices: new WorkSlices(clock), time };
}

describe("WorkSlices", () => {
  for (const elapsedUs of MICROSECONDS) {
    test(`counts a slice of ${elapsedUs} µs in the one bucket that it belongs to`, () => {
      const { slices, time } = makeSlices();
      time.elapsedUs = 0;
      const beginMs = slices.begin();
      time.elapsedUs = elapsedUs;
      slices.end(SLICE.TABLE, beginMs);
      for (let bucket = 0; bucket < SLICE_BUCKET_COUNT; bucket++) {
        const above = bucket === 0 ? -1 : bucketLimitUs(bucket - 1);
        const isIts = elapsedUs > above && elapsedUs <= bucketLimitUs(bucket);
        expect(slices.count(SLICE.TABLE, bucket)).toBe(Number(isIts));
      }
      expect(slices.maxUs(SLICE.TABLE)).toBe(elapsedUs);
    });
  }

  test("keeps kinds apart, and of each the longest", () => {
    const { slices, time } = makeSlices();
    for (const [kind, durations] of [[20, 100, 30], [7], [], [500, 400]].entries()) {
      for (const duration of durations) {
        const beginMs = slices.begin();
        time.elapsedUs += duration;
        slices.end(kind as (typeof SLICE)[keyof typeof SLICE], beginMs);
      }
    }
    const longest = Object.values(SLICE).map((kind) => Math.round(slices.maxUs(kind)));
    expect(longest).toEqual([100, 7, 0, 500, 0]);
    expect(slices.count(SLICE.TABLE, 1)).toBe(2);
    expect(slices.count(SLICE.COMPACT, 0)).toBe(1);
  });

  test("has a name for every kind and a last bucket without a limit", () => {
    expect(SLICE_NAMES.map((name) => name.toUpperCase())).toEqual(Object.keys(SLICE));
    expect(bucketLimitUs(0)).toBe(16);
    expect(bucketLimitUs(SLICE_BUCKET_COUNT - 1)).toBe(Infinity);
  });
});
