// Commands about keys as such, whatever their values.

import { isWord, readInteger } from "./arguments.ts";
import type { Call, HandlerTable } from "./call.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { DATABASE_COUNT } from "./keyspace.ts";

const NO_KEY = "ERR no such key";
const SAME_KEY = "ERR source and destination objects are the same";
const NO_DATABASE = "ERR DB index is out of range";
const INT32_MAX = 2n ** 31n - 1n;
const INT32_MIN = -(2n ** 31n);
const NO_INT32 = `ERR value is out of range, value must between ${INT32_MIN} and ${INT32_MAX}`;

export const KEY_HANDLERS: HandlerTable = {
  del: removeKeys,
  unlink: removeKeys,
  exists: countKeys,
  touch: countKeys,
  type: answerType,
  rename: (call) => renameKey(call, { isReplacing: true }),
  renamenx: (call) => renameKey(call, { isReplacing: false }),
  copy: copyKey,
  dbsize: ({ client, keys, reply }) => reply.integer(keys.count(client.database)),
  flushdb: (call) => flush(call, call.client.database),
  flushall: (call) => flush(call),
  wait: answerReplicas,
};

function removeKeys({ args, client, keys, reply }: Call): void {
  let count = 0;
  for (let i = 1; i < args.length; i++) {
    if (keys.delete(client.database, args[i]!)) count++;
  }
  reply.integer(count);
}

/** A key that is named twice counts twice. */
function countKeys({ args, client, keys, reply }: Call): void {
  let count = 0;
  for (let i = 1; i < args.length; i++) {
    if (keys.find(client.database, args[i]!) !== null) count++;
  }
  reply.integer(count);
}

function answerType({ args, client, keys, reply }: Call): void {
  reply.simple(keys.find(client.database, args[1]!) === null ? "none" : "string");
}

function renameKey(
  { args, client, keys, reply }: Call,
  { isReplacing }: { isReplacing: boolean },
): void {
  const { database } = client;
  const key = args[1]!;
  const newKey = args[2]!;
  if (keys.find(database, key) === null) {
    reply.error(NO_KEY);
    return;
  }
  const isSame = key.equals(newKey);
  const isRefused = !isReplacing && (isSame || keys.find(database, newKey) !== null);
  if (!isRefused && !isSame && !keys.move(database, key, database, newKey)) {
    reply.error(ERROR_TEXT.MEMORY_FULL);
    return;
  }
  if (isReplacing) reply.simple("OK");
  else reply.integer(isRefused ? 0 : 1);
}

function copyKey(call: Call): void {
  const { args, client, keys, reply } = call;
  const options = readCopyOptions(call);
  if (options === null) return;
  const { database, isReplacing } = options;
  const key = args[1]!;
  const newKey = args[2]!;
  if (database === client.database && key.equals(newKey)) {
    reply.error(SAME_KEY);
    return;
  }
  const hasKey = keys.find(client.database, key) !== null;
  if (!hasKey || (!isReplacing && keys.find(database, newKey) !== null)) {
    reply.integer(0);
    return;
  }
  if (keys.copy(client.database, key, database, newKey)) reply.integer(1);
  else reply.error(ERROR_TEXT.MEMORY_FULL);
}

/** Null = they are wrong, and the error is written. */
function readCopyOptions(call: Call): { database: number; isReplacing: boolean } | null {
  const { args, reply } = call;
  let database = call.client.database;
  let isReplacing = false;
  for (let i = 3; i < args.length; i++) {
    if (isWord(args[i]!, "replace")) {
      isReplacing = true;
    } else if (isWord(args[i]!, "db") && i + 1 < args.length) {
      i++;
      const index = readInteger(call, i);
      if (index === null) return null;
      if (index < 0n || index >= BigInt(DATABASE_COUNT)) {
        reply.error(index < INT32_MIN || index > INT32_MAX ? NO_INT32 : NO_DATABASE);
        return null;
      }
      database = Number(index);
    } else {
      reply.error(ERROR_TEXT.SYNTAX);
      return null;
    }
  }
  return { database, isReplacing };
}

/** ASYNC and SYNC do the same: keys are gone when the reply is written. */
function flush({ args, keys, reply }: Call, database?: number): void {
  const hasMode = args.length === 2 && (isWord(args[1]!, "async") || isWord(args[1]!, "sync"));
  if (args.length > 1 && !hasMode) {
    reply.error(ERROR_TEXT.SYNTAX);
    return;
  }
  keys.flush(database);
  reply.simple("OK");
}

/** WAIT: there are no replicas and there will be none, so waiting for the time limit is no use. */
function answerReplicas(call: Call): void {
  if (readInteger(call, 1) === null) return;
  const timeoutMs = readInteger(call, 2, "ERR timeout is not an integer or out of range");
  if (timeoutMs === null) return;
  if (timeoutMs < 0n) call.reply.error("ERR timeout is negative");
  else call.reply.integer(0);
}
