// The command line of bun run compare.

import { Command, InvalidArgumentError } from "commander";

export interface CompareOptions {
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

const KEYS_DEFAULT = 1_000_000;
const KEYS_MIN = 1000;
const MEMORY_KEYS_DEFAULT = 10_000_000;

/** Throws commander's error for a mistake, and for --help, which it has printed then. */
export function readOptions(argv: readonly string[]): CompareOptions {
  return new Command("compare")
    .description("Measures fkvs beside redis-server and memcached, where they are installed.")
    .option("--rounds <count>", "rounds, whose median counts", readInteger(1), 5)
    .option("--seconds <seconds>", "length of one run", readInteger(1), 1)
    .option(
      "--keys <count>",
      "keys that each server is filled with",
      readInteger(KEYS_MIN),
      KEYS_DEFAULT,
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
    .exitOverride()
    .parse([...argv], { from: "user" })
    .opts<CompareOptions>();
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
