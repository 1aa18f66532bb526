// What the main thread tells a load thread, and what that answers. Plain data: it crosses threads.

import type { IoChoice } from "../src/lib/io-choice.ts";

export type Target =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export const PROTOCOLS = ["fkvs", "resp", "memcached"] as const;
export type ProtocolName = (typeof PROTOCOLS)[number];

/** One request of these asks for several keys. */
export const MULTI_KEY_TESTS = ["mget", "mset"] as const;
export const TESTS = ["ping", "set", "get", "incr", "del", "mixed", ...MULTI_KEY_TESTS] as const;
export type TestName = (typeof TESTS)[number];

/** What serves the client's sockets: io_uring or Bun. */
export type IoTaken = Exclude<IoChoice, "auto">;

export type Distribution =
  { readonly kind: "uniform" } | { readonly kind: "zipf"; readonly theta: number };

export type KeyChoice =
  /** Always key 0. */
  | { readonly kind: "single" }
  /** Numbers from `begin` on, `step` apart: every key once. */
  | { readonly kind: "sequence"; readonly begin: number; readonly step: number }
  /** Random numbers below `keyspace`. */
  | {
      readonly kind: "random";
      readonly keyspace: number;
      readonly distribution: Distribution;
    };

/** The share of one load thread. */
export interface LoadPlan {
  readonly target: Target;
  readonly protocol: ProtocolName;
  /** uring = the ring, listen = Bun's sockets, auto = the ring where it works. */
  readonly io: IoChoice;
  readonly test: TestName;
  /** GETs among the requests of `mixed`; the rest are SETs. */
  readonly readPercent: number;
  readonly keysPerRequest: number;
  readonly keys: KeyChoice;
  /** What keys begin with; digits fill them up to `keySize`. */
  readonly keyPrefix: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly isVerified: boolean;
  readonly seed: number;
  /** This thread's connections, and the number of its first among those of all threads. */
  readonly connectionCount: number;
  readonly firstConnection: number;
  readonly connectionTotal: number;
  /** Requests in flight on each connection. */
  readonly pipeline: number;
  /** Requests of this thread; Infinity = until `durationMs` is over. */
  readonly requestCount: number;
  /** From the start, the warm-up not counted; Infinity = until the requests are done. */
  readonly durationMs: number;
  /** Requests of this time at the beginning are sent and not counted. */
  readonly warmupMs: number;
  /** 0 = closed loop. */
  readonly ratePerSecond: number;
  /** Without any reply for this long the run ends. */
  readonly timeoutMs: number;
}

/** What a load thread reports when it has ended, in whatever way. */
export interface LoadResult {
  readonly completedCount: number;
  readonly errorCount: number;
  readonly missCount: number;
  readonly wrongCount: number;
  /** Sent and never answered. */
  readonly failedCount: number;
  /** Of what was counted: without the warm-up. */
  readonly elapsedMs: number;
  readonly cpuMs: number;
  /** Null if it came to none. */
  readonly io: IoTaken | null;
  /** Latencies in nanoseconds, as HdrHistogram's base64 of version 2. */
  readonly histogram: string;
  /** Why the thread could not go on, empty if it could: one sentence. */
  readonly failure: string;
}

/** Main thread to load thread. */
export type ToLoadThread =
  | { readonly kind: "plan"; readonly plan: LoadPlan; readonly progress: SharedArrayBuffer }
  | { readonly kind: "go" }
  | { readonly kind: "stop" };

/** Load thread to main thread. */
export type FromLoadThread =
  /** All connections are there. */
  | { readonly kind: "ready" }
  /** The warm-up is over: what counts begins now. */
  | { readonly kind: "warm" }
  | { readonly kind: "done"; readonly result: LoadResult };

/** Words of the live counters in `progress`, as Float64Array; written by the load thread alone. */
export const PROGRESS = { COMPLETED: 0, FAILED: 1 } as const;
export const PROGRESS_WORDS = 8;
