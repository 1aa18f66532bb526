// Looks for the knee: the highest rate that the server keeps with its p99 within the SLO. A closed
// loop says what is possible at all; then the rates below are halved again and again.
//
//   0 ────────────── passes ──────────────┤? ?├────────── fails ────────── most
//                                       low   high
//
// Ends when the two are within 2 % of the most, which six steps reach.

import type { TestPlan } from "./benchmark-plan.ts";
import { RunError } from "./run-error.ts";
import { describeShortfall } from "./shortfall.ts";
import { ACHIEVED_SHARE_MIN, type TestSummary } from "./summary.ts";

export type Verdict = "ok" | "too slow" | "rate not kept" | "not completed";

export interface SweepStep {
  readonly ratePerSecond: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly notCompletedCount: number;
  readonly verdict: Verdict;
}

export interface SweepOutcome {
  readonly sloMs: number;
  /** What the closed loop reached. */
  readonly mostPerSecond: number;
  readonly steps: readonly SweepStep[];
  /** Null when no rate passed. */
  readonly knee: SweepStep | null;
}

export interface SweepParts {
  /** Null when it was interrupted. */
  measure(plan: TestPlan): Promise<TestSummary | null>;
  /** Told once, before the steps. */
  begun(mostPerSecond: number): void;
  stepped(step: SweepStep): void;
}

const RESOLUTION_SHARE = 0.02;

/**
 * Null when it was interrupted before there was anything to tell. Throws RunError when the closed
 * loop did not complete: no rate would.
 */
export async function sweep(
  plan: TestPlan,
  sloMs: number,
  parts: SweepParts,
): Promise<SweepOutcome | null> {
  const closed = await parts.measure({ ...plan, ratePerSecond: 0 });
  if (closed === null) return null;
  const [shortfall] = describeShortfall(closed);
  if (shortfall !== undefined) throw new RunError(`the closed loop before the sweep: ${shortfall}`);
  const mostPerSecond = closed.requestsPerSecond;
  parts.begun(mostPerSecond);
  const steps: SweepStep[] = [];
  let knee: SweepStep | null = null;
  let low = 0;
  let high = Math.floor(mostPerSecond);
  const resolution = Math.max(1, mostPerSecond * RESOLUTION_SHARE);
  while (high - low > resolution) {
    const ratePerSecond = Math.round((low + high) / 2);
    const summary = await parts.measure({ ...plan, ratePerSecond });
    if (summary === null) break;
    const step = judgeStep(summary, sloMs);
    steps.push(step);
    parts.stepped(step);
    if (step.verdict === "ok") {
      knee = step;
      low = ratePerSecond;
    } else {
      high = ratePerSecond;
    }
  }
  return { sloMs, mostPerSecond, steps, knee };
}

export function judgeStep(summary: TestSummary, sloMs: number): SweepStep {
  const { requestsPerSecond, notCompletedCount, latency, failures } = summary;
  const { ratePerSecond } = summary.plan;
  const { 50: p50Us, 99: p99Us, 99.9: p999Us } = latency.percentileUs;
  const step = { ratePerSecond, requestsPerSecond, p50Us, p99Us, p999Us, notCompletedCount };
  if (notCompletedCount > 0 || failures.length > 0) return { ...step, verdict: "not completed" };
  if (requestsPerSecond < ACHIEVED_SHARE_MIN * ratePerSecond) {
    return { ...step, verdict: "rate not kept" };
  }
  return { ...step, verdict: p99Us <= sloMs * 1000 ? "ok" : "too slow" };
}
