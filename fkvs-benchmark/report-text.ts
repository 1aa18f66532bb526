// The report for people. It begins with the three lines of the original fkvs-benchmark and, with
// -R, its block, byte for byte, so that scripts that read those go on working.

import type { KeyPlan, TestPlan } from "./benchmark-plan.ts";
import { PERCENTILES, type CpuSummary, type LatencySummary, type TestSummary } from "./summary.ts";

const BLOCK_NAME_WIDTH = 12;
const BLOCK_VALUE_WIDTH = 9;
/** Of those, the original prints these. */
const BLOCK_PERCENTILES = [50, 90, 99, 99.9, 99.99] as const;

export function renderText(summary: TestSummary): string {
  const { plan } = summary;
  const block = plan.ratePerSecond > 0 ? `\n${renderOpenBlock(summary)}` : "";
  return `${renderOriginal(summary)}${block}${renderOwn(summary)}`;
}

/** Whether the client was the limit, in the quiet line. */
const LIMIT_NOTES: ReadonlyMap<boolean | null, string> = new Map([
  [false, ""],
  [true, ", the client was the limit"],
  [null, ", unless the server was as busy the client was the limit"],
]);

/** One line for -q. */
export function renderQuiet(summary: TestSummary): string {
  const { plan, requestsPerSecond, keysPerSecond, latency, client } = summary;
  const { 50: p50, 99: p99, 99.9: p999 } = latency.percentileUs;
  const msec = (us: number) => (us / 1000).toFixed(3);
  return (
    `${plan.test}: ${requestsPerSecond.toFixed(2)} requests per second, p50=${msec(p50)} msec,` +
    ` p99=${msec(p99)} msec, p99.9=${msec(p999)} msec` +
    `, ${plan.ratePerSecond > 0 ? "open" : "closed"} loop, client CPU` +
    ` ${Math.round(client.coreShare * 100)} %${LIMIT_NOTES.get(summary.isClientLimit)}` +
    `${keysPerSecond === null ? "" : `, ${keysPerSecond.toFixed(2)} keys per second`}\n`
  );
}

function renderOriginal(summary: TestSummary): string {
  const { plan, requestCount, completedCount, notCompletedCount } = summary;
  const seconds = summary.elapsedSeconds.toFixed(6);
  return (
    `Clients: ${plan.clientCount}  Total requests: ${requestCount}  Pipeline: ${plan.pipeline}\n` +
    `Completed: ${completedCount}  Failed: ${notCompletedCount}\n` +
    `Elapsed: ${seconds} s  Throughput: ${summary.requestsPerSecond.toFixed(2)} req/s\n`
  );
}

function renderOpenBlock({ plan, requestsPerSecond, latency }: TestSummary): string {
  const { sampleCount, minUs, meanUs, maxUs, percentileUs } = latency;
  const line = (name: string, text: string) => `  ${name.padEnd(BLOCK_NAME_WIDTH)}: ${text}\n`;
  const usLine = (name: string, us: number) =>
    line(name, `${us.toFixed(1).padStart(BLOCK_VALUE_WIDTH)} us`);
  const [target, achieved] = [plan.ratePerSecond, requestsPerSecond].map(Math.round);
  return (
    "Open-model latency (coordinated-omission corrected):\n" +
    line("Target rate", `${target} req/s   Achieved: ${achieved} req/s`) +
    line("Samples", `${sampleCount}`) +
    usLine("min", minUs) +
    BLOCK_PERCENTILES.map((name) => usLine(`p${name}`, percentileUs[name])).join("") +
    usLine("max", maxUs) +
    usLine("mean", meanUs)
  );
}

function renderOwn(summary: TestSummary): string {
  const { plan, latency, client, server } = summary;
  const test = plan.test === "mixed" ? `mixed, ${plan.readPercent} % GET` : plan.test;
  const loop = plan.ratePerSecond > 0 ? "open" : "closed (latency hides stalls; -R measures them)";
  const lines = [
    `Test: ${test}  Loop: ${loop}  Threads: ${plan.threadCount}`,
    plan.test === "ping" ? `Keys: none  Seed: ${plan.seed}` : describeEntries(plan),
    ...describeKeyRate(summary),
    `Latency: ${describeLatency(latency)} us`,
    `Errors: ${summary.errorCount}  Misses: ${summary.missCount}  Wrong: ${summary.wrongCount}` +
      `  Unanswered: ${summary.unansweredCount}`,
    `Client CPU: ${describeCpu(client)}`,
    server === null
      ? "Server CPU: not known"
      : `Server CPU: ${describeCpu(server)} (pid ${server.pid})`,
    ...describeLimit(summary),
  ];
  return `${lines.join("\n")}\n`;
}

function describeEntries(plan: TestPlan): string {
  const { keys, keySize, valueSize, isVerified, seed } = plan;
  const verified = isVerified ? ", verified" : "";
  return (
    `Keys: ${describeKeys(keys)}, ${keySize} bytes  Values: ${valueSize} bytes${verified}` +
    `  Seed: ${seed}`
  );
}

function describeKeyRate({ plan, keysPerSecond }: TestSummary): string[] {
  if (keysPerSecond === null) return [];
  return [
    `Keys of a request: ${plan.keysPerRequest}  Throughput: ${keysPerSecond.toFixed(2)} keys/s`,
  ];
}

function describeKeys(keys: KeyPlan): string {
  if (keys.kind === "single") return "one";
  if (keys.kind === "unique") return "unique";
  const { keyspace, distribution } = keys;
  return distribution.kind === "uniform"
    ? `${keyspace} uniform`
    : `${keyspace} zipf ${distribution.theta}`;
}

function describeLatency({ percentileUs, maxUs }: LatencySummary): string {
  const parts = PERCENTILES.map((name) => `p${name} ${percentileUs[name].toFixed(1)}`);
  return `${parts.join("  ")}  max ${maxUs.toFixed(1)}`;
}

function describeCpu({ coreShare, usPerRequest }: CpuSummary): string {
  return `${Math.round(coreShare * 100)} % of a core, ${usPerRequest.toFixed(2)} us a request`;
}

function describeLimit({ isClientLimit }: TestSummary): string[] {
  if (isClientLimit === false) return [];
  if (isClientLimit === null) {
    return ["The client had no time left; it was the limit unless the server was as busy."];
  }
  return ["The client was the limit, not the server; more --threads may measure more."];
}
