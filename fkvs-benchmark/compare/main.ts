#!/usr/bin/env bun
// bun run compare: our server beside redis-server and memcached, where they are installed. Writes
// the figures of docs/PERFORMANCE.md, README.md and ROADMAP.md; with --durability or --threads,
// those of its sections of that name alone. Exit codes: 0, 1 = a server or a run failed, 2 = a
// mistake on the command line.

import { cpus, tmpdir } from "node:os";
import { runParts, writePart, type ContestPart } from "./contest-part.ts";
import type { ContestPlan } from "./contest.ts";
import { listDurabilityParts } from "./durability.ts";
import { failureCode } from "../failure-code.ts";
import { fileSystemOf } from "./file-system.ts";
import { readOptions, type CompareOptions } from "./options.ts";
import { runOverview } from "./overview.ts";
import { listThreadParts } from "./threads.ts";

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const options = readOptions(argv);
  const command = ["bun run compare", ...argv].join(" ");
  const plan = makePlan(options);
  const parts = listParts(options)?.filter(({ name }) => options.only?.includes(name) ?? true);
  if (parts === undefined) return await runOverview(options, plan, command);
  await runParts(parts, { ...plan, command, write: options.write ? writePart : null });
}

/** Undefined = the overview. */
function listParts(options: CompareOptions): readonly ContestPart[] | undefined {
  if (options.durability) return listDurabilityParts(fileSystemOf(options.dir ?? tmpdir()));
  return options.threads ? listThreadParts(options.pipelines) : undefined;
}

/** Of a run that loses time to the machine's host. */
const ATTEMPT_COUNT = 4;

function makePlan(options: CompareOptions): Omit<ContestPlan, "contestants"> {
  const canPin = cpus().length > 1 && Bun.which("taskset") !== null;
  // Servers of several threads need several CPUs.
  const wantsOneCpu = !options.durability && !options.threads;
  return {
    settings: {
      clients: options.clients,
      keyCount: options.keys,
      keySize: 16,
      valueSize: 32,
      seconds: options.seconds,
      warmupSeconds: 0.3,
      attemptCount: ATTEMPT_COUNT,
      clientCpu: canPin ? 1 : null,
    },
    roundCount: options.rounds,
    serverPlace: { cpu: canPin && wantsOneCpu ? 0 : null, parentFolder: options.dir ?? null },
  };
}

try {
  await main();
} catch (error) {
  process.exitCode = failureCode("compare", error);
}
