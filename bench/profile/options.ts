// The command line of bun run profile.

import { Command, InvalidArgumentError, Option } from "commander";
import { TESTS } from "../../fkvs-benchmark/plan.ts";
import { isMultiKey } from "../../fkvs-benchmark/thread-plan.ts";
import { IO_CHOICES, type IoChoice } from "../../src/lib/io-choice.ts";

export interface ProfileOptions {
  readonly test: string;
  readonly pipeline: number;
  readonly clients: number;
  readonly keys: number;
  readonly seconds: number;
  /** Samples a second. */
  readonly frequency: number;
  readonly io: IoChoice;
  /** The folder for the results. */
  readonly out: string;
  /** Whether Bun's own profiler is used instead of perf. */
  readonly cpuProf: boolean;
}

const FREQUENCY_MAX = 20_000;
/** The load is made in fkvs v1, which has no requests of several keys. */
const PROFILED_TESTS = TESTS.filter((test) => !isMultiKey(test));

/** Throws commander's error for a mistake, and for --help, which it has printed then. */
export function readOptions(argv: readonly string[], date: Date): ProfileOptions {
  return new Command("profile")
    .description("Records where the server spends its time under a load: a table, a flame graph.")
    .addOption(
      new Option("--test <test>", "what the load asks").choices(PROFILED_TESTS).default("get"),
    )
    .option("--pipeline <depth>", "requests under way on each connection", readInteger(1), 128)
    .option("--clients <count>", "connections", readInteger(1), 50)
    .option("--keys <count>", "keys that the server is filled with", readInteger(1), 1_000_000)
    .option("--seconds <seconds>", "how long to record", readInteger(1), 5)
    .option("--frequency <hertz>", "samples a second", readInteger(1, FREQUENCY_MAX), 2999)
    .addOption(new Option("--io <io>", "the server's engine").choices(IO_CHOICES).default("auto"))
    .option("--out <folder>", "where the results go", nameFolder(date))
    .option("--cpu-prof", "use Bun's profiler: no perf needed, and no kernel seen", false)
    .allowExcessArguments(false)
    .exitOverride()
    .parse([...argv], { from: "user" })
    .opts<ProfileOptions>();
}

/** What was recorded, as the results say it. */
export function describeProfile(options: ProfileOptions): string {
  const { test, pipeline, clients, keys, io } = options;
  return (
    `fkvs ${test.toUpperCase()} P=${pipeline}, ${clients} clients, ` +
    `${keys.toLocaleString("en")} keys, --io ${io}`
  );
}

/** `profile-2026-01-31T12-00-00`, in UTC. */
export function nameFolder(date: Date): string {
  return `profile-${date.toISOString().slice(0, 19).replaceAll(":", "-")}`;
}

function readInteger(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It is an integer ${range}.`);
  };
}
