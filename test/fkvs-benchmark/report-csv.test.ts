import { describe, expect, test } from "bun:test";
import {
  renderStepLine,
  renderTestLine,
  STEP_HEADER,
  TEST_HEADER,
} from "../../fkvs-benchmark/report-csv.ts";
import { makeSummary } from "../support/benchmark-fixture.ts";

const cells = (line: string) => line.trimEnd().split(",");

/** A line by the names of its columns. */
function byName(header: string, line: string): Record<string, string> {
  const values = cells(line);
  return Object.fromEntries(cells(header).map((name, index) => [name, values[index]!]));
}

describe("renderTestLine", () => {
  test("has a cell for each name", () => {
    const lines = [
      makeSummary(),
      makeSummary({ keys: { kind: "unique" } }, {}, { server: null }),
    ].map(renderTestLine);
    for (const line of lines) {
      expect(line).toEndWith("\n");
      expect(line.split("\n")).toHaveLength(2);
      expect(line.split(",")).toHaveLength(cells(TEST_HEADER).length);
    }
  });

  test("writes figures with their units in the names", () => {
    const distribution = { kind: "zipf", theta: 0.5 } as const;
    const summary = makeSummary({
      ratePerSecond: 5000,
      keys: { kind: "keyspace", keyspace: 9, distribution },
    });
    expect(byName(TEST_HEADER, renderTestLine(summary))).toMatchObject({
      test: "set",
      protocol: "fkvs",
      loop: "open",
      clients: "32",
      keys: "9",
      distribution: "zipf:0.5",
      completed: "100000",
      elapsed_s: "0.812345",
      target_req_per_s: "5000",
      req_per_s: "123100.41",
      min_us: "10.0",
      p50_us: "500.2",
      "p99.9_us": "1000.0",
      client_us_per_req: "6.000",
      server_cores: "0.616",
      server_us_per_req: "5.000",
      client_was_limit: "0",
      keys_per_req: "",
      keys_per_s: "",
    });
    const several = makeSummary({ test: "mget", keysPerRequest: 500 }, { elapsedMs: 2000 });
    expect(byName(TEST_HEADER, renderTestLine(several))).toMatchObject({
      req_per_s: "50000.00",
      keys_per_req: "500",
      keys_per_s: "25000000.00",
    });
  });

  test("leaves empty what is not known", () => {
    const summary = { ...makeSummary({}, {}, { server: null }), isClientLimit: null };
    expect(byName(TEST_HEADER, renderTestLine(summary))).toMatchObject({
      keys: "single",
      distribution: "",
      target_req_per_s: "",
      server_cores: "",
      server_us_per_req: "",
      client_was_limit: "",
    });
  });
});

describe("renderStepLine", () => {
  test("writes a step of a sweep", () => {
    const step = {
      ratePerSecond: 5000,
      requestsPerSecond: 4999.5,
      p50Us: 10,
      p99Us: 20.25,
      p999Us: 30,
      notCompletedCount: 0,
      verdict: "ok",
    } as const;
    expect(STEP_HEADER).toBe(
      "target_req_per_s,req_per_s,p50_us,p99_us,p99.9_us,not_completed,verdict\n",
    );
    expect(renderStepLine(step)).toBe("5000,4999.50,10.0,20.3,30.0,0,ok\n");
  });
});
