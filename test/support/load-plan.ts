import type { LoadPlan } from "../../fkvs-benchmark/plan.ts";

/** A plan for a few SETs, with whatever else a test wants. */
export function makeLoadPlan(wanted: Partial<LoadPlan> = {}): LoadPlan {
  return {
    target: { kind: "tcp", host: "127.0.0.1", port: 0 },
    protocol: "fkvs",
    io: "listen",
    test: "set",
    readPercent: 90,
    keysPerRequest: 1,
    keys: { kind: "single" },
    keyPrefix: "key:",
    keySize: 16,
    valueSize: 32,
    isVerified: false,
    seed: 1,
    connectionCount: 1,
    firstConnection: 0,
    connectionTotal: wanted.connectionCount ?? 1,
    pipeline: 1,
    requestCount: 100,
    durationMs: Infinity,
    warmupMs: 0,
    ratePerSecond: 0,
    timeoutMs: 5000,
    ...wanted,
  };
}
