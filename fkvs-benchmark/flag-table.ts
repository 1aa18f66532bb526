// Every flag of the load generator, once: the help and the reading of the command line are made
// from this table, in its order. A flag is named here as it is written; what its values mean
// together is in flag-rule.ts, and defaults that depend on other flags are in options.ts.

import { IO_CHOICES, type IoChoice } from "../src/lib/io-choice.ts";
import {
  choice,
  FILE_PATH_LENGTH_MAX,
  host,
  integer,
  path,
  size,
  SOCKET_PATH_LENGTH_MAX,
} from "../src/options/option-value.ts";
import {
  decimal,
  distribution,
  plain,
  protocol,
  rate,
  testList,
  type FlagValue,
} from "./flag-value.ts";
import type { Distribution, ProtocolName, TestName } from "./plan.ts";

/** The values of the flags; a switch is true. */
export interface FlagValues {
  readonly requestCount: number;
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  readonly clientCount: number;
  readonly threadCount: number;
  readonly host: string;
  readonly port: number;
  readonly unix: string | null;
  readonly protocol: ProtocolName;
  readonly io: IoChoice;
  readonly tests: readonly TestName[];
  readonly readPercent: number;
  readonly keysPerRequest: number;
  readonly isUnique: true;
  readonly keyspace: number;
  readonly distribution: Distribution;
  readonly isPreloaded: true;
  readonly keySize: number;
  readonly valueSize: number;
  readonly isVerified: true;
  readonly pipeline: number;
  readonly ratePerSecond: number;
  readonly isSweep: true;
  readonly sloMs: number;
  readonly seed: number;
  readonly timeoutSeconds: number;
  readonly isQuiet: true;
  readonly isJson: true;
  readonly isCsv: true;
  readonly hdrPath: string | null;
  readonly pid: number;
  readonly isWithoutServerCpu: true;
  readonly isKeptAlive: true;
}

export type FlagProperty = keyof FlagValues;
export type GivenFlags = { readonly [P in FlagProperty]?: FlagValues[P] };

export interface FlagRow<T> {
  readonly flag: string;
  /** Null for a switch. */
  readonly value: FlagValue<T> | null;
  /** The value where the argument may be left out, and is. */
  readonly withoutArgument?: string;
  /** As the help says it. */
  readonly default?: string;
  /** A sentence without its full stop. */
  readonly summary: string;
}

/** Ten digits count them, which every key of -r has room for. */
export const REQUEST_COUNT_MAX = 1e10;
export const UNIX_PATH_DEFAULT = "/tmp/fkvs/fkvs.sock";
export const SECONDS_MAX = 86_400;
const MIB = 1024 * 1024;
/** PID_MAX_LIMIT of Linux. */
const PID_MAX = 4_194_304;

