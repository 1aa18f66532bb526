// A whole run: the keys set beforehand, then each test or the sweep, and the exit code.

import { OptionError } from "../src/options/option-error.ts";
import { VERSION } from "../src/version.ts";
import type { BenchmarkPlan, TestPlan } from "./benchmark-plan.ts";
import { PROGRAM_NAME } from "./command-line.ts";
import { HdrLog } from "./hdr-log.ts";
import { findListeningProcess } from "./listening-process.ts";
import { Progress, type ProgressStream } from "./progress.ts";
import { createReport, type Report } from "./report.ts";
import { RunError } from "./run-error.ts";
import { runPreload, runTest, type Measurement, type RunParts } from "./run.ts";
import { openServerCpu, type CpuReader } from "./server-cpu.ts";
import { describeShortfall } from "./shortfall.ts";
import { summarize, type TestSummary } from "./summary.ts";
import { sweep } from "./sweep.ts";

export const EXIT = { OK: 0, NOT_COMPLETED: 1, INTERRUPTED: 130 } as const;

export interface BenchmarkParts {
  readonly write: (text: string) => void;
  /** Takes a sentence. */
  readonly complain: (sentence: string) => void;
  /** The terminal for the bar; null = no bar. */
  readonly terminal: ProgressStream | null;
  readonly signal: AbortSignal;
  readonly workerUrl?: URL;
}

/** The exit code. Throws OptionError when there is no process of --pid. */
export async function runBenchmark(plan: BenchmarkPlan, parts: BenchmarkParts): Promise<number> {
  for (const note of plan.notes) parts.complain(note);
  const benchmark = new Benchmark(plan, parts, openServer(plan));
  return await benchmark.run();
}

class Benchmark {
  readonly #plan: BenchmarkPlan;
  readonly #parts: BenchmarkParts;
  readonly #server: CpuReader | null;
  readonly #report: Report;
  #hdrLog: HdrLog | null = null;
  #failure = "";

  constructor(plan: BenchmarkPlan, parts: BenchmarkParts, server: CpuReader | null) {
    this.#plan = plan;
    this.#parts = parts;
    this.#server = server;
    this.#report = createReport(plan, parts.write);
  }

  async run(): Promise<number> {
    try {
      await this.#runAll();
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      this.#fail(error.message);
    }
    this.#hdrLog?.close();
    this.#report.ended(this.#failure);
    if (this.#parts.signal.aborted) return EXIT.INTERRUPTED;
    return this.#failure === "" ? EXIT.OK : EXIT.NOT_COMPLETED;
  }

  async #runAll(): Promise<void> {
    const { tests, settings, hdrPath, sloMs, isPreloaded } = this.#plan;
    if (hdrPath !== null) {
      this.#hdrLog = new HdrLog(hdrPath, `${PROGRAM_NAME} ${VERSION}`, Date.now());
    }
    const plans = tests.map((test) => ({ ...settings, test }));
    if (isPreloaded && !(await this.#preload(plans[0]!))) return;
    if (sloMs !== null) {
      await this.#sweep(plans[0]!, sloMs);
      return;
    }
    for (const plan of plans) {
      if (this.#parts.signal.aborted || !(await this.#test(plan))) return;
    }
  }

  /** Whether the tests can begin. */
  async #preload(plan: TestPlan): Promise<boolean> {
    if (plan.keys.kind !== "keyspace") return true;
    const { keyspace } = plan.keys;
    const whole: TestPlan = { ...plan, test: "set", requestCount: keyspace, durationMs: Infinity };
    const measurement = await this.#watch(whole, (parts) => runPreload(plan, keyspace, parts));
    if (measurement.isInterrupted) return false;
    const shortfall = describeShortfall(summarize(whole, measurement, null));
    for (const sentence of shortfall) this.#fail(`--preload: ${sentence}`);
    return shortfall.length === 0;
  }

  /** Whether there can be another. */
  async #test(plan: TestPlan): Promise<boolean> {
    const { summary, histogram } = await this.#measure(plan);
    if (summary.elapsedSeconds === 0) {
      if (summary.isInterrupted) this.#parts.complain("interrupted before anything was counted");
      return !summary.isInterrupted;
    }
    this.#hdrLog?.add(plan.test, histogram, Date.now(), summary.elapsedSeconds);
    this.#report.testEnded(summary);
    for (const sentence of describeShortfall(summary)) this.#fail(sentence);
    return summary.failures.length === 0;
  }

  async #sweep(plan: TestPlan, sloMs: number): Promise<void> {
    const outcome = await sweep(plan, sloMs, {
      measure: async (step) => {
        const { summary } = await this.#measure(step);
        return summary.isInterrupted ? null : summary;
      },
      begun: (mostPerSecond) => this.#report.sweepBegun(plan, mostPerSecond),
      stepped: (step) => this.#report.stepEnded(step),
    });
    if (outcome === null) return;
    this.#report.sweepEnded(outcome);
    if (outcome.knee === null) this.#fail(`no rate had a p99 of at most ${sloMs} ms`);
  }

  async #measure(
    plan: TestPlan,
  ): Promise<{ summary: TestSummary; histogram: Measurement["histogram"] }> {
    const measurement = await this.#watch(plan, (parts) => runTest(plan, parts));
    const summary = summarize(plan, measurement, this.#server?.pid ?? null);
    return { summary, histogram: measurement.histogram };
  }

  /** Runs with a bar, where there is a terminal for it. */
  async #watch(
    plan: TestPlan,
    measure: (parts: RunParts) => Promise<Measurement>,
  ): Promise<Measurement> {
    const { signal, terminal, workerUrl } = this.#parts;
    let progress: Progress | null = null;
    try {
      return await measure({
        signal,
        server: this.#server,
        ...(workerUrl === undefined ? {} : { workerUrl }),
        started(counters) {
          if (terminal !== null) progress = new Progress(plan, counters, terminal);
        },
      });
    } finally {
      (progress as Progress | null)?.stop();
    }
  }

  #fail(sentence: string): void {
    this.#parts.complain(sentence);
    this.#failure = this.#failure === "" ? sentence : `${this.#failure}; ${sentence}`;
  }
}

function openServer({ server, settings }: BenchmarkPlan): CpuReader | null {
  if (server.kind === "none") return null;
  if (server.kind === "find") {
    const pid = findListeningProcess(settings.target);
    return pid === null ? null : openServerCpu(pid);
  }
  const reader = openServerCpu(server.pid);
  if (reader === null) {
    throw new OptionError(`--pid is ${server.pid}, but no CPU time of such a process can be read`);
  }
  return reader;
}
