// What is known of one command: its rules, its keys, its documentation. The rows are written down
// in rows/, by topic, as a `CommandSpec` each; command-table.ts makes them `CommandRow`s.

import type { Handler } from "./call.ts";

/** In the order in which COMMAND INFO lists them. */
export const COMMAND_FLAGS = [
  "write",
  "readonly",
  "denyoom",
  "admin",
  "noscript",
  "loading",
  "stale",
  "skip_monitor",
  "skip_slowlog",
  "fast",
  "no_auth",
  "no_async_loading",
  "no_multi",
  "allow_busy",
  "movablekeys",
] as const;

export type CommandFlag = (typeof COMMAND_FLAGS)[number];

/** Categories of access control, in the order in which COMMAND INFO lists them. */
export const CATEGORIES = [
  "keyspace",
  "read",
  "write",
  "string",
  "admin",
  "fast",
  "slow",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

export type Category = (typeof CATEGORIES)[number];

export type CommandGroup =
  "connection" | "generic" | "scripting" | "server" | "string" | "transactions";

/**
 * Where keys stand: from `first` to `last` in steps. `last` counts from `first`; below zero it
 * counts from the end, −1 = the last argument.
 */
export interface KeySpec {
  /** Access (`RO`, `RW`, `OW`, `RM`) and what is done with the value, as COMMAND INFO has them. */
  readonly flags: readonly string[];
  readonly notes: string | null;
  /** Index among the arguments, the command's name being 0. */
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export type ArgumentType =
  | "string"
  | "integer"
  | "double"
  | "key"
  | "pattern"
  | "unix-time"
  | "pure-token"
  | "oneof"
  | "block";

export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  /** Of a key: which of the command's key specs finds it. */
  readonly keySpecIndex: number | null;
  /** A word that stands before the argument, or is all of it. */
  readonly token: string | null;
  readonly since: string | null;
  readonly deprecatedSince: string | null;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
  /** Of `oneof` and `block`. */
  readonly arguments: readonly Argument[];
}

/** A version, and what changed in it. */
export type Change = readonly [since: string, change: string];

/** A command as it is written down. */
export interface CommandSpec {
  /** In lower case; of a subcommand the second word alone. */
  readonly name: string;
  /** With the command's name; negative = at least so many. */
  readonly arity: number;
  readonly group: CommandGroup;
  readonly flags: readonly CommandFlag[];
  /** What does not follow from the flags. */
  readonly categories: readonly Category[];
  readonly keySpecs: readonly KeySpec[];
  /** Hints for proxies and clients of a cluster. */
  readonly tips: readonly string[];
  readonly since: string;
  readonly complexity: string | null;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly history: readonly Change[];
  /** Since when the command is out of favour, and what is used in its place. */
  readonly deprecatedSince: string | null;
  readonly replacedBy: string | null;
  /** For those who work on the server, not for applications. */
  readonly isSystem: boolean;
  readonly subcommands: readonly CommandSpec[];
  /** Also executed by batches, without a handler: see docs/RESP.md. */
  readonly isHot: boolean;
  /** What differs here from Redis, for docs/COMMANDS.md. */
  readonly difference: string | null;
}

/** A command of the table. */
export interface CommandRow {
  readonly name: string;
  /** Of a subcommand `client|list`, otherwise the name. */
  readonly fullName: string;
  /** Number of the row among all rows, subcommands included, from 0 without gaps. */
  readonly index: number;
  readonly spec: CommandSpec;
  readonly arity: number;
  readonly flags: ReadonlySet<CommandFlag>;
  readonly categories: ReadonlySet<Category>;
  /** Of a subcommand, the command it belongs to. */
  readonly container: CommandRow | null;
  /** Null = the command has none. */
  readonly subcommands: ReadonlyMap<string, CommandRow> | null;
  /** Null = the command is nothing without a subcommand. */
  readonly handler: Handler | null;
}
