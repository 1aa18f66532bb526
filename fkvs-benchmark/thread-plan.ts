// Divides a test among load threads: clients as evenly as they go, and the requests and the rate in
// proportion to the clients, so that all threads end together.
//
//   10 requests, 4 clients, 3 threads     clients of a thread   2     1   1
//                                         requests              3+3   2   2

import type { TestPlan, TestSettings } from "./benchmark-plan.ts";
import { REQUEST_COUNT_MAX } from "./flag-table.ts";
import { MULTI_KEY_TESTS, type KeyChoice, type LoadPlan, type TestName } from "./plan.ts";

/** Threads with neighbouring seeds must not have neighbouring random numbers. */
const SEED_STEP = 0x9e3779b9;
const SEED_DIGITS = 8;

export function divideTest(plan: TestPlan): LoadPlan[] {
  return divide(plan, (requestCount, _, index) => ({
    keys: chooseKeys(plan, index),
    requestCount,
  }));
}

/** SETs of every key of the keyspace once, in batches that do not take much memory. */
export function dividePreload(plan: TestPlan, keyspace: number, pipeline: number): LoadPlan[] {
  const whole: TestPlan = {
    ...plan,
    test: "set",
    requestCount: keyspace,
    durationMs: Infinity,
    warmupMs: 0,
    ratePerSecond: 0,
    pipeline,
  };
  // Each thread has the numbers that follow the last thread's, so that none is left out.
  return divide(whole, (requestCount, firstRequest) => ({
    keys: { kind: "sequence", begin: firstRequest, step: 1 },
    requestCount,
  }));
}

/** What keys begin with; a test for counters must not find values that are no numbers. */
export function keyPrefixOf({ keys, seed }: TestSettings, test: TestName): string {
  const run = keys.kind === "unique" ? seed.toString(16).padStart(SEED_DIGITS, "0") : "";
  if (test === "incr") return `counter:${run}`;
  return run === "" ? "key:" : run;
}

/** Whether one request asks for several keys. */
export function isMultiKey(test: TestName): boolean {
  return MULTI_KEY_TESTS.some((name) => name === test);
}

/** Keys of one request; a test of no keys at all has one as well. */
export function keyCountOf({ keysPerRequest }: TestSettings, test: TestName): number {
  return isMultiKey(test) ? keysPerRequest : 1;
}

/** Digits that the greatest number of a key has. */
export function digitCountOf(settings: TestSettings, test: TestName): number {
  const { keys, isVerified, clientCount } = settings;
  if (keys.kind === "unique") {
    return String(REQUEST_COUNT_MAX * keyCountOf(settings, test) - 1).length;
  }
  if (keys.kind === "keyspace") return String(keys.keyspace - 1).length;
  return isVerified ? String(clientCount - 1).length : 1;
}

/** A part of `total` that is divided into `partCount`, the first ones getting the rest. */
export function shareOf(total: number, partCount: number, index: number): number {
  if (total === Infinity) return Infinity;
  return Math.floor(total / partCount) + (index < total % partCount ? 1 : 0);
}

/** The parts from `first` on, `count` of them, together. */
function sharesOf(total: number, partCount: number, first: number, count: number): number {
  if (total === Infinity) return Infinity;
  const withMore = Math.min(count, Math.max(0, (total % partCount) - first));
  return Math.floor(total / partCount) * count + withMore;
}

function divide(
  plan: TestPlan,
  chooses: (
    requestCount: number,
    firstRequest: number,
    index: number,
  ) => Pick<LoadPlan, "keys" | "requestCount">,
): LoadPlan[] {
  const { clientCount, threadCount } = plan;
  const parts: LoadPlan[] = [];
  let firstConnection = 0;
  let firstRequest = 0;
  for (let index = 0; index < threadCount; index++) {
    const connectionCount = shareOf(clientCount, threadCount, index);
    const requestCount = sharesOf(plan.requestCount, clientCount, firstConnection, connectionCount);
    parts.push({
      target: plan.target,
      protocol: plan.protocol,
      io: plan.io,
      test: plan.test,
      readPercent: plan.readPercent,
      keysPerRequest: keyCountOf(plan, plan.test),
      keyPrefix: keyPrefixOf(plan, plan.test),
      keySize: plan.keySize,
      valueSize: plan.valueSize,
      isVerified: plan.isVerified,
      seed: (plan.seed + index * SEED_STEP) >>> 0,
      connectionCount,
      firstConnection,
      connectionTotal: clientCount,
      pipeline: plan.pipeline,
      durationMs: plan.durationMs,
      warmupMs: plan.warmupMs,
      ratePerSecond: (plan.ratePerSecond * connectionCount) / clientCount,
      timeoutMs: plan.timeoutMs,
      ...chooses(requestCount, firstRequest, index),
    });
    firstConnection += connectionCount;
    firstRequest += requestCount;
  }
  return parts;
}

function chooseKeys({ keys, threadCount }: TestPlan, index: number): KeyChoice {
  if (keys.kind === "single") return { kind: "single" };
  // Interleaved, because a warm-up and a duration take an unknown number of them.
  if (keys.kind === "unique") return { kind: "sequence", begin: index, step: threadCount };
  return { kind: "random", keyspace: keys.keyspace, distribution: keys.distribution };
}
