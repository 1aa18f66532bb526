// The golden files are what a person reads; the first three lines of each, and the block of an open
// loop, are the original's and must not change by a byte.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { KeyPlan } from "../../fkvs-benchmark/benchmark-plan.ts";
import type { Distribution } from "../../fkvs-benchmark/plan.ts";
import { renderQuiet, renderText } from "../../fkvs-benchmark/report-text.ts";
import type { TestSummary } from "../../fkvs-benchmark/summary.ts";
import { makeSummary } from "../support/benchmark-fixture.ts";

function keyspace(distribution: Distribution): KeyPlan {
  return { kind: "keyspace", keyspace: 1_000_000, distribution };
}

const GOLDEN: Readonly<Record<string, TestSummary>> = {
  "closed-loop": makeSummary(),
  "open-loop": makeSummary(
    {
      ratePerSecond: 50_000,
      clientCount: 16,
      requestCount: 200_000,
      keys: keyspace({ kind: "zipf", theta: 0.99 }),
    },
    { completedCount: 200_000, elapsedMs: 4002 },
    { server: { cpuMs: 1000, elapsedMs: 4002 } },
  ),
  "everything-wrong": makeSummary(
    {
      test: "mixed",
      keys: keyspace({ kind: "uniform" }),
      isVerified: true,
      pipeline: 16,
      threadCount: 2,
    },
    { completedCount: 99_990, errorCount: 1, missCount: 2, wrongCount: 3, failedCount: 4 },
  ),
  "client-limit": makeSummary(
    { keys: { kind: "unique" }, keySize: 32 },
    { cpuMs: 800 },
    { server: { cpuMs: 200, elapsedMs: 812.345 } },
  ),
  "several-keys": makeSummary({
    test: "mget",
    protocol: "resp",
    keys: keyspace({ kind: "uniform" }),
    keysPerRequest: 500,
  }),
  "server-unknown": makeSummary({ test: "ping" }, { cpuMs: 800 }, { server: null }),
};

describe("renderText", () => {
  for (const [name, summary] of Object.entries(GOLDEN)) {
    test(`writes ${name}`, () => {
      const golden = readFileSync(new URL(`./golden/${name}.txt`, import.meta.url), "utf8");
      expect(renderText(summary)).toBe(golden);
    });
  }

  test("begins with the original's three lines", () => {
    expect(renderText(makeSummary())).toStartWith(
      "Clients: 32  Total requests: 100000  Pipeline: 1\n" +
        "Completed: 100000  Failed: 0\n" +
        "Elapsed: 0.812345 s  Throughput: 123100.41 req/s\n",
    );
  });

  test("goes on with the original's block in an open loop", () => {
    expect(renderText(GOLDEN["open-loop"]!)).toContain(
      " req/s\n\nOpen-model latency (coordinated-omission corrected):\n" +
        "  Target rate : 50000 req/s   Achieved: 49975 req/s\n" +
        "  Samples     : 100\n" +
        "  min         :      10.0 us\n" +
        "  p50         :     500.2 us\n",
    );
  });
});

describe("renderQuiet", () => {
  test("writes one line", () => {
    expect(renderQuiet(makeSummary())).toBe(
      "set: 123100.41 requests per second, p50=0.500 msec, p99=0.990 msec, p99.9=1.000 msec," +
        " closed loop, client CPU 74 %\n",
    );
  });

  test("says how many keys there were where a request has several", () => {
    expect(renderQuiet(makeSummary({ test: "mget", keysPerRequest: 10 }))).toEndWith(
      ", client CPU 74 %, 1231004.07 keys per second\n",
    );
  });

  test("says when the loop was open, and when the client was the limit or may have been", () => {
    const summary = makeSummary();
    const open = { ...summary, plan: { ...summary.plan, ratePerSecond: 5000 } };
    expect(renderQuiet(open)).toContain(", open loop, client CPU");
    const limited = renderQuiet({ ...summary, isClientLimit: true });
    expect(limited).toEndWith(", the client was the limit\n");
    const unknown = renderQuiet({ ...summary, isClientLimit: null });
    expect(unknown).toEndWith(", unless the server was as busy the client was the limit\n");
  });
});
