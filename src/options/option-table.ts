// Every option of the server, once.
//
// The flags, the help, the names in the environment, the keys of the configuration file, the
// output of --check-config and docs/OPTIONS.md are all made from this table, and in its order. To
// add an option, add a property to `Options` and a row to the table; the compiler asks for the one
// when it sees the other. What several options must fulfil together is in option-rule.ts.
//
//   name         flag                      environment       key in the file
//   max-memory   --max-memory <size>       FKVS_MAX_MEMORY   max-memory
//   tcp          --no-tcp (on by default)  FKVS_TCP          tcp

import { DURABILITY_CHOICES, type DurabilityChoice } from "../lib/durability-choice.ts";
import { IO_CHOICES, type IoChoice } from "../lib/io-choice.ts";
import { LOG_LEVELS } from "../lib/log.ts";
import type { LogLevel } from "../lib/log.ts";
import {
  FOREIGN_LOCAL,
  THREAD_COUNT_MAX,
  THREAD_MODES,
  type ForeignLocal,
  type ThreadMode,
} from "../lib/thread-mode.ts";
import {
  boolean,
  choice,
  FILE_PATH_LENGTH_MAX,
  host,
  integer,
  path,
  size,
  SOCKET_PATH_LENGTH_MAX,
} from "./option-value.ts";
import type { OptionValue } from "./option-value.ts";

export interface Options {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  readonly unix: string | null;
  readonly tcp: boolean;
  readonly config: string | null;
  readonly maxClients: number;
  readonly maxMemoryBytes: number;
  readonly windowSizeBytes: number;
  readonly spareWindows: number;
  readonly sendLimitBytes: number;
  readonly maxValueSizeBytes: number;
  /** 0 means never. */
  readonly stallTimeoutSeconds: number;
  readonly io: IoChoice;
  /** 0 means one for each core. */
  readonly threads: number;
  readonly mode: ThreadMode;
  readonly foreignLocal: ForeignLocal;
  readonly insecure: boolean;
  readonly requirepassFile: string | null;
  readonly v1Trusted: boolean;
  readonly enableDebugCommand: boolean;
  /** Null = nothing is kept on disk, and the options below it mean nothing. */
  readonly dir: string | null;
  readonly durability: DurabilityChoice;
  readonly recover: RecoverChoice;
  readonly walShards: number;
  readonly walThreads: number;
  readonly walBatch: number;
  readonly walFlushIntervalMs: number;
  readonly walBufferBytes: number;
  readonly walFileSizeBytes: number;
  readonly walTimeoutMs: number;
  /** 0 means never. */
  readonly snapshotIntervalSeconds: number;
  /** 0 means never. */
  readonly snapshotWalSizeBytes: number;
  readonly logLevel: LogLevel;
}

export const RECOVER_CHOICES = ["strict", "best-effort"] as const;
export type RecoverChoice = (typeof RECOVER_CHOICES)[number];

export type OptionProperty = keyof Options;

