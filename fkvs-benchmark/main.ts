#!/usr/bin/env bun
// fkvs-benchmark: from the arguments to a report on standard output and an exit code.
//
//   loadPlan        flags → one validated plan                  options.ts
//   runBenchmark    load threads, sums, reports                 benchmark.ts

import { OptionError } from "../src/options/option-error.ts";
import type { BenchmarkPlan } from "./benchmark-plan.ts";
import { EXIT, runBenchmark } from "./benchmark.ts";
import { PROGRAM_NAME } from "./command-line.ts";
import { loadPlan } from "./options.ts";

async function main(): Promise<number> {
  const loaded = loadPlan(process.argv.slice(2));
  if (loaded.kind === "run") return await run(loaded.plan);
  process.stdout.write(loaded.text);
  return EXIT.OK;
}

async function run(plan: BenchmarkPlan): Promise<number> {
  const interruption = new AbortController();
  process.on("SIGINT", () => {
    // The second time nobody wants to wait for figures.
    if (interruption.signal.aborted) process.exit(EXIT.INTERRUPTED);
    interruption.abort();
  });
  const isWatched = process.stderr.isTTY && plan.output === "text";
  return await runBenchmark(plan, {
    write: (text) => process.stdout.write(text),
    complain,
    terminal: isWatched ? process.stderr : null,
    signal: interruption.signal,
  });
}

function complain(sentence: string): void {
  process.stderr.write(`${PROGRAM_NAME}: ${sentence}\n`);
}

// Whoever reads may have had enough: `fkvs-benchmark | head -1`.
process.stdout.on("error", () => process.exit(EXIT.NOT_COMPLETED));
try {
  const exitCode = await main();
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit(exitCode);
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  complain(error.message);
  process.exit(error.exitCode);
}
