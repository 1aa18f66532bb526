// The settings of this server, by the names and in the notation of redis.conf.
//
//   changeable   takes another value while the server runs
//   fixed        Redis could change it, this server cannot: only the value it has is accepted
//   immutable    cannot be changed in Redis either, or is what the operator has decided at start
//
// A setting that Redis has and that means nothing here is left out, unless clients are known to ask
// for it. The password is never told.

import type { DurabilityChoice } from "../lib/durability-choice.ts";
import { parseDecimalInteger } from "./decimal-integer.ts";
import type { CommandStats } from "./command-stats.ts";
import { DATABASE_COUNT } from "./keyspace.ts";
import { Settings, type Change, type Setting } from "./settings.ts";
import type { SlowLog } from "./slow-log.ts";

/** What of the server the settings show. */
export interface SettingSource {
  /** Null = no TCP. */
  port(): number | null;
  readonly host: string;
  /** The path of the Unix socket, null = none. */
  readonly unix: string | null;
  readonly maxClients: number;
  readonly maxValueBytes: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Where an exposed address without a password is refused. */
  readonly isProtected: boolean;
  readonly isDebugAllowed: boolean;
  /** The directory the server runs in. */
  readonly directory: string;
  /** Null = nothing is kept on disk. */
  readonly persistence: PersistenceSettings | null;
  /** How often a second the server looks after itself. */
  readonly tickHz: number;
  readonly memory: MemorySetting;
  readonly slowLog: SlowLog;
  readonly stats: CommandStats;
}

export interface PersistenceSettings {
  /** The whole path. */
  readonly directory: string;
  readonly durability: DurabilityChoice;
  /** 0 = snapshots are not taken by time. */
  readonly snapshotIntervalSeconds: number;
}

/** Bytes that all keys and windows together may take. */
export interface MemorySetting {
  read(): number;
  /** Null = it cannot be changed while the server runs. */
  readonly range: { readonly minBytes: number; readonly maxBytes: number } | null;
  /** Only within `range`. */
  change(bytes: number): void;
}

const IMMUTABLE = "can't set immutable config";
const PROTECTED = "can't set protected config";
const NO_INTEGER = "argument couldn't be parsed into an integer";
const INTEGER_MAX = 2n ** 63n - 1n;
/** As Redis names the levels. */
const LOG_LEVEL_NAMES = { debug: "debug", info: "notice", warn: "warning", error: "warning" };

const MEMORY_UNIT_BYTES: ReadonlyMap<string, bigint> = new Map([
  ["", 1n],
  ["b", 1n],
  ["k", 1000n],
  ["kb", 1024n],
  ["m", 1000n ** 2n],
  ["mb", 1024n ** 2n],
  ["g", 1000n ** 3n],
  ["gb", 1024n ** 3n],
]);

export function createSettings(source: SettingSource): Settings {
  return new Settings([
    ...listenSettings(source),
    ...limitSettings(source),
    ...persistenceSettings(source),
    ...measuringSettings(source),
    immutable("cluster-enabled", "no"),
    immutable("daemonize", "no"),
    immutable("databases", String(DATABASE_COUNT)),
    immutable("enable-debug-command", yesNo(source.isDebugAllowed)),
    fixed("hz", String(source.tickHz)),
    immutable("io-threads", "1"),
    fixed("loglevel", LOG_LEVEL_NAMES[source.logLevel]),
    fixed("notify-keyspace-events", ""),
    immutable("supervised", "no"),
  ]);
}

function listenSettings(source: SettingSource): Setting[] {
  return [
    computed("bind", () => (source.port() === null ? "" : source.host)),
    computed("port", () => String(source.port() ?? 0)),
    immutable("protected-mode", yesNo(source.isProtected)),
    // Whatever the password is: never more than that it may be asked for.
    immutable("requirepass", ""),
    fixed("timeout", "0"),
    immutable("tls-port", "0"),
    immutable("unixsocket", source.unix ?? ""),
  ];
}

