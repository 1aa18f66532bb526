#!/usr/bin/env bun
// bun run bench: measures what is named, or everything.
//
// The hot paths are closures over constants, which the compiler knows once in a process: a second
// data thread in the same process is slower than the first. So every benchmark with every number of
// keys runs in a process of its own, one after another; --tiny stays in this one.

import { Command, CommanderError, InvalidArgumentError } from "commander";
import { fileURLToPath } from "node:url";
import { FULL_BUDGET, TINY_BUDGET } from "./measurement.ts";
import { BENCHMARKS, type Benchmark } from "./suite.ts";

const KEY_COUNT_MIN = 64;
const NAME_WIDTH = Math.max(...BENCHMARKS.map(({ name }) => name.length)) + 2;
const EXIT = { OK: 0, USAGE: 2 } as const;

interface Flags {
  readonly keys?: number;
  readonly tiny?: true;
  readonly list?: true;
}

/** One benchmark with one number of keys. */
interface Job {
  readonly benchmark: Benchmark;
  readonly keyCount: number;
}

function readArguments(argv: readonly string[]): { names: string[]; flags: Flags } {
  const command = new Command("bench")
    .argument("[names...]", "benchmarks to run; all of them if none is named")
    .option("--keys <count>", "number of keys, instead of each benchmark's own", parseKeyCount)
    .option("--tiny", "only see that everything runs: the figures mean nothing")
    .option("--list", "list the benchmarks")
    .exitOverride()
    .parse([...argv], { from: "user" });
  const names = command.args;
  const unknown = names.find((name) => BENCHMARKS.every((benchmark) => benchmark.name !== name));
  if (unknown !== undefined) command.error(`error: there is no benchmark ${unknown}; see --list`);
  return { names, flags: command.opts<Flags>() };
}

function parseKeyCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= KEY_COUNT_MIN) return count;
  throw new InvalidArgumentError(`It is an integer from ${KEY_COUNT_MIN} on.`);
}

function listJobs(names: readonly string[], flags: Flags): Job[] {
  const chosen = BENCHMARKS.filter(({ name }) => names.length === 0 || names.includes(name));
  return chosen.flatMap((benchmark) => {
    const own = flags.tiny === true ? [benchmark.tinyKeyCount] : benchmark.keyCounts;
    const keyCounts = flags.keys === undefined ? own : [flags.keys];
    return keyCounts.map((keyCount) => ({ benchmark, keyCount }));
  });
}

/** Runs the job in a process of its own; its exit code. */
async function spawnJob({ benchmark, keyCount }: Job): Promise<number> {
  const path = fileURLToPath(import.meta.url);
  const child = Bun.spawn([process.execPath, path, benchmark.name, "--keys", String(keyCount)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return await child.exited;
}

async function runJob({ benchmark, keyCount }: Job, isTiny: boolean): Promise<void> {
  console.log(await benchmark.run(keyCount, isTiny ? TINY_BUDGET : FULL_BUDGET));
}

async function main(): Promise<number> {
  const { names, flags } = readArguments(process.argv.slice(2));
  if (flags.list === true) {
    for (const { name, summary } of BENCHMARKS) console.log(name.padEnd(NAME_WIDTH) + summary);
    return EXIT.OK;
  }
  const jobs = listJobs(names, flags);
  const isHere = flags.tiny === true || jobs.length === 1;
  let exitCode: number = EXIT.OK;
  for (const job of jobs) {
    if (isHere) await runJob(job, flags.tiny === true);
    else exitCode = (await spawnJob(job)) || exitCode;
  }
  return exitCode;
}

try {
  process.exit(await main());
} catch (error) {
  // It has said what is wrong, or printed the help.
  if (!(error instanceof CommanderError)) throw error;
  process.exit(error.exitCode === 0 ? EXIT.OK : EXIT.USAGE);
}
