// Figures of a server that nobody has started, for tests of INFO.

import type { InfoFigures } from "../../src/redis/info-figures.ts";

export function createInfoFigures(changes: Partial<InfoFigures> = {}): InfoFigures {
  return {
    server: {
      fkvsVersion: "0.1.0",
      os: "Linux 6.1.0 x86_64",
      addressBits: 64,
      multiplexer: "io_uring",
      processId: 42,
      runId: "8172f902b9173e2701f4690fc52640bb33bbe146",
      port: 5995,
      nowMs: 1_795_254_288_492.5,
      startedMs: 1_795_154_287_000,
      uptimeSeconds: 100_001.9,
      tickHz: 10,
      executable: "/usr/bin/fkvs-server",
      configFile: "",
    },
    clients: { connectedCount: 3, countMax: 10_000 },
    memory: {
      used: 3_000_000,
      usedPeak: 4_000_000,
      startup: 1_000_000,
      dataset: 1_500_000,
      windows: 131_072,
      resident: 6_000_000,
      limit: 2 ** 30,
      system: 8 * 2 ** 30,
    },
    stats: {
      connectionsReceived: 11,
      connectionsRejected: 1,
      commandsProcessed: 1000,
      commandsPerSecond: 12.6,
      inputBytes: 31_000,
      outputBytes: 62_000,
      inputBytesPerSecond: 1024,
      outputBytesPerSecond: 1536,
      readCount: 21,
      writeCount: 22,
      expiredKeys: 5,
      keyspaceHits: 600,
      keyspaceMisses: 40,
      changeCount: 77,
    },
    cpu: { system: 0.0068081, user: 1.5 },
    persistence: null,
    databases: [{ keyCount: 3, deadlineCount: 1, averageTtlMs: 99.9 }],
    threads: null,
    ...changes,
  };
}