export const FLAG_TABLE: { readonly [P in FlagProperty]: FlagRow<FlagValues[P]> } = {
  requestCount: {
    flag: "-n",
    value: plain(integer("count", 1, REQUEST_COUNT_MAX)),
    default: "100000",
    summary: "Requests of a test, shared by the clients; at least one for each",
  },
  durationSeconds: {
    flag: "--duration",
    value: decimal("seconds", "seconds", 0.01, SECONDS_MAX),
    summary: "How long a test lasts, instead of -n; a step of --sweep lasts 2 s",
  },
  warmupSeconds: {
    flag: "--warmup",
    value: decimal("seconds", "seconds", 0, SECONDS_MAX),
    default: "0, with --sweep 0.5",
    summary: "How long requests are sent before they are counted",
  },
  clientCount: {
    flag: "-c",
    value: plain(integer("count", 1, 30_000)),
    default: "32",
    summary: "Clients: connections that send at the same time",
  },
  threadCount: {
    flag: "--threads",
    value: plain(integer("count", 1, 256)),
    default: "1",
    summary: "Threads that the clients are divided among",
  },
  host: { flag: "-h", value: plain(host()), default: "127.0.0.1", summary: "The server's address" },
  port: {
    flag: "-p",
    value: plain(integer("port", 1, 65535)),
    default: "5995",
    summary: "The server's TCP port",
  },
  unix: {
    flag: "-u",
    value: { ...plain(path(SOCKET_PATH_LENGTH_MAX)), argument: "[path]" },
    withoutArgument: UNIX_PATH_DEFAULT,
    summary: `The server's Unix socket instead of TCP; without a path ${UNIX_PATH_DEFAULT}`,
  },
  protocol: {
    flag: "--proto",
    value: protocol(),
    default: "fkvs",
    summary: "What the server speaks: fkvs, resp (Redis) or memcached (its text protocol)",
  },
  io: {
    flag: "--io",
    value: plain(choice("engine", IO_CHOICES)),
    default: "auto",
    summary: "How the client's sockets are served: uring (io_uring), listen (Bun) or auto",
  },
  tests: {
    flag: "-t",
    value: testList(),
    default: "ping",
    summary:
      "Tests to run one after another: ping, set, get, incr, del, mixed, and with --proto resp" +
      " mget and mset; with commas",
  },
  readPercent: {
    flag: "--reads",
    value: plain(integer("percent", 0, 100)),
    default: "90",
    summary: "GETs among a hundred requests of mixed; the others are SETs",
  },
  keysPerRequest: {
    flag: "--keys-per-request",
    value: plain(integer("count", 1, 1000)),
    default: "10",
    summary: "Keys that one request of mget or mset asks for",
  },
  isUnique: { flag: "-r", value: null, summary: "A key of its own for every request" },
  keyspace: {
    flag: "--keyspace",
    value: plain(integer("count", 1, 1e9)),
    summary: "Random keys of this many; without it and -r every request has the same",
  },
  distribution: {
    flag: "--distribution",
    value: distribution(),
    default: "uniform",
    summary:
      "How often each key of --keyspace is asked for: uniform, or zipf[:theta] for a few often",
  },
  isPreloaded: {
    flag: "--preload",
    value: null,
    summary: "Set every key of --keyspace before the clock starts",
  },
  keySize: {
    flag: "--key-size",
    value: plain(integer("bytes", 1, 65_535)),
    default: "16, with -r 32",
    summary: "The size of a key",
  },
  valueSize: {
    flag: "--value-size",
    value: plain(size(0, 16 * MIB)),
    default: "32",
    summary: "The size of a value",
  },
  isVerified: {
    flag: "--verify",
    value: null,
    summary: "See that every GET answers what its client has set last",
  },
  pipeline: {
    flag: "-P",
    value: plain(integer("depth", 0, 100_000)),
    default: "1",
    summary: "Requests that a client sends before it waits for their replies",
  },
  ratePerSecond: {
    flag: "-R",
    value: rate(1, 100_000_000),
    summary: "Requests a second on a fixed schedule (open loop): the latencies then show stalls",
  },
  isSweep: {
    flag: "--sweep",
    value: null,
    summary: "Look for the highest rate whose p99 stays within --slo",
  },
  sloMs: {
    flag: "--slo",
    value: decimal("ms", "milliseconds", 0.001, 60_000),
    default: "1",
    summary: "What the p99 of --sweep may be",
  },
  seed: {
    flag: "--seed",
    value: plain(integer("number", 0, 0xffffffff)),
    default: "random",
    summary: "Where random numbers and the keys of -r begin, to repeat a run",
  },
  timeoutSeconds: {
    flag: "--timeout",
    value: decimal("seconds", "seconds", 0.1, SECONDS_MAX),
    default: "5",
    summary: "Without any reply for this long a test ends",
  },
  isQuiet: { flag: "-q", value: null, summary: "One line for each test" },
  isJson: { flag: "--json", value: null, summary: "One JSON document with every figure" },
  isCsv: { flag: "--csv", value: null, summary: "A line of names and one for each test" },
  hdrPath: {
    flag: "--hdr",
    value: { ...plain(path(FILE_PATH_LENGTH_MAX)), argument: "<file>" },
    summary: "Write the latencies to a log for the tools of HdrHistogram",
  },
  pid: {
    flag: "--pid",
    value: plain(integer("pid", 1, PID_MAX)),
    default: "the process that listens",
    summary: "Whose CPU time is read as the server's",
  },
  isWithoutServerCpu: {
    flag: "--no-server-cpu",
    value: null,
    summary: "Do not read the server's CPU time",
  },
  isKeptAlive: {
    flag: "-k",
    value: null,
    summary: "Nothing: connections are always kept; for the scripts of the original",
  },
};

export const FLAG_PROPERTIES = Object.keys(FLAG_TABLE) as FlagProperty[];

/** What to print instead of running; the first that is given. */
export const REQUEST_FLAGS = [
  { name: "help", summary: "Print this help" },
  { name: "version", summary: "Print the version" },
] as const;

export function flagOf(property: FlagProperty): string {
  return FLAG_TABLE[property].flag;
}
