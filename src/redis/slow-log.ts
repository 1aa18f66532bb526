// The commands that took longest lately: SLOWLOG.
//
// An entry keeps copies, cut as Redis cuts them, so that it is bounded whatever was sent:
//
//   at most 32 arguments      the last tells how many there were besides
//   at most 128 bytes each    and after them how many there were besides
//
// Passwords are never kept.

import type { Client } from "./client.ts";

export interface SlowLogEntry {
  readonly id: number;
  /** Seconds since the epoch. */
  readonly timeSeconds: number;
  readonly microseconds: number;
  readonly args: readonly Buffer[];
  readonly address: string;
  readonly name: string;
}

export const SLOW_LOG_ARGUMENT_COUNT_MAX = 32;
export const SLOW_LOG_ARGUMENT_LENGTH_MAX = 128;

const REDACTED = Buffer.from("(redacted)");

export class SlowLog {
  /** What takes as long or longer is kept; 0 = everything, below 0 = nothing. */
  thresholdMicroseconds = 10_000;
  #lengthMax = 128;
  #nextId = 0;
  /** The latest last. */
  #entries: SlowLogEntry[] = [];

  get length(): number {
    return this.#entries.length;
  }

  get lengthMax(): number {
    return this.#lengthMax;
  }

  /** What is too much goes with the next entry, as in Redis. */
  set lengthMax(length: number) {
    this.#lengthMax = length;
  }

  /** Keeps a command if it was slow. Not for commands with the flag `skip_slowlog`. */
  add(client: Client, args: readonly Buffer[], microseconds: number, nowMs: number): void {
    if (this.thresholdMicroseconds < 0 || microseconds < this.thresholdMicroseconds) return;
    this.#entries.push({
      id: this.#nextId++,
      timeSeconds: Math.floor(nowMs / 1000),
      microseconds: Math.floor(microseconds),
      args: cutArguments(redactArguments(args)),
      address: client.address,
      name: client.name,
    });
    if (this.#entries.length > this.#lengthMax) {
      this.#entries.splice(0, this.#entries.length - this.#lengthMax);
    }
  }

  /** The latest first. */
  latest(count: number): SlowLogEntry[] {
    return this.#entries.slice(Math.max(0, this.#entries.length - count)).reverse();
  }

  reset(): void {
    this.#entries = [];
  }
}

/** The arguments without user names and passwords; also for other places that show commands. */
export function redactArguments(args: readonly Buffer[]): readonly Buffer[] {
  const secret = secretIndexes(args);
  if (secret.length === 0) return args;
  return args.map((arg, index) => (secret.includes(index) ? REDACTED : arg));
}

function secretIndexes(args: readonly Buffer[]): number[] {
  const indexes = [...args.keys()];
  switch (wordOf(args[0])) {
    case "auth":
      return indexes.slice(1);
    case "hello":
      // A name may be the word AUTH, too: rather one word too many than one too few.
      return indexes.filter(
        (index) =>
          index >= 3 && (isAuth(args[index - 1]) || (index >= 4 && isAuth(args[index - 2]))),
      );
    case "config":
      if (wordOf(args[1]) !== "set") return [];
      return indexes.filter(
        (index) => index >= 3 && index % 2 === 1 && wordOf(args[index - 1]) === "requirepass",
      );
    default:
      return [];
  }
}

function isAuth(arg: Buffer | undefined): boolean {
  return wordOf(arg) === "auth";
}

/** For comparing with words no longer than these. */
function wordOf(arg: Buffer | undefined): string {
  return arg === undefined || arg.length > 16 ? "" : arg.toString("latin1").toLowerCase();
}

function cutArguments(args: readonly Buffer[]): Buffer[] {
  if (args.length <= SLOW_LOG_ARGUMENT_COUNT_MAX) return args.map(cutArgument);
  const shown = args.slice(0, SLOW_LOG_ARGUMENT_COUNT_MAX - 1).map(cutArgument);
  return [...shown, Buffer.from(`... (${args.length - shown.length} more arguments)`)];
}

function cutArgument(arg: Buffer): Buffer {
  if (arg.length <= SLOW_LOG_ARGUMENT_LENGTH_MAX) return Buffer.from(arg);
  const moreCount = arg.length - SLOW_LOG_ARGUMENT_LENGTH_MAX;
  return Buffer.concat([
    arg.subarray(0, SLOW_LOG_ARGUMENT_LENGTH_MAX),
    Buffer.from(`... (${moreCount} more bytes)`),
  ]);
}
