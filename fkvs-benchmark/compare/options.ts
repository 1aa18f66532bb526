// The command line of bun run compare.

import { Command, InvalidArgumentError, Option } from "commander";

export interface CompareOptions {
  /** What is compared instead of the overview; at most one of the two. */
  readonly durability: boolean;
  readonly threads: boolean;
  /** Parts of one of these; none = all. */
  readonly only?: readonly string[];
  /** Where servers keep their files; none = where the system keeps what is temporary. */
  readonly dir?: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly keys: number;
  /** 0 = memory is not measured. */
  readonly memoryKeys: number;
  readonly pipelines: readonly number[];
  readonly clients: number;
  /** Whether the documents are written. */
  readonly write: boolean;
}

/** The names for --only. */
export const PART_NAMES = {
  durability: ["always", "everysec", "shards"],
  threads: ["uniform", "hot"],
} as const;

const KEYS_DEFAULT = 1_000_000;
/** Fewer: they are filled in with a sync for every few of them. */
const DURABILITY_KEYS_DEFAULT = 100_000;
const KEYS_MIN = 1000;
const MEMORY_KEYS_DEFAULT = 10_000_000;

/** What commander reads: without a default where that depends on others. */
type GivenOptions = Omit<CompareOptions, "durability" | "threads" | "keys"> &
  Partial<Pick<CompareOptions, "durability" | "threads" | "keys">>;

/** Throws commander's error for a mistake, and for --help, which it has printed then. */
export function readOptions(argv: readonly string[]): CompareOptions {
  const command = makeCommand().parse([...argv], { from: "user" });
  const given = command.opts<GivenOptions>();
  const { durability = false, threads = false } = given;
  checkOnly(command, given);
  if (given.dir !== undefined && !durability) {
    command.error("error: --dir goes with --durability: nothing else keeps files");
  }
  const keys = given.keys ?? (durability ? DURABILITY_KEYS_DEFAULT : KEYS_DEFAULT);
  return { ...given, durability, threads, keys };
}

function makeCommand(): Command {
  return new Command("compare")
    .description("Measures fkvs beside redis-server and memcached, where they are installed.")
    .addOption(
      new Option(
        "--durability",
        "what the log costs, beside redis, at 50 and 512 connections",
      ).conflicts(["threads", "memoryKeys", "pipelines", "clients"]),
    )
    .addOption(new Option("--threads", "what several data threads cost").conflicts(["memoryKeys"]))
    .option("--only <list>", "parts of --durability or --threads to measure", readNames)
    .option("--dir <folder>", "where the servers of --durability have their files")
    .option("--rounds <count>", "rounds, whose median counts", readInteger(1), 5)
    .option("--seconds <seconds>", "length of one run", readInteger(1), 1)
    .option(
      "--keys <count>",
      `keys that each server is filled with (default: ${KEYS_DEFAULT}, with --durability ` +
        `${DURABILITY_KEYS_DEFAULT})`,
      readInteger(KEYS_MIN),
    )
    .option(
      "--memory-keys <count>",
      "keys to measure memory with; 0 = not",
      readInteger(0),
      MEMORY_KEYS_DEFAULT,
    )
    .option("--pipelines <list>", "pipeline depths", readList, [1, 16, 128])
    .option("--clients <count>", "connections", readInteger(1), 50)
    .option("--no-write", "print the tables, and leave the documents as they are")
    .allowExcessArguments(false)
    .exitOverride();
}

function checkOnly(command: Command, { durability, threads, only }: GivenOptions): void {
  if (only === undefined) return;
  if (!durability && !threads) {
    command.error("error: --only goes with --durability or --threads");
  }
  const known: readonly string[] = PART_NAMES[durability ? "durability" : "threads"];
  const unknown = only.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  command.error(`error: --only has no part ${unknown}; there are ${known.join(", ")}`);
}

function readInteger(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`It is an integer from ${min} on.`);
  };
}

function readList(text: string): number[] {
  return text.split(",").map(readInteger(1));
}

function readNames(text: string): string[] {
  return text.split(",");
}