function limitSettings({ memory, maxClients, maxValueBytes }: SettingSource): Setting[] {
  return [
    fixed("maxclients", String(maxClients)),
    {
      name: "maxmemory",
      refusal: memory.range === null ? IMMUTABLE : null,
      read: () => String(memory.read()),
      change: (text) => changeMemory(memory, text),
    },
    fixed("maxmemory-policy", "noeviction"),
    fixed("proto-max-bulk-len", String(maxValueBytes)),
  ];
}

/** The log is Redis's append-only file, a snapshot its save. */
function persistenceSettings({ directory, persistence }: SettingSource): Setting[] {
  const durability = persistence?.durability ?? "none";
  const intervalSeconds = persistence?.snapshotIntervalSeconds ?? 0;
  return [
    fixed("appendfsync", durability === "none" ? "no" : durability),
    fixed("appendonly", yesNo(persistence !== null)),
    { ...immutable("dir", persistence?.directory ?? directory), refusal: PROTECTED },
    // However few the changes.
    fixed("save", intervalSeconds === 0 ? "" : `${intervalSeconds} 1`),
  ];
}

function measuringSettings({ slowLog, stats }: SettingSource): Setting[] {
  return [
    fixed("latency-monitor-threshold", "0"),
    {
      name: "latency-tracking",
      refusal: null,
      read: () => yesNo(stats.isLatencyTracked),
      change: (text) => changeSwitch(text, (isOn) => (stats.isLatencyTracked = isOn)),
    },
    fixed("latency-tracking-info-percentiles", "50 99 99.9"),
    {
      name: "slowlog-log-slower-than",
      refusal: null,
      read: () => String(slowLog.thresholdMicroseconds),
      change: (text) =>
        changeInteger(text, -1n, (value) => (slowLog.thresholdMicroseconds = Number(value))),
    },
    {
      name: "slowlog-max-len",
      refusal: null,
      read: () => String(slowLog.lengthMax),
      change: (text) => changeInteger(text, 0n, (value) => (slowLog.lengthMax = Number(value))),
    },
  ];
}

function immutable(name: string, value: string): Setting {
  return { name, refusal: IMMUTABLE, read: () => value, change: () => IMMUTABLE };
}

/** Immutable, and known only when the server listens. */
function computed(name: string, read: () => string): Setting {
  return { name, refusal: IMMUTABLE, read, change: () => IMMUTABLE };
}

function fixed(name: string, value: string): Setting {
  return {
    name,
    refusal: null,
    read: () => value,
    change: (text) => (text === value ? () => {} : `this server supports only '${value}'`),
  };
}

function changeSwitch(text: string, put: (isOn: boolean) => void): Change {
  const word = text.toLowerCase();
  if (word !== "yes" && word !== "no") return "argument must be 'yes' or 'no'";
  return () => put(word === "yes");
}

function changeInteger(text: string, min: bigint, put: (value: bigint) => void): Change {
  const value = parseDecimalInteger(Buffer.from(text, "latin1"));
  if (value === null) return NO_INTEGER;
  if (value < min) return `argument must be between ${min} and ${INTEGER_MAX} inclusive`;
  return () => put(value);
}

function changeMemory({ range, change }: MemorySetting, text: string): Change {
  if (range === null) return IMMUTABLE;
  const match = /^(\d{1,18})([a-z]*)$/i.exec(text);
  const unitBytes = MEMORY_UNIT_BYTES.get(match?.[2]!.toLowerCase() ?? "none");
  if (match === null || unitBytes === undefined) return "argument must be a memory value";
  const bytes = BigInt(match[1]!) * unitBytes;
  if (bytes < BigInt(range.minBytes) || bytes > BigInt(range.maxBytes)) {
    return `argument must be between ${range.minBytes} and ${range.maxBytes} inclusive`;
  }
  return () => change(Number(bytes));
}

function yesNo(isOn: boolean): string {
  return isOn ? "yes" : "no";
}