export interface OptionRow<T> {
  /** The key in the file; the other names follow from it. */
  readonly name: string;
  readonly value: OptionValue<T>;
  readonly default: (memoryLimitBytes: number) => T;
  /** What the help says instead of the default's value. */
  readonly defaultText?: string;
  /** False when the file cannot set it; true when left out. */
  readonly inFile?: boolean;
  /** A sentence without its full stop, as are all summaries. */
  readonly summary: string;
  /** What the flag does, where it differs from what the value means: for switches. */
  readonly flagSummary?: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

export const ENVIRONMENT_PREFIX = "FKVS_";
/** The password itself is no option: it is neither printed nor read from a file of options. */
export const PASSWORD_VARIABLE = "FKVS_REQUIREPASS";

const MAX_MEMORY_MIN_BYTES = 16 * MIB;
const MAX_MEMORY_MAX_BYTES = 32 * GIB;
/** The rest is for the runtime, the kernel's socket buffers and the neighbours. */
const MAX_MEMORY_SHARE = 3 / 4;

/** A year. */
const SNAPSHOT_INTERVAL_MAX_SECONDS = 31_536_000;

export const OPTION_TABLE: { readonly [P in OptionProperty]: OptionRow<Options[P]> } = {
  host: {
    name: "host",
    value: host(),
    default: () => "127.0.0.1",
    summary: "The address to listen on",
  },
  port: {
    name: "port",
    value: integer("port", 0, 65535),
    default: () => 5995,
    summary: "The TCP port to listen on; 0 takes a free one",
  },
  unix: {
    name: "unix",
    value: path(SOCKET_PATH_LENGTH_MAX),
    default: () => null,
    summary: "A Unix socket to listen on in addition to TCP",
  },
  tcp: {
    name: "tcp",
    value: boolean(),
    default: () => true,
    summary: "Whether to listen on TCP; without it, unix must be set",
    flagSummary: "Do not listen on TCP; unix must then be set",
  },
  config: {
    name: "config",
    value: path(FILE_PATH_LENGTH_MAX),
    default: () => null,
    inFile: false,
    summary: "A TOML file with further options",
  },
  maxClients: {
    name: "max-clients",
    value: integer("count", 1, 30_000),
    default: () => 10_000,
    summary: "How many connections may be open at once",
  },
  maxMemoryBytes: {
    name: "max-memory",
    value: size(MAX_MEMORY_MIN_BYTES, MAX_MEMORY_MAX_BYTES),
    default: defaultMaxMemoryBytes,
    defaultText: "three quarters of the machine's memory or the control group's, if lower",
    summary: "The memory for arena, slots, expiry index and windows together",
  },
  windowSizeBytes: {
    name: "window-size",
    value: size(64 * KIB, MIB),
    default: () => 64 * KIB,
    summary: "The size of a connection's receive window and of its send window",
  },
  spareWindows: {
    name: "spare-windows",
    value: integer("count", 0, 16_384),
    default: () => 1024,
    summary: "How many further send windows the connections with unread replies share",
  },
  sendLimitBytes: {
    name: "send-limit",
    value: size(64 * KIB, 64 * MIB),
    default: () => MIB,
    summary: "The unread replies a connection may have before its requests wait",
  },
  maxValueSizeBytes: {
    name: "max-value-size",
    value: size(64 * KIB, 512 * MIB),
    default: () => 16 * MIB,
    summary: "The longest value that clients of the Redis protocol may store",
  },
  stallTimeoutSeconds: {
    name: "stall-timeout",
    value: integer("seconds", 0, 86_400),
    default: () => 60,
    summary:
      "The seconds after which a client that takes no byte of the replies waiting for it is" +
      " dropped; 0 is never",
  },
  io: {
    name: "io",
    value: choice("engine", IO_CHOICES),
    default: () => "auto",
    summary:
      "How sockets are served: uring (io_uring), listen (Bun), or auto for the best there is",
  },
  threads: {
    name: "threads",
    value: integer("count", 0, THREAD_COUNT_MAX),
    default: () => 1,
    summary:
      "How many threads serve the data; 0 is one for each core. With io listen, the first of them" +
      " serves all connections of unix",
  },
  mode: {
    name: "mode",
    value: choice("mode", THREAD_MODES),
    default: () => "shared",
    summary:
      "How several threads share the keys: shared, each thread reaches all of them; sharded, each" +
      " has its own, and passes requests for others on",
  },
  foreignLocal: {
    name: "foreign-local",
    value: choice("what", FOREIGN_LOCAL),
    default: () => "writes",
    summary:
      "What a thread of mode sharded does itself with the keys of another: none of it; reads," +
      " which take no lock; or reads and short writes, unless their lock is taken",
  },
  insecure: {
    name: "insecure",
    value: boolean(),
    default: () => false,
    summary: "Whether to allow an address that is not loopback, though there is no password",
    flagSummary: "Allow an address that is not loopback, though there is no password",
  },
  requirepassFile: {
    name: "requirepass-file",
    value: path(FILE_PATH_LENGTH_MAX),
    default: () => null,
    summary:
      "A file with the password that clients of the Redis protocol must give; the environment" +
      ` can hold the password itself as ${PASSWORD_VARIABLE}, the command line cannot`,
  },
  v1Trusted: {
    name: "v1-trusted",
    value: boolean(),
    default: () => false,
    summary:
      "Whether to serve clients of protocol v1, which knows none, though there is a password",
    flagSummary: "Serve clients of protocol v1, which knows none, though there is a password",
  },
  enableDebugCommand: {
    name: "enable-debug-command",
    value: boolean(),
    default: () => false,
    summary: "Whether clients may use DEBUG, which can stop the server for any time",
    flagSummary: "Let clients use DEBUG, which can stop the server for any time",
  },
  dir: {
    name: "dir",
    value: path(FILE_PATH_LENGTH_MAX),
    default: () => null,
    summary:
      "A directory for log and snapshots, made if it is not there: turns persistence on; without" +
      " it the data ends with the server",
  },
  durability: {
    name: "durability",
    value: choice("promise", DURABILITY_CHOICES),
    default: () => "everysec",
    summary:
      "What a reply promises of the writes before it: always, that they outlive process and" +
      " machine; everysec, that at most the last wal-flush-interval of them is lost with the" +
      " process and about a second with the machine; none, the same of the process and nothing" +
      " of the machine",
  },
  recover: {
    name: "recover",
    value: choice("how", RECOVER_CHOICES),
    default: () => "strict",
    summary:
      "What to do when dir is damaged: strict does not start; best-effort starts with what is" +
      " sound and logs what is lost",
  },
  walShards: {
    name: "wal-shards",
    value: integer("count", 1, 64),
    default: () => 1,
    summary: "How many partitions the log has; may change from start to start",
  },
  walThreads: {
    name: "wal-threads",
    value: integer("count", 1, 16),
    default: () => 1,
    summary: "How many threads write the log; at most wal-shards",
  },
  walBatch: {
    name: "wal-batch",
    value: integer("records", 1, 65_536),
    default: () => 8192,
    summary:
      "How many records of all partitions, but at least 8 of one, are written without waiting for" +
      " more; always waits for none",
  },
  walFlushIntervalMs: {
    name: "wal-flush-interval",
    value: integer("milliseconds", 1, 10_000),
    default: () => 10,
    summary: "The milliseconds that fewer records than wal-batch wait at most to be written",
  },
  walBufferBytes: {
    name: "wal-buffer",
    value: size(MIB, GIB),
    default: () => 16 * MIB,
    summary:
      "The memory of each partition, besides max-memory, for records that are not written yet;" +
      " rounded up to a power of two",
  },
  walFileSizeBytes: {
    name: "wal-file-size",
    value: size(MIB, 16 * GIB),
    default: () => 256 * MIB,
    summary: "The size from which a file of the log is followed by the next",
  },
  walTimeoutMs: {
    name: "wal-timeout",
    value: integer("milliseconds", 10, 600_000),
    default: () => 5000,
    summary: "The milliseconds that a write waits for room in wal-buffer before it is refused",
  },
  snapshotIntervalSeconds: {
    name: "snapshot-interval",
    value: integer("seconds", 0, SNAPSHOT_INTERVAL_MAX_SECONDS),
    default: () => 3600,
    summary: "The seconds after which a snapshot is taken if anything has changed; 0 is never",
  },
  snapshotWalSizeBytes: {
    name: "snapshot-wal-size",
    value: size(0, 1024 * GIB),
    default: () => GIB,
    summary:
      "The size of the log since the last snapshot from which the next is taken, so that a start" +
      " does not take long; 0 is never",
  },
  logLevel: {
    name: "log-level",
    value: choice("level", LOG_LEVELS),
    default: () => "info",
    summary: "The least serious messages to log",
  },
};

export const OPTION_PROPERTIES = Object.keys(OPTION_TABLE) as readonly OptionProperty[];

export interface RequestFlag {
  readonly name: string;
  readonly summary: string;
}

/** What the command line alone can ask for: the program prints and ends. */
export const REQUEST_FLAGS = [
  { name: "check-config", summary: "Print the options in effect and where each is from, then end" },
  { name: "help", summary: "Print this text, then end" },
  { name: "version", summary: "Print the version, then end" },
] as const satisfies readonly RequestFlag[];

/** A switch that is on by default has a flag to turn it off, and the other way round. */
export function flagOf(property: OptionProperty): string {
  const row = OPTION_TABLE[property];
  const isOnByDefault = row.value.placeholder === null && row.default(0) === true;
  return isOnByDefault ? `--no-${row.name}` : `--${row.name}`;
}

export function environmentNameOf(property: OptionProperty): string {
  const name = OPTION_TABLE[property].name;
  return ENVIRONMENT_PREFIX + name.replaceAll("-", "_").toUpperCase();
}

export function isInFile(property: OptionProperty): boolean {
  return OPTION_TABLE[property].inFile ?? true;
}

/** The default for people to read; `none` when the option is then not set. */
export function describeDefault<P extends OptionProperty>(property: P): string {
  const row: OptionRow<Options[P]> = OPTION_TABLE[property];
  if (row.defaultText !== undefined) return row.defaultText;
  const text = row.value.formatToml(row.default(0));
  return text === null ? "none" : text.replace(/^"(.*)"$/, "$1");
}

/** Whole mebibytes, so that --check-config prints a figure one can read. */
function defaultMaxMemoryBytes(memoryLimitBytes: number): number {
  const share = Math.floor((memoryLimitBytes * MAX_MEMORY_SHARE) / MIB) * MIB;
  return Math.min(Math.max(share, MAX_MEMORY_MIN_BYTES), MAX_MEMORY_MAX_BYTES);
}
