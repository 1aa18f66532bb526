import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { renderKnee, renderSweepHead, renderSweepStep } from "../../fkvs-benchmark/report-sweep.ts";
import type { SweepStep } from "../../fkvs-benchmark/sweep.ts";
import { makeTestPlan } from "../support/benchmark-fixture.ts";

const PASSED: SweepStep = {
  ratePerSecond: 50_000,
  requestsPerSecond: 49_975.2,
  p50Us: 33,
  p99Us: 120.04,
  p999Us: 2238,
  notCompletedCount: 0,
  verdict: "ok",
};
const FAILED: SweepStep = {
  ...PASSED,
  ratePerSecond: 100_000,
  requestsPerSecond: 60_000,
  verdict: "rate not kept",
};

describe("the report of a sweep", () => {
  test("has a line for each step and one for the knee", () => {
    const golden = readFileSync(new URL("./golden/sweep.txt", import.meta.url), "utf8");
    const plan = makeTestPlan({ durationMs: 2000 });
    const outcome = { sloMs: 1, mostPerSecond: 123_100.4, steps: [FAILED, PASSED], knee: PASSED };
    const text =
      renderSweepHead(plan, 1, outcome.mostPerSecond) +
      outcome.steps.map(renderSweepStep).join("") +
      renderKnee(outcome);
    expect(text).toBe(golden);
  });

  test("says how far down there was none", () => {
    const outcome = { sloMs: 0.5, mostPerSecond: 1, steps: [FAILED, PASSED], knee: null };
    expect(renderKnee(outcome)).toBe(
      "Knee: none of the rates had p99 <= 0.5 ms, down to 50000 req/s\n",
    );
    expect(renderKnee({ ...outcome, steps: [] })).toBe(
      "Knee: none of the rates had p99 <= 0.5 ms\n",
    );
  });
});
