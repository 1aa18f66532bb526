import { describe, expect, test } from "bun:test";
import { renderJson, type JsonSource } from "../../fkvs-benchmark/report-json.ts";
import type { TestSummary } from "../../fkvs-benchmark/summary.ts";
import { makeSummary, SETTINGS } from "../support/benchmark-fixture.ts";

const SOURCE: JsonSource = {
  environment: {
    version: "1.2.3",
    bunVersion: "1.4.5",
    cpuModel: "A processor",
    cpuCount: 4,
    system: "linux 6.1 x64",
    startedAt: "2026-11-21T07:52:57.724Z",
  },
  settings: SETTINGS,
  summaries: [makeSummary()],
  sweep: null,
  failure: "",
};

const testOf = (summary: TestSummary) =>
  JSON.parse(renderJson({ ...SOURCE, summaries: [summary] })).tests[0];

describe("renderJson", () => {
  const document = JSON.parse(renderJson(SOURCE));

  test("says where it was measured", () => {
    expect(document.environment).toEqual({
      ...SOURCE.environment,
      protocol: "fkvs",
      target: "127.0.0.1:5995",
    });
    expect(document.failure).toBe("");
    expect("sweep" in document).toBe(false);
  });

  test("has every figure of a test", () => {
    expect(document.tests).toEqual([
      {
        test: "set",
        loop: "closed",
        targetRequestsPerSecond: null,
        clients: 32,
        threads: 1,
        pipeline: 1,
        durationSeconds: null,
        warmupSeconds: 0,
        readPercent: null,
        keysPerRequest: null,
        keys: "single",
        keyspace: null,
        distribution: null,
        keySizeBytes: 16,
        valueSizeBytes: 32,
        isVerified: false,
        seed: 7,
        io: "uring",
        ioAskedFor: "auto",
        requests: 100_000,
        completed: 100_000,
        errors: 0,
        misses: 0,
        wrong: 0,
        unanswered: 0,
        elapsedSeconds: 0.812345,
        requestsPerSecond: expect.closeTo(123_100.41, 2),
        keysPerSecond: null,
        latencyUs: {
          samples: 100,
          min: 10,
          mean: expect.closeTo(505, 0),
          p50: expect.closeTo(500, 0),
          p90: expect.closeTo(900, 0),
          p95: expect.closeTo(950, 0),
          p99: expect.closeTo(990, 0),
          "p99.9": 1000,
          "p99.99": 1000,
          max: 1000,
        },
        clientCpu: { coreShare: expect.closeTo(0.7386, 4), usPerRequest: 6 },
        serverCpu: { coreShare: expect.closeTo(0.6155, 4), usPerRequest: 5, pid: 123 },
        isClientLimit: false,
        isInterrupted: false,
        failures: [],
      },
    ]);
  });

  test("tells what served the sockets, and what was asked for where they differ", () => {
    const { io, ioAskedFor } = testOf(makeSummary({ io: "uring" }));
    expect([io, ioAskedFor]).toEqual(["uring", undefined]);
    const partly = { ...makeSummary(), ios: ["uring", "listen"] as const };
    expect(testOf(partly)).toMatchObject({ io: "uring and listen", ioAskedFor: "auto" });
  });

  test("counts the keys where a request has several", () => {
    const summary = makeSummary(
      { test: "mget", keysPerRequest: 500 },
      { completedCount: 1000, elapsedMs: 2000 },
    );
    expect(testOf(summary)).toMatchObject({
      keysPerRequest: 500,
      requestsPerSecond: 500,
      keysPerSecond: 250_000,
    });
  });

  test("tells of an open loop over a keyspace for a time", () => {
    const distribution = { kind: "zipf", theta: 0.5 } as const;
    const summary = makeSummary({
      test: "mixed",
      ratePerSecond: 5000,
      durationMs: 2500,
      requestCount: Infinity,
      keys: { kind: "keyspace", keyspace: 9, distribution },
    });
    expect(JSON.parse(renderJson({ ...SOURCE, summaries: [summary] })).tests[0]).toMatchObject({
      loop: "open",
      targetRequestsPerSecond: 5000,
      durationSeconds: 2.5,
      readPercent: 90,
      keys: "keyspace",
      keyspace: 9,
      distribution,
    });
  });

  test("carries a sweep and a failure", () => {
    const sweep = { sloMs: 1, mostPerSecond: 100, steps: [], knee: null };
    const other = JSON.parse(renderJson({ ...SOURCE, summaries: [], sweep, failure: "it failed" }));
    expect(other).toMatchObject({ tests: [], sweep, failure: "it failed" });
  });
});
