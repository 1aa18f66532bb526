// Plans, results and summaries of the load generator, whole but for what a test cares about.

import { encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import type { BenchmarkPlan, TestPlan, TestSettings } from "../../fkvs-benchmark/benchmark-plan.ts";
import { createHistogram, recordLatency } from "../../fkvs-benchmark/latencies.ts";
import type { LoadResult } from "../../fkvs-benchmark/plan.ts";
import type { Measurement } from "../../fkvs-benchmark/run.ts";
import { summarize, type TestSummary } from "../../fkvs-benchmark/summary.ts";

export const FAKE_WORKER_URL = new URL("./fake-load-worker.ts", import.meta.url);

export const SETTINGS: TestSettings = {
  target: { kind: "tcp", host: "127.0.0.1", port: 5995 },
  protocol: "fkvs",
  io: "auto",
  clientCount: 32,
  threadCount: 1,
  requestCount: 100_000,
  durationMs: Infinity,
  warmupMs: 0,
  pipeline: 1,
  ratePerSecond: 0,
  keys: { kind: "single" },
  keySize: 16,
  valueSize: 32,
  readPercent: 90,
  keysPerRequest: 10,
  isVerified: false,
  seed: 7,
  timeoutMs: 5000,
};

export function makeTestPlan(changes: Partial<TestPlan> = {}): TestPlan {
  return { ...SETTINGS, test: "set", ...changes };
}

export function makeBenchmarkPlan(
  settings: Partial<TestSettings> = {},
  changes: Partial<BenchmarkPlan> = {},
): BenchmarkPlan {
  return {
    tests: ["set"],
    settings: { ...SETTINGS, ...settings },
    isPreloaded: false,
    output: "text",
    hdrPath: null,
    server: { kind: "none" },
    sloMs: null,
    notes: [],
    ...changes,
  };
}

/** One sample for each latency, in microseconds. */
export function makeHistogram(latenciesUs: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (const us of latenciesUs) recordLatency(histogram, us / 1000, 1);
  return histogram;
}

export function makeResult(changes: Partial<LoadResult> = {}): LoadResult {
  return {
    completedCount: 100_000,
    errorCount: 0,
    missCount: 0,
    wrongCount: 0,
    failedCount: 0,
    elapsedMs: 812.345,
    cpuMs: 600,
    io: "uring",
    histogram: encodeIntoCompressedBase64(makeHistogram([])),
    failure: "",
    ...changes,
  };
}

export function makeMeasurement(
  results: readonly LoadResult[],
  changes: Partial<Measurement> = {},
): Measurement {
  return {
    results,
    histogram: makeHistogram([]),
    server: null,
    failures: [],
    isInterrupted: false,
    ...changes,
  };
}

/** A hundred latencies of 10 to 1000 us, and a server that took 500 ms. */
export function makeSummary(
  plan: Partial<TestPlan> = {},
  result: Partial<LoadResult> = {},
  changes: Partial<Measurement> = {},
): TestSummary {
  const latenciesUs = Array.from({ length: 100 }, (_, i) => (i + 1) * 10);
  const measurement = makeMeasurement([makeResult(result)], {
    histogram: makeHistogram(latenciesUs),
    server: { cpuMs: 500, elapsedMs: 812.345 },
    ...changes,
  });
  return summarize(makeTestPlan(plan), measurement, 123);
}
