import { describe, expect, test } from "bun:test";
import { RunError } from "../../fkvs-benchmark/run-error.ts";
import { runPreload, runTest, type RunParts } from "../../fkvs-benchmark/run.ts";
import type { CpuReader } from "../../fkvs-benchmark/server-cpu.ts";
import { FAKE_WORKER_URL, makeTestPlan } from "../support/benchmark-fixture.ts";
import { waitUntil } from "../support/wait-until.ts";

function planFor(fate: string, changes: Parameters<typeof makeTestPlan>[0] = {}) {
  return makeTestPlan({ target: { kind: "unix", path: fate }, threadCount: 3, ...changes });
}

function makeParts(changes: Partial<RunParts> = {}): RunParts {
  return { signal: new AbortController().signal, workerUrl: FAKE_WORKER_URL, ...changes };
}

/** Each reading is 100 ms of CPU and 400 ms of time later than the last. */
function makeReader(): CpuReader & { count: number } {
  return {
    pid: 123,
    count: 0,
    read() {
      this.count += 1;
      return { threadNs: new Map([["1", this.count * 1e8]]), atMs: this.count * 400 };
    },
  };
}

describe("runTest", () => {
  test("adds up what the threads report", async () => {
    const measurement = await runTest(planFor("answers"), makeParts());
    const completed = measurement.results.map((result) => result.completedCount);
    expect(completed).toEqual([34_375, 34_375, 31_250]);
    expect(completed.reduce((total, count) => total + count)).toBe(100_000);
    expect(measurement.histogram.totalCount).toBe(3);
    expect(measurement).toMatchObject({ failures: [], isInterrupted: false, server: null });
  });

  test("shows the live counters once the threads go", async () => {
    const seen: (readonly Float64Array[])[] = [];
    await runTest(
      planFor("answers"),
      makeParts({ started: (counters) => void seen.push(counters) }),
    );
    expect(seen).toHaveLength(1);
    expect(seen[0]!.map((words) => words[0]!)).toEqual([11, 11, 10]);
  });

  test("measures the server over what was counted", async () => {
    const server = makeReader();
    const { server: use } = await runTest(planFor("answers"), makeParts({ server }));
    // The slowest thread began with connection 22 and says that it took 1022 ms.
    expect(use).toEqual({ cpuMs: 100, elapsedMs: 1022 });
    expect(server.count).toBe(2);
  });

  test("measures the server from the end of the warm-up on", async () => {
    const server = makeReader();
    const plan = planFor("answers", { warmupMs: 1000 });
    const { server: use } = await runTest(plan, makeParts({ server }));
    expect(use).toEqual({ cpuMs: 100, elapsedMs: 400 });
  });

  test("does without a server that has gone", async () => {
    const server: CpuReader = { pid: 1, read: () => null };
    expect((await runTest(planFor("answers"), makeParts({ server }))).server).toBeNull();
  });

  test.each(["refused", "one is refused"])("does not begin when %s", async (fate) => {
    const run = runTest(planFor(fate), makeParts());
    await expect(run).rejects.toThrow(new RunError("cannot connect: refused"));
  });

  test.each([
    ["dies at once", "a load thread died: no memory"],
    ["dies", "a load thread died: no memory"],
  ])("ends when a thread %s", async (fate, message) => {
    await expect(runTest(planFor(fate), makeParts())).rejects.toThrow(new RunError(message));
  });

  test("ends when there is no worker", async () => {
    const workerUrl = new URL("./no-such-worker.ts", import.meta.url);
    const run = runTest(planFor("answers"), makeParts({ workerUrl }));
    await expect(run).rejects.toThrow(RunError);
  });

  test("stops the others when one thread fails", async () => {
    const { results, failures } = await runTest(planFor("one is lost"), makeParts());
    expect(results.map((result) => result.completedCount)).toEqual([10, 5, 5]);
    expect(results.map((result) => result.failedCount)).toEqual([3, 0, 0]);
    expect(failures).toEqual(["the connection was lost"]);
  });

  test("stops at Ctrl-C, with what was measured", async () => {
    const interruption = new AbortController();
    let isStarted = false;
    const run = runTest(
      planFor("waits"),
      makeParts({ signal: interruption.signal, started: () => (isStarted = true) }),
    );
    await waitUntil(
      () => isStarted,
      () => "the threads to go",
    );
    interruption.abort();
    const { results, isInterrupted } = await run;
    expect(results.map((result) => result.completedCount)).toEqual([5, 5, 5]);
    expect(isInterrupted).toBe(true);
  });

  test.each(["hangs", "answers"])("stops before it has begun when a thread %s", async (fate) => {
    const interruption = new AbortController();
    interruption.abort();
    const started = () => expect.unreachable();
    const run = runTest(planFor(fate), makeParts({ signal: interruption.signal, started }));
    expect((await run).isInterrupted).toBe(true);
  });
});

describe("runPreload", () => {
  test("sets every key once", async () => {
    const { results } = await runPreload(planFor("answers"), 1000, makeParts());
    const completed = results.map((result) => result.completedCount);
    expect(completed.reduce((total, count) => total + count)).toBe(1000);
  });
});
