// The command line of bun run soak.

import { Command, InvalidArgumentError, Option } from "commander";
import { parseSize } from "../../src/options/size.ts";

/** What a soak can hold the server to: policies under which something is promised of a crash. */
export const SOAK_DURABILITIES = ["always", "everysec"] as const;

export interface SoakOptions {
  readonly seconds: number;
  /** Between two lines of the table. */
  readonly intervalSeconds: number;
  /** How long a server lives, about: it is ended by SIGTERM and by kill -9 in turn. */
  readonly lifeSeconds: number;
  readonly durability: (typeof SOAK_DURABILITIES)[number];
  readonly writers: number;
  /** Of each writer. */
  readonly keys: number;
  /** Bytes that resident memory, and the files, may have more than in the first half of the run. */
  readonly memoryGrowth: number;
  readonly fileGrowth: number;
  readonly seed: number;
  /** Further options of the server. */
  readonly serverArgs: readonly string[];
}

/** Throws commander's error for a mistake, and for --help, which it has printed then. */
export function readOptions(argv: readonly string[]): SoakOptions {
  const command = new Command("soak")
    .description(
      "Runs the server with a data directory under a mixed load, ends it again and again,\n" +
        "and compares what it has with what it must have. Fails when that differs, or when\n" +
        "memory or files grow.",
    )
    .option("--seconds <seconds>", "how long to run", readSeconds, 600)
    .option("--interval-seconds <seconds>", "between two lines", readSeconds, 10)
    .option("--life-seconds <seconds>", "how long a server lives", readSeconds, 60)
    .addOption(
      new Option("--durability <promise>", "the server's")
        .choices(SOAK_DURABILITIES)
        .default("always"),
    )
    .option("--writers <count>", "connections that write", readCount, 8)
    .option("--keys <count>", "keys of each of them", readCount, 2000)
    .addOption(sizeOption("--memory-growth <size>", "that memory may show", "64mb"))
    .addOption(sizeOption("--file-growth <size>", "that the files may show", "256mb"))
    .option("--seed <number>", "of what is random", readCount, 1)
    .argument("[server-options...]", "behind --: further options of the server")
    .exitOverride()
    .parse([...argv], { from: "user" });
  return { ...command.opts<Omit<SoakOptions, "serverArgs">>(), serverArgs: command.args };
}

function readSeconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < Infinity) return value;
  throw new InvalidArgumentError("It is a number above 0.");
}

function readCount(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It is an integer from 1 on.");
}

function sizeOption(flags: string, description: string, size: string): Option {
  return new Option(flags, description).argParser(readSize).default(parseSize(size), size);
}

function readSize(text: string): number {
  const value = parseSize(text);
  if (value !== null) return value;
  throw new InvalidArgumentError("It is a size such as 64mb.");
}
