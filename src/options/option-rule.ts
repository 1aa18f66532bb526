// What several options must fulfil together, checked once each has its value.
//
// A rule gets the name of each option as the operator wrote it (`--port`, `FKVS_PORT`, `port in
// FILE`), so that its sentence names what to change where it can be changed.

import { isIPv4 } from "node:net";
import { PASSWORD_VARIABLE } from "./option-table.ts";
import type { OptionProperty, Options } from "./option-table.ts";
import { formatSizeExactly } from "./size.ts";

export interface RuleContext {
  readonly options: Options;
  /** Whether clients must give a password, wherever it comes from. */
  readonly hasPassword: boolean;
  nameOf(property: OptionProperty): string;
}

export interface OptionRule {
  /** For docs/OPTIONS.md. */
  readonly summary: string;
  /** The sentence for options that break the rule, null for those that keep it. */
  findFault(context: RuleContext): string | null;
}

/** What a window takes besides its size. */
export const WINDOW_MARGIN_BYTES = 4096;
/** The largest amount a signed 32-bit number holds. */
export const WINDOW_TOTAL_BYTES_MAX = 2 ** 31 - 1;

export const OPTION_RULES: readonly OptionRule[] = [
  {
    summary:
      `(max-clients + spare-windows) × (window-size + ${WINDOW_MARGIN_BYTES}) may be at most` +
      ` ${WINDOW_TOTAL_BYTES_MAX} bytes.`,
    findFault: findWindowFault,
  },
  {
    summary: "Without TCP (`--no-tcp`), unix must be set.",
    findFault: findListenFault,
  },
  {
    summary:
      "With TCP, host must be a loopback address (127.0.0.0/8, ::1 or localhost) unless insecure" +
      " is set, or there is a password and v1-trusted is not set.",
    findFault: findExposureFault,
  },
  {
    summary: "wal-threads may be at most wal-shards.",
    findFault: findThreadFault,
  },
  {
    summary:
      "Without dir, durability cannot be always, nor recover best-effort; the other options of" +
      " log and snapshots then mean nothing.",
    findFault: findDirectoryFault,
  },
];

/** Takes what is surely this machine; a name only a resolver can tell is not. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith("127.");
  return host === "::1" || host.toLowerCase() === "localhost";
}

function findWindowFault({ options, nameOf }: RuleContext): string | null {
  const windowCount = options.maxClients + options.spareWindows;
  const totalBytes = windowCount * (options.windowSizeBytes + WINDOW_MARGIN_BYTES);
  if (totalBytes <= WINDOW_TOTAL_BYTES_MAX) return null;
  return (
    `the windows of ${options.maxClients} clients and ${options.spareWindows} spare ones, each of` +
    ` ${formatSizeExactly(options.windowSizeBytes)} and ${WINDOW_MARGIN_BYTES} bytes, would take` +
    ` ${totalBytes} bytes, but at most ${WINDOW_TOTAL_BYTES_MAX} are` +
    ` allowed: lower ${nameOf("maxClients")}, ${nameOf("spareWindows")} or` +
    ` ${nameOf("windowSizeBytes")}`
  );
}

function findListenFault({ options, nameOf }: RuleContext): string | null {
  if (options.tcp || options.unix !== null) return null;
  return (
    `${nameOf("tcp")} turns TCP off and no Unix socket is set, which leaves nothing to listen on:` +
    ` set unix (--unix, FKVS_UNIX or unix in the file) or leave TCP on`
  );
}

function findExposureFault({ options, hasPassword, nameOf }: RuleContext): string | null {
  if (!options.tcp || options.insecure || isLoopback(options.host)) return null;
  if (hasPassword && !options.v1Trusted) return null;
  const [reason, way] = hasPassword
    ? [`${nameOf("v1Trusted")} serves v1 without the password`, "do without v1-trusted"]
    : ["there is no password", `set a password (requirepass-file or ${PASSWORD_VARIABLE})`];
  return (
    `${nameOf("host")} is "${options.host}", which is not a loopback address, and ${reason}, so` +
    ` whoever reaches it could read and change every key: choose a loopback address such as` +
    ` 127.0.0.1, ${way}, or allow it with --insecure`
  );
}

function findThreadFault({ options, nameOf }: RuleContext): string | null {
  const { walThreads, walShards } = options;
  if (walThreads <= walShards) return null;
  return (
    `${nameOf("walThreads")} is ${walThreads}, but ${nameOf("walShards")} is ${walShards}, and` +
    ` each partition has one thread: lower wal-threads or raise wal-shards`
  );
}

/**
 * Refused is what would promise or ask for something without dir. The defaults do not count: what
 * --check-config prints has to be accepted as a file.
 */
function findDirectoryFault({ options, nameOf }: RuleContext): string | null {
  if (options.dir !== null) return null;
  const way = "set dir (--dir, FKVS_DIR or dir in the file)";
  if (options.durability === "always") {
    return (
      `${nameOf("durability")} is always, but there is no directory to keep anything in: ${way}` +
      ` or do without durability`
    );
  }
  if (options.recover === "best-effort") {
    return (
      `${nameOf("recover")} is best-effort, but there is no directory to recover from: ${way} or` +
      ` do without recover`
    );
  }
  return null;
}
