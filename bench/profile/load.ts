// The load that a server is profiled under: our own load generator on a CPU of its own, for longer
// than is recorded, so that only steady work is seen.
//
//   | start | warm up | measured                        |
//                       | recorded                |

import { cpus } from "node:os";
import type { Figures } from "../../fkvs-benchmark/compare/figures.ts";
import { measure, preload, type LoadSettings } from "../../fkvs-benchmark/compare/measure.ts";
import type { RunningServer } from "../../fkvs-benchmark/compare/running-server.ts";
import type { ProfileOptions } from "./options.ts";

/** Until the load generator runs and the server's code is compiled. */
export const LEAD_MS = 1800;
const WARMUP_SECONDS = 1;
/** How much longer the load lasts than the recording. */
const MARGIN_SECONDS = 2;

const KEY_SIZE = 16;
const VALUE_SIZE = 32;

export interface Cpus {
  readonly server: number | null;
  readonly client: number | null;
}

/** The server on the first CPU, everything else on the second; with one CPU, wherever. */
export function chooseCpus(): Cpus {
  return cpus().length > 1 ? { server: 0, client: 1 } : { server: null, client: null };
}

export async function fill(
  server: RunningServer,
  options: ProfileOptions,
  clientCpu: number | null,
): Promise<void> {
  if (options.test !== "ping") await preload(server, settingsOf(options, clientCpu));
}

/** Loads the server until `LEAD_MS` and the recording are over, and a little longer. */
export async function load(
  server: RunningServer,
  options: ProfileOptions,
  clientCpu: number | null,
): Promise<Figures> {
  const { test, pipeline } = options;
  return await measure(server, settingsOf(options, clientCpu), { test, pipeline });
}

function settingsOf(options: ProfileOptions, clientCpu: number | null): LoadSettings {
  return {
    clients: options.clients,
    keyCount: options.keys,
    keySize: KEY_SIZE,
    valueSize: VALUE_SIZE,
    seconds: options.seconds + MARGIN_SECONDS,
    warmupSeconds: WARMUP_SECONDS,
    // It runs beside perf, which records one.
    attemptCount: 1,
    clientCpu,
  };
}
