// What the servers are asked in a comparison: every test at every depth, many keys at once, and
// rates that leave the server time, to see what it needs of a core for them.

import { MULTI_KEY_TESTS } from "../plan.ts";
import type { Contestant } from "./contestant.ts";

/** The same situation for every server: which test, how deep a pipeline. */
export interface Situation {
  readonly test: string;
  readonly pipeline: number;
  /** Of the tests whose requests have several. */
  readonly keysPerRequest?: number;
  /** Connections, where it is not up to the run's settings. */
  readonly clients?: number;
  /** That the client divides them among; left out, it has one. */
  readonly clientThreads?: number;
  /** Keys that are asked for, where that is not all there are. */
  readonly keyCount?: number;
  /** None = a closed loop. */
  readonly ratePerSecond?: number;
}

const TESTS = ["set", "get", "ping"];
const MANY_KEYS = 500;
const MGET: Situation = { test: "mget", pipeline: 1, keysPerRequest: MANY_KEYS };
/** 12,000 keys a second, and 12,000 requests a second. */
const RATES_PER_SECOND = [12_000 / MANY_KEYS, 12_000];

/** As fast as the servers can. */
export function listClosedSituations(pipelines: readonly number[]): Situation[] {
  const plain = TESTS.flatMap((test) => pipelines.map((pipeline) => ({ test, pipeline })));
  return [...plain, MGET];
}

export function listRateSituations(): Situation[] {
  return RATES_PER_SECOND.map((ratePerSecond) => ({ ...MGET, ratePerSecond }));
}

/** Whether the contestant's protocol has such requests. */
export function canAnswer({ protocol }: Contestant, { test }: Situation): boolean {
  return protocol === "resp" || !MULTI_KEY_TESTS.some((name) => name === test);
}

/**
 * `SET P=16`, `SET P=16, 512 connections`, `MGET of 500 P=1`,
 * `MGET of 500, 24/s = 12,000 keys/s`.
 */
export function describeSituation(situation: Situation): string {
  const { test, pipeline, clients, keysPerRequest, ratePerSecond } = situation;
  const name = test.toUpperCase();
  const request = keysPerRequest === undefined ? name : `${name} of ${keysPerRequest}`;
  const connections = clients === undefined ? "" : `, ${clients} connections`;
  if (ratePerSecond === undefined) return `${request} P=${pipeline}${connections}`;
  const keysPerSecond = ratePerSecond * (keysPerRequest ?? 1);
  const rates = [ratePerSecond, keysPerSecond].map((rate) => rate.toLocaleString("en"));
  return `${request}, ${rates[0]}/s = ${rates[1]} keys/s`;
}
