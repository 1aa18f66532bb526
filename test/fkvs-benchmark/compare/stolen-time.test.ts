import { expect, test } from "bun:test";
import { readProcessorTimes, stolenShare } from "../../../fkvs-benchmark/compare/stolen-time.ts";

const BEFORE = readProcessorTimes("cpu  100 10 50 800 20 1 2 17 5 5\ncpu0 1 2 3 4 5 6 7 8 9 10\n");

test("the times are those of all processors, without what is counted twice", () => {
  expect(BEFORE).toEqual({ totalTicks: 1000, stolenTicks: 17 });
  // Kernels before 2.6.11 do not say.
  expect(readProcessorTimes("cpu 1 2 3 4 5 6 7\n")).toEqual({ totalTicks: 28, stolenTicks: 0 });
});

test("this machine's go on", () => {
  const { totalTicks, stolenTicks } = readProcessorTimes();
  expect(totalTicks).toBeGreaterThan(stolenTicks);
  expect(readProcessorTimes().totalTicks).toBeGreaterThanOrEqual(totalTicks);
});

test("the share is that of the time between two looks", () => {
  expect(stolenShare(BEFORE, { totalTicks: 1200, stolenTicks: 67 })).toBe(0.25);
  expect(stolenShare(BEFORE, BEFORE)).toBe(0);
});
