import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchmarkPlan, TestSettings } from "../../fkvs-benchmark/benchmark-plan.ts";
import { EXIT, runBenchmark } from "../../fkvs-benchmark/benchmark.ts";
import { OptionError } from "../../src/options/option-error.ts";
import { FAKE_WORKER_URL, makeBenchmarkPlan } from "../support/benchmark-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-benchmark-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL_KEYSPACE = {
  kind: "keyspace",
  keyspace: 50,
  distribution: { kind: "uniform" },
} as const;

interface Ran {
  readonly exitCode: number;
  readonly text: string;
  readonly complaints: string[];
}

async function run(
  fate: string,
  changes: Partial<BenchmarkPlan> = {},
  settings: Partial<TestSettings> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const plan = makeBenchmarkPlan({ target: { kind: "unix", path: fate }, ...settings }, changes);
  let text = "";
  const complaints: string[] = [];
  const exitCode = await runBenchmark(plan, {
    write: (part) => (text += part),
    complain: (sentence) => void complaints.push(sentence),
    terminal: null,
    signal,
    workerUrl: FAKE_WORKER_URL,
  });
  return { exitCode, text, complaints };
}

describe("runBenchmark", () => {
  test("runs the tests one after another", async () => {
    const { exitCode, text, complaints } = await run("answers", { tests: ["set", "get"] });
    expect([exitCode, complaints]).toEqual([EXIT.OK, []]);
    expect(text.match(/^Completed: .*$/gm)).toEqual([
      "Completed: 100000  Failed: 0",
      "Completed: 100000  Failed: 0",
    ]);
  });

  test("tells its notes first", async () => {
    const { complaints } = await run("answers", { notes: ["-P 2 is not used"] });
    expect(complaints).toEqual(["-P 2 is not used"]);
  });

  test("says what did not complete, and goes on to the next test", async () => {
    const { exitCode, text, complaints } = await run("misses", {
      tests: ["set", "get"],
      output: "quiet",
    });
    expect(exitCode).toBe(EXIT.NOT_COMPLETED);
    expect(text.split("\n")).toHaveLength(3);
    expect(complaints).toEqual([
      "set: 2 of 100000 requests found nothing",
      "get: 2 of 100000 requests found nothing",
    ]);
  });

  test("ends where it cannot connect, with a document where one is expected", async () => {
    const { exitCode, text, complaints } = await run("refused", {
      tests: ["set", "get"],
      output: "json",
    });
    expect(exitCode).toBe(EXIT.NOT_COMPLETED);
    expect(complaints).toEqual(["cannot connect: refused"]);
    expect(JSON.parse(text)).toMatchObject({ tests: [], failure: "cannot connect: refused" });
  });

  test("prints what was measured before a thread failed, and ends", async () => {
    const { exitCode, text, complaints } = await run("one is lost", { tests: ["set", "get"] });
    expect(exitCode).toBe(EXIT.NOT_COMPLETED);
    expect(text.match(/^Completed: .*$/gm)).toEqual(["Completed: 10  Failed: 3"]);
    expect(complaints).toEqual([
      "set: 3 of 13 requests were never answered",
      "set: the connection was lost",
    ]);
  });

  test("ends when a thread dies", async () => {
    const { exitCode, text, complaints } = await run("dies");
    expect([exitCode, text]).toEqual([EXIT.NOT_COMPLETED, ""]);
    expect(complaints).toEqual(["a load thread died: no memory"]);
  });

  test("says that nothing was counted when it is interrupted at once", async () => {
    const interruption = new AbortController();
    const running = run("hangs", {}, {}, interruption.signal);
    interruption.abort();
    const { exitCode, text, complaints } = await running;
    expect([exitCode, text]).toEqual([EXIT.INTERRUPTED, ""]);
    expect(complaints).toEqual(["interrupted before anything was counted"]);
  });

  test("sets the keys beforehand", async () => {
    const changes = { isPreloaded: true, tests: ["get"] } as const;
    const { exitCode, text } = await run("answers", changes, { keys: SMALL_KEYSPACE });
    expect(exitCode).toBe(EXIT.OK);
    expect(text.match(/^Completed: .*$/gm)).toEqual(["Completed: 100000  Failed: 0"]);
  });

  test("does not test what could not be set", async () => {
    const changes = { isPreloaded: true, tests: ["get"] } as const;
    const { exitCode, text, complaints } = await run("misses", changes, { keys: SMALL_KEYSPACE });
    expect([exitCode, text]).toEqual([EXIT.NOT_COMPLETED, ""]);
    expect(complaints).toEqual(["--preload: set: 2 of 50 requests found nothing"]);
  });

  test("logs the latencies of each test", async () => {
    const hdrPath = join(folder, "out.hdr");
    await run("answers", { tests: ["set", "get"], hdrPath });
    const log = readFileSync(hdrPath, "utf8");
    expect(log.match(/^Tag=\w+/gm)).toEqual(["Tag=set", "Tag=get"]);
  });

  test("does not begin where the log cannot be written", async () => {
    const { exitCode, complaints } = await run("answers", { hdrPath: join(folder, "no", "out") });
    expect(exitCode).toBe(EXIT.NOT_COMPLETED);
    expect(complaints[0]).toContain("named by --hdr, cannot be written");
  });

  test("refuses a process that is not there", async () => {
    const server = { kind: "pid", pid: 4_194_304 } as const;
    await expect(run("answers", { server })).rejects.toThrow(OptionError);
  });

  test("sweeps to the knee", async () => {
    const settings = { requestCount: Infinity, durationMs: 1000 };
    const { exitCode, text } = await run("has a knee", { sloMs: 1 }, settings);
    expect(exitCode).toBe(EXIT.OK);
    // Slow from 600 on: the highest rate below it that six steps find.
    expect(text).toMatch(/\nKnee: 59\d req\/s at p99 <= 1 ms /);
  });

  test("fails where no rate is good enough", async () => {
    const settings = { requestCount: Infinity, durationMs: 1000 };
    const { exitCode, complaints } = await run("has a knee", { sloMs: 0.1 }, settings);
    expect(exitCode).toBe(EXIT.NOT_COMPLETED);
    expect(complaints).toEqual(["no rate had a p99 of at most 0.1 ms"]);
  });
});
