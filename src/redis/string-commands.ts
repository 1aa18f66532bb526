// GET, SET and all that reads or writes whole values; those of parts of them are in
// range-commands.ts. Order of checks, replies and error texts are those of Redis 7, and
// SET … IFEQ is that of Valkey 8.1.

import type { Call, HandlerTable } from "./call.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { KEEP_DEADLINE, NO_DEADLINE, type NewValue, type StoredValue } from "./keyspace.ts";
import { RANGE_HANDLERS } from "./range-commands.ts";
import {
  deadlineOf,
  MILLISECONDS,
  parseGetExOptions,
  parseSetOptions,
  SECONDS,
  type ExpiryUnit,
  type SetOptions,
} from "./set-options.ts";

export const STRING_HANDLERS: HandlerTable = {
  ...RANGE_HANDLERS,
  get,
  set,
  setnx,
  setex: (call) => setWithDeadline(call, SECONDS, "setex"),
  psetex: (call) => setWithDeadline(call, MILLISECONDS, "psetex"),
  getset,
  getdel,
  getex,
  mget,
  mset,
  msetnx,
};

function get(call: Call): void {
  replyFound(call, findValue(call));
}

function set(call: Call): void {
  const { reply } = call;
  const options = parseSetOptions(call.args);
  if (options === null) return reply.error(ERROR_TEXT.SYNTAX);
  let deadlineMs = options.isDeadlineKept ? KEEP_DEADLINE : NO_DEADLINE;
  if (options.expiry !== null) {
    const deadline = deadlineOf(options.expiry, call.keys.nowMs, "set");
    if (typeof deadline === "string") return reply.error(deadline);
    deadlineMs = deadline;
  }
  const isUnconditional = options.condition === "always" && !options.isGet;
  const old = isUnconditional ? null : findValue(call);
  if (!isConditionMet(call, options, old)) return replyFound(call, options.isGet ? old : null);
  if (options.isGet) return exchange(call, old, deadlineMs);
  const error = writeValue(call, call.value(2), deadlineMs);
  if (error !== null) return reply.error(error);
  reply.simple("OK");
}

function isConditionMet(call: Call, options: SetOptions, old: StoredValue | null): boolean {
  if (options.condition === "always") return true;
  if (options.condition === "nx") return old === null;
  if (options.condition === "xx" || old === null) return old !== null;
  const comparison = call.value(options.comparisonIndex);
  if (old.length !== comparison.length) return false;
  const expected = comparison instanceof Uint8Array ? comparison : comparison.bytes();
  return old.bytes().equals(expected);
}

function setnx(call: Call): void {
  if (findValue(call) !== null) return call.reply.integer(0);
  const error = writeValue(call, call.value(2), NO_DEADLINE);
  if (error !== null) return call.reply.error(error);
  call.reply.integer(1);
}

function setWithDeadline(call: Call, unit: ExpiryUnit, command: string): void {
  const deadline = deadlineOf({ unit, text: call.args[2]! }, call.keys.nowMs, command);
  if (typeof deadline === "string") return call.reply.error(deadline);
  const error = writeValue(call, call.value(3), deadline);
  if (error !== null) return call.reply.error(error);
  call.reply.simple("OK");
}

function getset(call: Call): void {
  exchange(call, findValue(call), NO_DEADLINE);
}

/** Sets the key to the second argument and replies with what it was. */
function exchange(call: Call, old: StoredValue | null, deadlineMs: bigint): void {
  // A copy: whether the write succeeds is known before anything can be replied.
  const oldBytes = old?.bytes() ?? null;
  const error = writeValue(call, call.value(2), deadlineMs);
  if (error !== null) return call.reply.error(error);
  if (oldBytes === null) return call.reply.nil();
  call.reply.bulk(oldBytes);
}

function getdel(call: Call): void {
  const value = findValue(call);
  replyFound(call, value);
  if (value !== null) call.keys.delete(call.client.database, call.args[1]!);
}

