import { describe, expect, test } from "bun:test";
import type { TestPlan } from "../../fkvs-benchmark/benchmark-plan.ts";
import { RunError } from "../../fkvs-benchmark/run-error.ts";
import { judgeStep, sweep, type SweepStep } from "../../fkvs-benchmark/sweep.ts";
import type { TestSummary } from "../../fkvs-benchmark/summary.ts";
import { makeHistogram, makeSummary, makeTestPlan } from "../support/benchmark-fixture.ts";

/** A server that keeps `most` requests a second and whose latency goes up as that comes near. */
function measureServer(most: number) {
  return ({ ratePerSecond }: TestPlan): TestSummary => {
    const achieved = ratePerSecond === 0 ? most : Math.min(ratePerSecond, most);
    const load = Math.min(0.999, ratePerSecond / most);
    return summaryOf(ratePerSecond, achieved, 100 / (1 - load));
  };
}

function summaryOf(ratePerSecond: number, achieved: number, latencyUs: number): TestSummary {
  return makeSummary(
    { ratePerSecond, requestCount: Infinity, durationMs: 1000 },
    { completedCount: achieved, elapsedMs: 1000 },
    { histogram: makeHistogram([latencyUs]) },
  );
}

async function search(measure: (plan: TestPlan) => TestSummary | null, sloMs = 1) {
  const told: (number | SweepStep)[] = [];
  const outcome = await sweep(makeTestPlan({ durationMs: 1000 }), sloMs, {
    measure: async (plan) => measure(plan),
    begun: (most) => void told.push(most),
    stepped: (step) => void told.push(step),
  });
  return { outcome, told };
}

describe("sweep", () => {
  // 100 us / (1 - load) is 1 ms at nine tenths of the load.
  test.each([1000, 33_333, 1_000_000])("finds the knee of a server that keeps %i", async (most) => {
    const { outcome, told } = await search(measureServer(most));
    const { steps, knee, mostPerSecond } = outcome!;
    expect(mostPerSecond).toBe(most);
    expect(steps).toHaveLength(6);
    expect(knee!.ratePerSecond).toBeGreaterThan(0.88 * most);
    expect(knee!.ratePerSecond).toBeLessThanOrEqual(0.9 * most);
    expect(knee).toEqual(steps.findLast(({ verdict }) => verdict === "ok")!);
    expect(told).toEqual([most, ...steps]);
  });

  test("moves with the SLO", async () => {
    const { outcome } = await search(measureServer(100_000), 0.2);
    expect(outcome!.knee!.ratePerSecond).toBeGreaterThan(48_000);
    expect(outcome!.knee!.ratePerSecond).toBeLessThanOrEqual(50_000);
  });

  test("finds none when every rate is too slow", async () => {
    const { outcome } = await search(measureServer(100_000), 0.05);
    expect(outcome!.knee).toBeNull();
    expect(outcome!.steps).toHaveLength(6);
    expect(outcome!.steps.every(({ verdict }) => verdict === "too slow")).toBe(true);
  });

  test("comes near the most when no rate is too slow", async () => {
    const { outcome } = await search(measureServer(100_000), 1e6);
    expect(outcome!.knee!.ratePerSecond).toBeGreaterThan(98_000);
  });

  test("ends at once where there is nothing to halve", async () => {
    const { outcome } = await search(({ ratePerSecond }) => summaryOf(ratePerSecond, 1, 1));
    expect(outcome).toMatchObject({ steps: [], knee: null });
  });

  test("ends with what it has when it is interrupted", async () => {
    let left = 3;
    const measure = measureServer(1000);
    const { outcome } = await search((plan) => (left-- > 0 ? measure(plan) : null));
    expect(outcome!.steps).toHaveLength(2);
    expect((await search(() => null)).outcome).toBeNull();
  });

  test("does not begin when the closed loop does not complete", async () => {
    const search404 = search(() => makeSummary({}, { completedCount: 0, missCount: 5 }));
    await expect(search404).rejects.toThrow(
      new RunError("the closed loop before the sweep: set: 5 of 5 requests found nothing"),
    );
  });
});

describe("judgeStep", () => {
  test("allows a p99 up to the SLO", () => {
    expect(judgeStep(summaryOf(1000, 1000, 1), 0.001).verdict).toBe("ok");
    expect(judgeStep(summaryOf(1000, 1000, 1.001), 0.001).verdict).toBe("too slow");
  });

  test("wants 95 % of the rate", () => {
    expect(judgeStep(summaryOf(1000, 950, 1), 1).verdict).toBe("ok");
    expect(judgeStep(summaryOf(1000, 949, 1), 1).verdict).toBe("rate not kept");
  });

  test("wants every request completed", () => {
    const plan = { ratePerSecond: 1000 };
    expect(judgeStep(makeSummary(plan, { failedCount: 1 }), 1000)).toMatchObject({
      verdict: "not completed",
      notCompletedCount: 1,
    });
    const lost = makeSummary(plan, {}, { failures: ["it was lost"] });
    expect(judgeStep(lost, 1000).verdict).toBe("not completed");
  });
});
