// One JSON document for all tests of a run: every figure of the text, under names with units.

import { formatTarget, type TestPlan, type TestSettings } from "./benchmark-plan.ts";
import type { Environment } from "./environment.ts";
import type { SweepOutcome } from "./sweep.ts";
import type { CpuSummary, TestSummary } from "./summary.ts";
import { isMultiKey } from "./thread-plan.ts";

export interface JsonSource {
  readonly environment: Environment;
  readonly settings: TestSettings;
  readonly summaries: readonly TestSummary[];
  readonly sweep: SweepOutcome | null;
  /** Why the run ended before its end, empty if it did not. */
  readonly failure: string;
}

export function renderJson({ environment, settings, ...source }: JsonSource): string {
  const document = {
    environment: {
      ...environment,
      protocol: settings.protocol,
      target: formatTarget(settings.target),
    },
    tests: source.summaries.map(testOf),
    ...(source.sweep === null ? {} : { sweep: source.sweep }),
    failure: source.failure,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function testOf(summary: TestSummary): object {
  const { plan, latency } = summary;
  return {
    ...settingsOf(plan),
    ...ioOf(summary),
    requests: summary.requestCount,
    completed: summary.completedCount,
    errors: summary.errorCount,
    misses: summary.missCount,
    wrong: summary.wrongCount,
    unanswered: summary.unansweredCount,
    elapsedSeconds: summary.elapsedSeconds,
    requestsPerSecond: summary.requestsPerSecond,
    keysPerSecond: summary.keysPerSecond,
    latencyUs: {
      samples: latency.sampleCount,
      min: latency.minUs,
      mean: latency.meanUs,
      p50: latency.percentileUs[50],
      p90: latency.percentileUs[90],
      p95: latency.percentileUs[95],
      p99: latency.percentileUs[99],
      "p99.9": latency.percentileUs[99.9],
      "p99.99": latency.percentileUs[99.99],
      max: latency.maxUs,
    },
    clientCpu: cpuOf(summary.client),
    serverCpu:
      summary.server === null ? null : { ...cpuOf(summary.server), pid: summary.server.pid },
    isClientLimit: summary.isClientLimit,
    isInterrupted: summary.isInterrupted,
    failures: summary.failures,
  };
}

function settingsOf(plan: TestPlan): object {
  const { keys } = plan;
  return {
    test: plan.test,
    loop: plan.ratePerSecond > 0 ? "open" : "closed",
    targetRequestsPerSecond: plan.ratePerSecond > 0 ? plan.ratePerSecond : null,
    clients: plan.clientCount,
    threads: plan.threadCount,
    pipeline: plan.pipeline,
    durationSeconds: plan.durationMs === Infinity ? null : plan.durationMs / 1000,
    warmupSeconds: plan.warmupMs / 1000,
    readPercent: plan.test === "mixed" ? plan.readPercent : null,
    keysPerRequest: isMultiKey(plan.test) ? plan.keysPerRequest : null,
    keys: keys.kind,
    keyspace: keys.kind === "keyspace" ? keys.keyspace : null,
    distribution: keys.kind === "keyspace" ? keys.distribution : null,
    keySizeBytes: plan.keySize,
    valueSizeBytes: plan.valueSize,
    isVerified: plan.isVerified,
    seed: plan.seed,
  };
}

/** What was asked for is said where something else was taken. */
function ioOf({ plan, ios }: TestSummary): object {
  const io = ios.join(" and ");
  return io === plan.io ? { io } : { io, ioAskedFor: plan.io };
}

function cpuOf({ coreShare, usPerRequest }: CpuSummary): object {
  return { coreShare, usPerRequest };
}
