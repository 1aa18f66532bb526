// Where a figure was measured: it means little without.

import { cpus, release } from "node:os";
import { VERSION } from "../src/version.ts";

export interface Environment {
  readonly version: string;
  readonly bunVersion: string;
  readonly cpuModel: string;
  readonly cpuCount: number;
  readonly system: string;
  /** UTC, as ISO 8601. */
  readonly startedAt: string;
}

export function describeEnvironment(): Environment {
  const processors = cpus();
  return {
    version: VERSION,
    bunVersion: Bun.version,
    cpuModel: processors[0]?.model ?? "unknown",
    cpuCount: processors.length,
    system: `${process.platform} ${release()} ${process.arch}`,
    startedAt: new Date().toISOString(),
  };
}
