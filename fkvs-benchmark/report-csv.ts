// A line of names and a line for each test, for spreadsheets. No value holds a comma or a quote.

import type { SweepStep } from "./sweep.ts";
import type { TestSummary } from "./summary.ts";
import { isMultiKey } from "./thread-plan.ts";

type Cell = string | number | null;
type Column<T> = readonly [name: string, of: (row: T) => Cell];

const TEST_COLUMNS: readonly Column<TestSummary>[] = [
  ["test", ({ plan }) => plan.test],
  ["protocol", ({ plan }) => plan.protocol],
  ["loop", ({ plan }) => (plan.ratePerSecond > 0 ? "open" : "closed")],
  ["clients", ({ plan }) => plan.clientCount],
  ["threads", ({ plan }) => plan.threadCount],
  ["pipeline", ({ plan }) => plan.pipeline],
  ["keys", ({ plan }) => (plan.keys.kind === "keyspace" ? plan.keys.keyspace : plan.keys.kind)],
  ["distribution", ({ plan }) => describeDistribution(plan)],
  ["key_bytes", ({ plan }) => plan.keySize],
  ["value_bytes", ({ plan }) => plan.valueSize],
  ["seed", ({ plan }) => plan.seed],
  ["requests", (row) => row.requestCount],
  ["completed", (row) => row.completedCount],
  ["errors", (row) => row.errorCount],
  ["misses", (row) => row.missCount],
  ["wrong", (row) => row.wrongCount],
  ["unanswered", (row) => row.unansweredCount],
  ["elapsed_s", (row) => row.elapsedSeconds.toFixed(6)],
  ["target_req_per_s", ({ plan }) => (plan.ratePerSecond > 0 ? plan.ratePerSecond : null)],
  ["req_per_s", (row) => row.requestsPerSecond.toFixed(2)],
  ["min_us", ({ latency }) => latency.minUs.toFixed(1)],
  ["mean_us", ({ latency }) => latency.meanUs.toFixed(1)],
  ["p50_us", ({ latency }) => latency.percentileUs[50].toFixed(1)],
  ["p90_us", ({ latency }) => latency.percentileUs[90].toFixed(1)],
  ["p95_us", ({ latency }) => latency.percentileUs[95].toFixed(1)],
  ["p99_us", ({ latency }) => latency.percentileUs[99].toFixed(1)],
  ["p99.9_us", ({ latency }) => latency.percentileUs[99.9].toFixed(1)],
  ["p99.99_us", ({ latency }) => latency.percentileUs[99.99].toFixed(1)],
  ["max_us", ({ latency }) => latency.maxUs.toFixed(1)],
  ["client_cores", ({ client }) => client.coreShare.toFixed(3)],
  ["client_us_per_req", ({ client }) => client.usPerRequest.toFixed(3)],
  ["server_cores", ({ server }) => server?.coreShare.toFixed(3) ?? null],
  ["server_us_per_req", ({ server }) => server?.usPerRequest.toFixed(3) ?? null],
  ["client_was_limit", (row) => (row.isClientLimit === null ? null : Number(row.isClientLimit))],
  ["keys_per_req", ({ plan }) => (isMultiKey(plan.test) ? plan.keysPerRequest : null)],
  ["keys_per_s", (row) => row.keysPerSecond?.toFixed(2) ?? null],
];

const STEP_COLUMNS: readonly Column<SweepStep>[] = [
  ["target_req_per_s", (step) => step.ratePerSecond],
  ["req_per_s", (step) => step.requestsPerSecond.toFixed(2)],
  ["p50_us", (step) => step.p50Us.toFixed(1)],
  ["p99_us", (step) => step.p99Us.toFixed(1)],
  ["p99.9_us", (step) => step.p999Us.toFixed(1)],
  ["not_completed", (step) => step.notCompletedCount],
  ["verdict", (step) => step.verdict],
];

export const TEST_HEADER = header(TEST_COLUMNS);
export const STEP_HEADER = header(STEP_COLUMNS);

export function renderTestLine(summary: TestSummary): string {
  return line(TEST_COLUMNS, summary);
}

export function renderStepLine(step: SweepStep): string {
  return line(STEP_COLUMNS, step);
}

function header<T>(columns: readonly Column<T>[]): string {
  return `${columns.map(([name]) => name).join(",")}\n`;
}

/** What is not known is empty. */
function line<T>(columns: readonly Column<T>[], row: T): string {
  return `${columns.map(([, of]) => of(row) ?? "").join(",")}\n`;
}

function describeDistribution({ keys }: TestSummary["plan"]): string | null {
  if (keys.kind !== "keyspace") return null;
  const { distribution } = keys;
  return distribution.kind === "zipf" ? `zipf:${distribution.theta}` : "uniform";
}
