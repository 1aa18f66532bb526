#!/usr/bin/env bun
// bun run profile: where the server spends its time. Starts it on one CPU, loads it from another,
// records it meanwhile, and leaves a table and a flame graph in a folder. docs/PROFILING.md tells
// how to read them. Exit codes: 0, 1 = no profile, 2 = a mistake on the command line, 130 = a
// signal: what was started is ended and cleared away all the same.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureCode } from "../../fkvs-benchmark/failure-code.ts";
import { profileWithBun } from "./bun-profile.ts";
import { readOptions } from "./options.ts";
import { profileWithPerf } from "./perf-profile.ts";
import { renderProfile, writeProfile } from "./profile.ts";

const EXIT = { OK: 0, INTERRUPTED: 130 } as const;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), new Date());
  // First, as it may fail.
  mkdirSync(options.out, { recursive: true });
  await using cleanup = new AsyncDisposableStack();
  const scratch = mkdtempSync(join(tmpdir(), "fkvs-profile-"));
  cleanup.defer(() => rmSync(scratch, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      void cleanup.disposeAsync().finally(() => process.exit(EXIT.INTERRUPTED));
    });
  }
  const record = options.cpuProf ? profileWithBun : profileWithPerf;
  const profile = await record(options, scratch, cleanup);
  if (profile.stacks.size === 0) throw new Error("nothing was recorded: the server did not run");
  writeProfile(profile, options);
  process.stdout.write(renderProfile(profile, options));
  process.stdout.write(`\n${join(options.out, "flame.svg")} opens in a browser\n`);
  return EXIT.OK;
}

// Whoever reads may have had enough: the files are there by then.
process.stdout.on("error", () => process.exit(EXIT.OK));
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = failureCode("profile", error);
}
