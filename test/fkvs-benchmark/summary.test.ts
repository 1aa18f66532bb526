import { describe, expect, test } from "bun:test";
import { summarize, summarizeLatency } from "../../fkvs-benchmark/summary.ts";
import {
  makeHistogram,
  makeMeasurement,
  makeResult,
  makeSummary,
  makeTestPlan,
} from "../support/benchmark-fixture.ts";

describe("summarize", () => {
  test("counts what did not complete in any way", () => {
    const results = [
      makeResult({
        completedCount: 90,
        errorCount: 1,
        missCount: 2,
        wrongCount: 3,
        failedCount: 4,
      }),
      makeResult({
        completedCount: 10,
        errorCount: 5,
        missCount: 6,
        wrongCount: 7,
        failedCount: 8,
      }),
    ];
    const plan = makeTestPlan({ requestCount: 136 });
    expect(summarize(plan, makeMeasurement(results), null)).toMatchObject({
      requestCount: 136,
      completedCount: 100,
      errorCount: 6,
      missCount: 8,
      wrongCount: 10,
      unansweredCount: 12,
      notCompletedCount: 36,
    });
  });

  test("says how many requests there were where nobody asked for a number", () => {
    const results = [makeResult({ completedCount: 40, missCount: 2 })];
    const plan = makeTestPlan({ requestCount: Infinity, durationMs: 1000 });
    expect(summarize(plan, makeMeasurement(results), null).requestCount).toBe(42);
  });

  test("divides the completed requests by the time of the slowest thread", () => {
    const results = [
      makeResult({ completedCount: 300, elapsedMs: 500 }),
      makeResult({ completedCount: 100, missCount: 900, elapsedMs: 2000 }),
    ];
    const summary = summarize(makeTestPlan(), makeMeasurement(results), null);
    expect(summary.elapsedSeconds).toBe(2);
    expect(summary.requestsPerSecond).toBe(200);
  });

  test("counts the keys of completed requests, where a request has several", () => {
    const results = [makeResult({ completedCount: 300, missCount: 100, elapsedMs: 2000 })];
    const keysOf = (test: "set" | "mset") =>
      summarize(makeTestPlan({ test, keysPerRequest: 20 }), makeMeasurement(results), null)
        .keysPerSecond;
    expect([keysOf("set"), keysOf("mset")]).toEqual([null, 3000]);
  });

  test("says what served the sockets, each once", () => {
    const results = (["uring", "uring", null] as const).map((io) => makeResult({ io }));
    expect(summarize(makeTestPlan(), makeMeasurement(results), null).ios).toEqual(["uring"]);
  });

  test("has the original's example", () => {
    const results = [makeResult({ completedCount: 100_000, elapsedMs: 812.345 })];
    const summary = summarize(makeTestPlan(), makeMeasurement(results), null);
    expect(summary.requestsPerSecond.toFixed(2)).toBe("123100.41");
  });

  test("says nothing with zeros of a test that was not begun", () => {
    const results = [makeResult({ completedCount: 0, elapsedMs: 0, cpuMs: 3 })];
    const summary = summarize(makeTestPlan(), makeMeasurement(results), null);
    expect(summary).toMatchObject({
      requestsPerSecond: 0,
      client: { coreShare: 0, usPerRequest: 0 },
      latency: { sampleCount: 0, minUs: 0, meanUs: 0, maxUs: 0 },
    });
  });

  test("divides the client's CPU time among all threads and all answered requests", () => {
    const results = [
      makeResult({ completedCount: 900, errorCount: 50, cpuMs: 600, elapsedMs: 1000 }),
      makeResult({
        completedCount: 40,
        missCount: 10,
        failedCount: 7,
        cpuMs: 900,
        elapsedMs: 1000,
      }),
    ];
    const { client } = summarize(makeTestPlan(), makeMeasurement(results), null);
    expect(client).toEqual({ coreShare: 1.5, usPerRequest: 1500 });
  });

  test("reckons the server's CPU time from its share where the readings were further apart", () => {
    const results = [makeResult({ completedCount: 1000, elapsedMs: 1000 })];
    const measurement = makeMeasurement(results, { server: { cpuMs: 400, elapsedMs: 800 } });
    expect(summarize(makeTestPlan(), measurement, 9).server).toEqual({
      pid: 9,
      coreShare: 0.5,
      usPerRequest: 500,
    });
    expect(summarize(makeTestPlan(), makeMeasurement(results), 9).server).toBeNull();
  });

  test("passes on how the test ended", () => {
    const changes = { failures: ["it was lost"], isInterrupted: true };
    expect(makeSummary({}, {}, changes)).toMatchObject(changes);
  });
});

describe("the client as the limit", () => {
  const judge = (clientShare: number, serverShare: number | null, plan = {}) =>
    makeSummary(
      plan,
      { completedCount: 1000, elapsedMs: 1000, cpuMs: clientShare * 1000 },
      { server: serverShare === null ? null : { cpuMs: serverShare * 1000, elapsedMs: 1000 } },
    ).isClientLimit;

  test("was it when it was busy and the server was not", () => {
    expect(judge(0.95, 0.89)).toBe(true);
    expect(judge(0.949, 0.5)).toBe(false);
    expect(judge(1, 0.9)).toBe(false);
  });

  test("is not known when nobody knows of the server", () => {
    expect(judge(0.95, null)).toBeNull();
    expect(judge(0.94, null)).toBe(false);
  });

  test("was not the limit of a rate that was kept", () => {
    expect(judge(1, 0.1, { ratePerSecond: 1052 })).toBe(false);
    expect(judge(1, 0.1, { ratePerSecond: 1053 })).toBe(true);
  });

  test("is judged by its busiest thread", () => {
    const results = [
      makeResult({ elapsedMs: 1000, cpuMs: 100 }),
      makeResult({ elapsedMs: 500, cpuMs: 490 }),
    ];
    const measurement = makeMeasurement(results, { server: { cpuMs: 1, elapsedMs: 1000 } });
    expect(summarize(makeTestPlan(), measurement, 1).isClientLimit).toBe(true);
  });
});

describe("summarizeLatency", () => {
  test("finds percentiles to three digits", () => {
    // 1 to 10000 us: the q-th percentile is q × 100 us.
    const latency = summarizeLatency(
      makeHistogram(Array.from({ length: 10_000 }, (_, i) => i + 1)),
    );
    expect(latency.sampleCount).toBe(10_000);
    const expected = { 50: 5000, 90: 9000, 95: 9500, 99: 9900, 99.9: 9990, 99.99: 9999 } as const;
    for (const [name, us] of Object.entries(expected)) {
      const found = latency.percentileUs[Number(name) as keyof typeof expected];
      expect(Math.abs(found - us) / us).toBeLessThan(0.001);
    }
    expect(latency.minUs).toBeCloseTo(1, 1);
    expect(Math.abs(latency.maxUs - 10_000)).toBeLessThan(10);
    expect(Math.abs(latency.meanUs - 5000.5)).toBeLessThan(5);
  });

  test("is exact below two microseconds", () => {
    const latency = summarizeLatency(makeHistogram([1, 1, 1, 1.5]));
    expect(latency).toMatchObject({ minUs: 1, meanUs: 1.125, maxUs: 1.5 });
    expect(latency.percentileUs).toMatchObject({ 50: 1, 90: 1.5 });
  });
});
