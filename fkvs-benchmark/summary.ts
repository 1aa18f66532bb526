// From what the load threads counted to the figures of a report: rates, percentiles, CPU shares.
// Arithmetic only; how they are written is the reports' business.

import type { Histogram } from "hdr-histogram-js";
import type { TestPlan } from "./benchmark-plan.ts";
import type { IoTaken } from "./plan.ts";
import type { Measurement } from "./run.ts";
import { isMultiKey } from "./thread-plan.ts";

export const PERCENTILES = [50, 90, 95, 99, 99.9, 99.99] as const;
export type Percentile = (typeof PERCENTILES)[number];

export interface LatencySummary {
  readonly sampleCount: number;
  readonly minUs: number;
  readonly meanUs: number;
  readonly maxUs: number;
  readonly percentileUs: Readonly<Record<Percentile, number>>;
}

export interface CpuSummary {
  /** 1 = one core all the time. */
  readonly coreShare: number;
  readonly usPerRequest: number;
}

export interface TestSummary {
  readonly plan: TestPlan;
  /** What was to be done; of a test that lasts for a time, what was. */
  readonly requestCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
  readonly missCount: number;
  readonly wrongCount: number;
  readonly unansweredCount: number;
  /** The last four together. */
  readonly notCompletedCount: number;
  readonly elapsedSeconds: number;
  /** Of completed requests. */
  readonly requestsPerSecond: number;
  /** Null where no request has more keys than one. */
  readonly keysPerSecond: number | null;
  /** What served the client's sockets: one, unless only some threads could have the ring. */
  readonly ios: readonly IoTaken[];
  readonly latency: LatencySummary;
  readonly client: CpuSummary;
  readonly server: (CpuSummary & { readonly pid: number }) | null;
  /**
   * Whether a faster client would have measured more; null when nobody knows how busy the server
   * was.
   */
  readonly isClientLimit: boolean | null;
  readonly failures: readonly string[];
  readonly isInterrupted: boolean;
}

/** Of a core: from here on a client's thread has no time left. */
const CLIENT_BUSY_SHARE = 0.95;
/** Of a core: up to here the server could have done more. */
const SERVER_IDLE_SHARE = 0.9;
/** Of a target rate: from here on it counts as kept. */
export const ACHIEVED_SHARE_MIN = 0.95;

export function summarize(
  plan: TestPlan,
  measurement: Measurement,
  serverPid: number | null,
): TestSummary {
  const { results, histogram, failures, isInterrupted } = measurement;
  const sum = (count: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const completedCount = sum((result) => result.completedCount);
  const errorCount = sum((result) => result.errorCount);
  const missCount = sum((result) => result.missCount);
  const wrongCount = sum((result) => result.wrongCount);
  const unansweredCount = sum((result) => result.failedCount);
  const notCompletedCount = errorCount + missCount + wrongCount + unansweredCount;
  const elapsedMs = Math.max(0, ...results.map((result) => result.elapsedMs));
  const requestsPerSecond = ratio(completedCount * 1000, elapsedMs);
  const answeredCount = completedCount + notCompletedCount - unansweredCount;
  const server = summarizeServer(measurement, serverPid, elapsedMs, answeredCount);
  const busiestShare = Math.max(0, ...results.map((one) => ratio(one.cpuMs, one.elapsedMs)));
  const clientCpuMs = sum((result) => result.cpuMs);
  return {
    plan,
    requestCount:
      plan.requestCount === Infinity ? completedCount + notCompletedCount : plan.requestCount,
    completedCount,
    errorCount,
    missCount,
    wrongCount,
    unansweredCount,
    notCompletedCount,
    elapsedSeconds: elapsedMs / 1000,
    requestsPerSecond,
    keysPerSecond: isMultiKey(plan.test) ? requestsPerSecond * plan.keysPerRequest : null,
    ios: [...new Set(results.map(({ io }) => io))].filter((io) => io !== null),
    latency: summarizeLatency(histogram),
    client: summarizeCpu(clientCpuMs, elapsedMs, answeredCount),
    server,
    isClientLimit: judgeClient(plan, requestsPerSecond, busiestShare, server),
    failures,
    isInterrupted,
  };
}

export function summarizeLatency(histogram: Histogram): LatencySummary {
  const sampleCount = histogram.totalCount;
  const maxUs = histogram.maxValue / 1000;
  // A percentile is the end of its bucket, which may be beyond the greatest value in it.
  const usAt = (percentile: number) =>
    sampleCount === 0 ? 0 : Math.min(maxUs, histogram.getValueAtPercentile(percentile) / 1000);
  return {
    sampleCount,
    minUs: sampleCount === 0 ? 0 : histogram.minNonZeroValue / 1000,
    meanUs: sampleCount === 0 ? 0 : histogram.mean / 1000,
    maxUs,
    percentileUs: {
      50: usAt(50),
      90: usAt(90),
      95: usAt(95),
      99: usAt(99),
      99.9: usAt(99.9),
      99.99: usAt(99.99),
    },
  };
}

/**
 * The rule of docs/BENCHMARK.md. A rate that was kept had no limit; its threads wait by looking.
 */
function judgeClient(
  { ratePerSecond }: TestPlan,
  requestsPerSecond: number,
  busiestShare: number,
  server: CpuSummary | null,
): boolean | null {
  const isKept = ratePerSecond > 0 && requestsPerSecond >= ACHIEVED_SHARE_MIN * ratePerSecond;
  if (isKept || busiestShare < CLIENT_BUSY_SHARE) return false;
  return server === null ? null : server.coreShare < SERVER_IDLE_SHARE;
}

function summarizeServer(
  { server }: Measurement,
  pid: number | null,
  elapsedMs: number,
  answeredCount: number,
): TestSummary["server"] {
  if (server === null || pid === null) return null;
  // The readings may be a little longer or shorter apart than what was counted lasts.
  const cpuMs = ratio(server.cpuMs, server.elapsedMs) * elapsedMs;
  return { pid, ...summarizeCpu(cpuMs, elapsedMs, answeredCount) };
}

function summarizeCpu(cpuMs: number, elapsedMs: number, answeredCount: number): CpuSummary {
  return { coreShare: ratio(cpuMs, elapsedMs), usPerRequest: ratio(cpuMs * 1000, answeredCount) };
}

/** Of nothing, nothing. */
function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
