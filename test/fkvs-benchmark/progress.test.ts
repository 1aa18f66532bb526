import { describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { PROGRESS, PROGRESS_WORDS } from "../../fkvs-benchmark/plan.ts";
import { Progress, shareDone, sumCounters } from "../../fkvs-benchmark/progress.ts";
import { makeTestPlan } from "../support/benchmark-fixture.ts";

/** As much of a terminal as a bar needs. */
class FakeTerminal extends Writable {
  readonly isTTY = true;
  readonly columns = 120;
  text = "";

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function makeCounters(completed: number, failed: number): Float64Array {
  const words = new Float64Array(PROGRESS_WORDS);
  words[PROGRESS.COMPLETED] = completed;
  words[PROGRESS.FAILED] = failed;
  return words;
}

describe("Progress", () => {
  test("draws what the counters say", () => {
    const terminal = new FakeTerminal();
    const counters = [makeCounters(0, 0), makeCounters(0, 0)];
    const progress = new Progress(makeTestPlan({ requestCount: 1000 }), counters, terminal);
    counters[0]![PROGRESS.COMPLETED] = 240;
    counters[1]![PROGRESS.COMPLETED] = 250;
    counters[1]![PROGRESS.FAILED] = 10;
    progress.draw();
    progress.stop();
    expect(terminal.text).toContain("set [               ");
    expect(terminal.text).toMatch(/set \[={15} {15}\] 50 % {2}490 requests/);
    expect(terminal.text).toContain("failed 10");
  });

  test("leaves the line empty and the cursor visible", () => {
    const terminal = new FakeTerminal();
    new Progress(makeTestPlan(), [], terminal).stop();
    const visible = terminal.text.lastIndexOf("\u001b[?25h");
    expect(visible).toBeGreaterThan(terminal.text.lastIndexOf("\u001b[?25l"));
    expect(terminal.text.lastIndexOf("\u001b[2K")).toBeGreaterThan(terminal.text.indexOf("set ["));
  });
});

describe("sumCounters", () => {
  test("adds up all threads", () => {
    expect(sumCounters([makeCounters(1, 2), makeCounters(30, 40)])).toEqual({
      completedCount: 31,
      failedCount: 42,
    });
  });
});

describe("shareDone", () => {
  test("is of the requests, or of the time with its warm-up", () => {
    expect(shareDone(makeTestPlan({ requestCount: 200 }), 50, 1e9)).toBe(0.25);
    const lasting = makeTestPlan({ requestCount: Infinity, durationMs: 3000, warmupMs: 1000 });
    expect(shareDone(lasting, 1e9, 1000)).toBe(0.25);
  });

  test("is never more than all", () => {
    expect(shareDone(makeTestPlan({ requestCount: 200 }), 201, 0)).toBe(1);
    const lasting = makeTestPlan({ requestCount: Infinity, durationMs: 3000 });
    expect(shareDone(lasting, 0, 3001)).toBe(1);
  });
});
