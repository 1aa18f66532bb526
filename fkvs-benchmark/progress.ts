// A bar on a terminal while the threads load, drawn from the counters that they share.

import { SingleBar, type Options } from "cli-progress";
import type { TestPlan } from "./benchmark-plan.ts";
import { PROGRESS } from "./plan.ts";

const INTERVAL_MS = 100;
const BAR_WIDTH = 30;
const FORMAT = "{test} [{bar}] {percentage} %  {completed} requests  {rate} req/s  failed {failed}";

export interface ProgressCounts {
  readonly completedCount: number;
  readonly failedCount: number;
}

export type ProgressStream = NodeJS.WritableStream;

export class Progress {
  readonly #plan: TestPlan;
  readonly #counters: readonly Float64Array[];
  readonly #bar: SingleBar;
  readonly #timer: Timer;
  readonly #beginMs = performance.now();
  #last = { atMs: performance.now(), completedCount: 0 };

  constructor(plan: TestPlan, counters: readonly Float64Array[], stream: ProgressStream) {
    this.#plan = plan;
    this.#counters = counters;
    const options: Options = {
      stream,
      format: FORMAT,
      barsize: BAR_WIDTH,
      barCompleteChar: "=",
      barIncompleteChar: " ",
      clearOnComplete: true,
      hideCursor: true,
      // Ctrl-C is heard elsewhere.
      gracefulExit: false,
    };
    this.#bar = new SingleBar(options);
    this.#bar.start(1, 0, { test: plan.test, completed: 0, rate: 0, failed: 0 });
    this.#timer = setInterval(() => this.draw(), INTERVAL_MS);
  }

  draw(): void {
    const { completedCount, failedCount } = sumCounters(this.#counters);
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#last.atMs;
    const rate = rateBetween(this.#last.completedCount, completedCount, elapsedMs);
    this.#last = { atMs: nowMs, completedCount };
    const share = shareDone(this.#plan, completedCount + failedCount, nowMs - this.#beginMs);
    const payload = { completed: completedCount, rate: Math.round(rate), failed: failedCount };
    this.#bar.update(share, payload);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bar.stop();
  }
}

export function sumCounters(counters: readonly Float64Array[]): ProgressCounts {
  let completedCount = 0;
  let failedCount = 0;
  for (const words of counters) {
    completedCount += words[PROGRESS.COMPLETED]!;
    failedCount += words[PROGRESS.FAILED]!;
  }
  return { completedCount, failedCount };
}

/** Of the requests or, where they have no number, of the time: 0 to 1. */
export function shareDone(plan: TestPlan, answeredCount: number, elapsedMs: number): number {
  const share =
    plan.requestCount === Infinity
      ? elapsedMs / (plan.warmupMs + plan.durationMs)
      : answeredCount / plan.requestCount;
  return Math.min(1, share);
}

/** The count falls when the warm-up ends: there is no rate to tell of that moment. */
function rateBetween(before: number, after: number, elapsedMs: number): number {
  return elapsedMs > 0 ? Math.max(0, ((after - before) * 1000) / elapsedMs) : 0;
}
