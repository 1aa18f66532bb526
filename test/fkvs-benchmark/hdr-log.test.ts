import { afterAll, describe, expect, test } from "bun:test";
import { HistogramLogReader } from "hdr-histogram-js";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HdrLog } from "../../fkvs-benchmark/hdr-log.ts";
import { RunError } from "../../fkvs-benchmark/run-error.ts";
import { makeHistogram } from "../support/benchmark-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-hdr-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START_MS = 1_700_000_000_000;

describe("HdrLog", () => {
  const path = join(folder, "out.hdr");
  const log = new HdrLog(path, "fkvs-benchmark 1.2.3", START_MS);
  log.add("set", makeHistogram([100, 200, 300]), START_MS + 2000, 1.5);
  log.add("get", makeHistogram([50]), START_MS + 4000, 1);
  log.close();
  const text = readFileSync(path, "utf8");

  test("begins with what readers look for, and has no empty line", () => {
    expect(text.split("\n").slice(0, 4)).toEqual([
      "#[Latencies in nanoseconds, logged by fkvs-benchmark 1.2.3]",
      "#[Histogram log format version 1.3]",
      "#[StartTime: 1700000000.000 (seconds since epoch), 2023-11-14T22:13:20.000Z]",
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]);
    expect(text).not.toContain("\n\n");
    expect(text).toMatch(
      /\nTag=set,0\.500,1\.500,0\.300,HIST\S+\nTag=get,3\.000,1\.000,0\.050,HIST/,
    );
  });

  test("is read back", () => {
    const reader = new HistogramLogReader(text, 64);
    const [set, get, end] = [1, 2, 3].map(() => reader.nextIntervalHistogram());
    expect([set!.tag, set!.totalCount]).toEqual(["set", 3]);
    expect(set!.getValueAtPercentile(50) / 1000).toBeCloseTo(200, 0);
    expect([get!.tag, get!.totalCount]).toEqual(["get", 1]);
    expect(end).toBeNull();
  });

  test("says at once when the path cannot be written", () => {
    const missing = join(folder, "no", "such.hdr");
    expect(() => new HdrLog(missing, "", 0)).toThrow(RunError);
    expect(() => new HdrLog(missing, "", 0)).toThrow(
      `${missing}, named by --hdr, cannot be written (ENOENT: no such file or directory)`,
    );
  });
});
