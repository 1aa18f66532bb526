// What a sweep prints: a line for each step as it ends, and the knee.

import type { SweepOutcome, SweepStep } from "./sweep.ts";
import type { TestPlan } from "./benchmark-plan.ts";

export function renderSweepHead(plan: TestPlan, sloMs: number, mostPerSecond: number): string {
  return (
    `Sweep: ${plan.test}  Clients: ${plan.clientCount}  Threads: ${plan.threadCount}  SLO: p99 <=` +
    ` ${sloMs} ms  Step: ${plan.durationMs / 1000} s  Seed: ${plan.seed}\n` +
    `Closed loop: ${mostPerSecond.toFixed(2)} req/s, the most there can be\n` +
    `${columns("target", "achieved", "kept", "p50(us)", "p99(us)", "p99.9(us)", "verdict")}\n`
  );
}

export function renderSweepStep(step: SweepStep): string {
  const { ratePerSecond, requestsPerSecond, p50Us, p99Us, p999Us, verdict } = step;
  const kept = `${((requestsPerSecond / ratePerSecond) * 100).toFixed(1)}%`;
  const rates = [ratePerSecond, requestsPerSecond].map((rate) => `${Math.round(rate)}`);
  const times = [p50Us, p99Us, p999Us].map((us) => us.toFixed(1));
  return `${columns(rates[0]!, rates[1]!, kept, times[0]!, times[1]!, times[2]!, verdict)}\n`;
}

export function renderKnee({ knee, sloMs, steps }: SweepOutcome): string {
  if (knee === null) {
    const lowest = Math.min(...steps.map(({ ratePerSecond }) => ratePerSecond));
    const tried = steps.length === 0 ? "" : `, down to ${lowest} req/s`;
    return `Knee: none of the rates had p99 <= ${sloMs} ms${tried}\n`;
  }
  const achieved = Math.round(knee.requestsPerSecond);
  return (
    `Knee: ${knee.ratePerSecond} req/s at p99 <= ${sloMs} ms (achieved ${achieved} req/s,` +
    ` p99 ${knee.p99Us.toFixed(1)} us)\n`
  );
}

function columns(...cells: readonly string[]): string {
  const widths = [12, 12, 8, 11, 11, 11, 0];
  return cells.map((cell, index) => cell.padEnd(widths[index]!)).join("");
}
