// The commands that took longest lately: SLOWLOG.
//
// An entry keeps copies, cut as Redis cuts them, so that it is bounded whatever was sent:
//
//   at most 32 arguments      the last tells how many there were besides
//   at most 128 bytes each    and after them how many there were besides
//
// Passwords are never kept.

import type { Client } from "./client.ts";
import { LiveSettings } from "./live-settings.ts";

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

/** Where the entries are: with this thread, or where all threads have them. */
export interface SlowLogEntries {
  readonly length: number;
  /** Gives the entry the next id; then at most `lengthMax` are left, the latest. */
  push(entry: Omit<SlowLogEntry, "id">, lengthMax: number): void;
  /** The latest first. */
  latest(count: number): SlowLogEntry[];
  clear(): void;
}

export class SlowLog {
  readonly #settings: LiveSettings;
  readonly #entries: SlowLogEntries;

  constructor(
    settings: LiveSettings = new LiveSettings(),
    entries: SlowLogEntries = new EntryList(),
  ) {
    this.#settings = settings;
    this.#entries = entries;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** What takes as long or longer is kept; 0 = everything, below 0 = nothing. */
  get thresholdMicroseconds(): number {
    return this.#settings.slowLogThresholdUs;
  }

  set thresholdMicroseconds(threshold: number) {
    this.#settings.slowLogThresholdUs = threshold;
  }

  get lengthMax(): number {
    return this.#settings.slowLogLengthMax;
  }

  /** What is too much goes with the next entry, as in Redis. */
  set lengthMax(length: number) {
    this.#settings.slowLogLengthMax = length;
  }

  /** Keeps a command if it was slow. Not for commands with the flag `skip_slowlog`. */
  add(client: Client, args: readonly Buffer[], microseconds: number, nowMs: number): void {
    const threshold = this.thresholdMicroseconds;
    if (threshold < 0 || microseconds < threshold) return;
    const entry = {
      timeSeconds: Math.floor(nowMs / 1000),
      microseconds: Math.floor(microseconds),
      args: cutArguments(redactArguments(args)),
      address: client.address,
      name: client.name,
    };
    this.#entries.push(entry, this.lengthMax);
  }

  /** The latest first. */
  latest(count: number): SlowLogEntry[] {
    return this.#entries.latest(count);
  }

  reset(): void {
    this.#entries.clear();
  }
}

class EntryList implements SlowLogEntries {
  #nextId = 0;
  /** The latest last. */
  #entries: SlowLogEntry[] = [];

  get length(): number {
    return this.#entries.length;
  }

  push(entry: Omit<SlowLogEntry, "id">, lengthMax: number): void {
    this.#entries.push({ id: this.#nextId++, ...entry });
    const excess = this.#entries.length - lengthMax;
    if (excess > 0) this.#entries.splice(0, excess);
  }

  latest(count: number): SlowLogEntry[] {
    return this.#entries.slice(Math.max(0, this.#entries.length - count)).reverse();
  }

  clear(): void {
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
