// Commands that look for keys: KEYS, SCAN and RANDOMKEY.

import { createGlob, type Glob } from "../lib/glob.ts";
import { isWord, readInteger } from "./arguments.ts";
import type { Call, HandlerTable } from "./call.ts";
import { ERROR_TEXT } from "./error-text.ts";

const MATCH_ALL = "*";
const DEFAULT_SCAN_COUNT = 10;

/** Cursors of the keyspace have as many bits; those that clients make up lose what is above. */
const CURSOR_BITS = 48;
const UINT64_MAX = 2n ** 64n - 1n;
/** What C's strtoul takes: signs and leading zeros as well. */
const CURSOR = /^([+-]?)0*(\d{1,20})$/;

export const SCAN_HANDLERS: HandlerTable = {
  keys: answerKeys,
  scan: answerScan,
  randomkey: answerRandomKey,
};

interface ScanOptions {
  count: number;
  /** Null = every key. */
  glob: Glob | null;
  /** Whether keys of the type asked for exist at all. */
  isTypeKnown: boolean;
}

function answerKeys({ args, client, keys, reply }: Call): void {
  const glob = createKeyGlob(args[1]!);
  const found: Buffer[] = [];
  let cursor = 0;
  // Each key comes once: tables only change between calls of a handler.
  do {
    cursor = keys.scan(client.database, cursor, Number.MAX_SAFE_INTEGER, (key) => {
      if (glob === null || glob.matches(key)) found.push(key);
    });
  } while (cursor !== 0);
  writeKeys(reply, found);
}

function answerScan(call: Call): void {
  const { args, client, keys, reply } = call;
  const cursor = parseCursor(args[1]!);
  if (cursor === null) {
    reply.error("ERR invalid cursor");
    return;
  }
  const options = readScanOptions(call);
  if (options === null) return;
  const { count, glob, isTypeKnown } = options;
  const found: Buffer[] = [];
  const next = keys.scan(client.database, cursor, count, (key) => {
    if (isTypeKnown && (glob === null || glob.matches(key))) found.push(key);
  });
  reply.array(2);
  reply.bulk(String(next));
  writeKeys(reply, found);
}

/** Null = they are wrong, and the error is written. */
function readScanOptions(call: Call): ScanOptions | null {
  const { args, reply } = call;
  const options: ScanOptions = { count: DEFAULT_SCAN_COUNT, glob: null, isTypeKnown: true };
  for (let i = 2; i < args.length; i += 2) {
    const hasValue = i + 1 < args.length;
    if (hasValue && isWord(args[i]!, "count")) {
      const count = readInteger(call, i + 1);
      if (count === null) return null;
      if (count < 1n) {
        reply.error(ERROR_TEXT.SYNTAX);
        return null;
      }
      options.count = Math.min(Number(count), Number.MAX_SAFE_INTEGER);
    } else if (hasValue && isWord(args[i]!, "match")) {
      options.glob = createKeyGlob(args[i + 1]!);
    } else if (hasValue && isWord(args[i]!, "type")) {
      options.isTypeKnown = isWord(args[i + 1]!, "string");
    } else {
      reply.error(ERROR_TEXT.SYNTAX);
      return null;
    }
  }
  return options;
}

/** A client's cursor as one of the keyspace; null = it is none. */
function parseCursor(argument: Buffer): number | null {
  if (argument.length === 0) return 0;
  const match = CURSOR.exec(argument.toString("latin1"));
  if (match === null) return null;
  const magnitude = BigInt(match[2]!);
  if (magnitude > UINT64_MAX) return null;
  return Number(BigInt.asUintN(CURSOR_BITS, match[1] === "-" ? -magnitude : magnitude));
}

function answerRandomKey({ client, keys, reply }: Call): void {
  const key = keys.randomKey(client.database);
  if (key === null) reply.nil();
  else reply.bulk(key);
}

/** Null = each key matches. `*` alone finds the empty key too, which the glob would not. */
function createKeyGlob(pattern: Buffer): Glob | null {
  return isWord(pattern, MATCH_ALL) ? null : createGlob(pattern);
}

function writeKeys(reply: Call["reply"], keys: readonly Buffer[]): void {
  reply.array(keys.length);
  for (const key of keys) reply.bulk(key);
}