/** Unlike SET's, a deadline is looked at only if there is a key that can get it. */
function getex(call: Call): void {
  const { client, keys, reply } = call;
  const key = call.args[1]!;
  const options = parseGetExOptions(call.args);
  if (options === null) return reply.error(ERROR_TEXT.SYNTAX);
  const value = findValue(call);
  if (value === null) return reply.nil();
  let deadlineMs = NO_DEADLINE;
  if (options.expiry !== null) {
    const deadline = deadlineOf(options.expiry, keys.nowMs, "getex");
    if (typeof deadline === "string") return reply.error(deadline);
    if (deadline <= BigInt(keys.nowMs)) return getdel(call);
    deadlineMs = deadline;
  } else if (!options.isPersist || value.deadlineMs === NO_DEADLINE) {
    return reply.value(value);
  }
  if (!keys.setDeadline(client.database, key, deadlineMs)) {
    return reply.error(ERROR_TEXT.MEMORY_FULL);
  }
  // The value may lie elsewhere now.
  replyFound(call, findValue(call));
}

function mget(call: Call): void {
  const { args, client, keys, reply } = call;
  reply.array(args.length - 1);
  for (let i = 1; i < args.length; i++) replyFound(call, keys.find(client.database, args[i]!));
}

function mset(call: Call): void {
  const { args, reply } = call;
  if (args.length % 2 === 0) return reply.error(oddPairsText("mset"));
  const error = writePairs(call);
  if (error !== null) return reply.error(error);
  reply.simple("OK");
}

function msetnx(call: Call): void {
  const { args, client, keys, reply } = call;
  if (args.length % 2 === 0) return reply.error(oddPairsText("msetnx"));
  for (let i = 1; i < args.length; i += 2) {
    if (keys.find(client.database, args[i]!) !== null) return reply.integer(0);
  }
  const error = writePairs(call);
  if (error !== null) return reply.error(error);
  reply.integer(1);
}

function oddPairsText(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

/** Sets all the call's pairs or none; the text of the error when that cannot be. */
function writePairs(call: Call): string | null {
  const { args, client, keys, server } = call;
  const pairs: [key: Buffer, value: NewValue][] = [];
  let byteCount = 0;
  for (let i = 1; i < args.length; i += 2) {
    const key = args[i]!;
    const value = call.value(i + 1);
    if (value.length > server.maxValueBytes) return ERROR_TEXT.VALUE_TOO_LONG;
    // A parcel has its memory already.
    byteCount += key.length + (value instanceof Uint8Array ? value.length : 0);
    pairs.push([key, value]);
  }
  if (!keys.hasRoomFor(pairs.length, byteCount)) return ERROR_TEXT.MEMORY_FULL;
  let isWritten = true;
  for (const [key, value] of pairs) {
    isWritten = keys.set(client.database, key, value, NO_DEADLINE) && isWritten;
  }
  return isWritten ? null : ERROR_TEXT.MEMORY_FULL;
}

/** Sets the call's key; the text of the error when that cannot be. */
function writeValue(call: Call, value: NewValue, deadlineMs: bigint): string | null {
  const { client, keys, server } = call;
  const key = call.args[1]!;
  if (value.length > server.maxValueBytes) return ERROR_TEXT.VALUE_TOO_LONG;
  const isPast = deadlineMs > NO_DEADLINE && deadlineMs <= BigInt(keys.nowMs);
  const lastingMs = isPast ? NO_DEADLINE : deadlineMs;
  if (!keys.set(client.database, key, value, lastingMs)) return ERROR_TEXT.MEMORY_FULL;
  // Whoever watches the key notices, as if it had been there for a moment.
  if (isPast) keys.delete(client.database, key);
  return null;
}

function findValue(call: Call): StoredValue | null {
  return call.keys.find(call.client.database, call.args[1]!);
}

function replyFound(call: Call, value: StoredValue | null): void {
  if (value === null) return call.reply.nil();
  call.reply.value(value);
}
