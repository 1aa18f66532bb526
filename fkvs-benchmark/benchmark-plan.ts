// What is to be measured: options.ts makes it from the command line, run.ts carries a test of it
// out.

import type { IoChoice } from "../src/lib/io-choice.ts";
import type { Distribution, ProtocolName, Target, TestName } from "./plan.ts";

/** Which keys the tests ask for; each load thread gets its part of them. */
export type KeyPlan =
  | { readonly kind: "single" }
  | { readonly kind: "unique" }
  | {
      readonly kind: "keyspace";
      readonly keyspace: number;
      readonly distribution: Distribution;
    };

/** What all tests of a run have in common. */
export interface TestSettings {
  readonly target: Target;
  readonly protocol: ProtocolName;
  readonly io: IoChoice;
  readonly clientCount: number;
  readonly threadCount: number;
  /** Infinity = until `durationMs` is over. */
  readonly requestCount: number;
  /** Infinity = until all requests are done. */
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly pipeline: number;
  /** 0 = closed loop. */
  readonly ratePerSecond: number;
  readonly keys: KeyPlan;
  readonly keySize: number;
  readonly valueSize: number;
  /** GETs among the requests of `mixed`. */
  readonly readPercent: number;
  /** Of the tests that ask for several. */
  readonly keysPerRequest: number;
  readonly isVerified: boolean;
  readonly seed: number;
  readonly timeoutMs: number;
}

export interface TestPlan extends TestSettings {
  readonly test: TestName;
}

export type OutputForm = "text" | "quiet" | "json" | "csv";

/** Whose CPU time is read: the process that listens, a given one, or nobody's. */
export type ServerChoice =
  | { readonly kind: "find" }
  | { readonly kind: "pid"; readonly pid: number }
  | { readonly kind: "none" };

export interface BenchmarkPlan {
  readonly tests: readonly TestName[];
  readonly settings: TestSettings;
  readonly isPreloaded: boolean;
  readonly output: OutputForm;
  readonly hdrPath: string | null;
  readonly server: ServerChoice;
  /** Null = no sweep. */
  readonly sloMs: number | null;
  /** What was asked for and is not done, or is done otherwise: a sentence each. */
  readonly notes: readonly string[];
}

export function formatTarget(target: Target): string {
  if (target.kind === "unix") return target.path;
  const { host, port } = target;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
