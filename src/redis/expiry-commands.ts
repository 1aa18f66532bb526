// Commands about the deadlines of keys, and TIME, which tells what they are compared with.
//
// Times are signed 64-bit integers here as in Redis: what does not fit is refused before the key is
// looked for, and a deadline that has passed removes the key at once.

import { isWord, readInteger, shownText } from "./arguments.ts";
import type { Call, Handler, HandlerTable } from "./call.ts";
import { INTEGER_MAX, INTEGER_MIN } from "./decimal-integer.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { NO_DEADLINE } from "./keyspace.ts";
import { type ExpiryUnit, MILLISECONDS, SECONDS } from "./set-options.ts";

const SECONDS_OF_EPOCH: ExpiryUnit = { ...SECONDS, isAbsolute: true };
const MILLISECONDS_OF_EPOCH: ExpiryUnit = { ...MILLISECONDS, isAbsolute: true };

/** Replies of the commands that ask for a deadline. */
const TTL_NONE = -1;
const TTL_NO_KEY = -2;

const TOO_MANY_CONDITIONS = "ERR NX and XX, GT or LT options at the same time are not compatible";
const OPPOSED_CONDITIONS = "ERR GT and LT options at the same time are not compatible";

export const EXPIRY_HANDLERS: HandlerTable = {
  expire: createExpire("expire", SECONDS),
  pexpire: createExpire("pexpire", MILLISECONDS),
  expireat: createExpire("expireat", SECONDS_OF_EPOCH),
  pexpireat: createExpire("pexpireat", MILLISECONDS_OF_EPOCH),
  ttl: createTtl(SECONDS),
  pttl: createTtl(MILLISECONDS),
  expiretime: createTtl(SECONDS_OF_EPOCH),
  pexpiretime: createTtl(MILLISECONDS_OF_EPOCH),
  persist,
  time: answerTime,
};

interface Conditions {
  hasNx: boolean;
  hasXx: boolean;
  hasGt: boolean;
  hasLt: boolean;
}

function createExpire(name: string, { milliseconds, isAbsolute }: ExpiryUnit): Handler {
  const outOfRange = `ERR invalid expire time in '${name}' command`;

  function expire(call: Call): void {
    const { args, client, keys, reply } = call;
    const { database } = client;
    const key = args[1]!;
    const conditions = readConditions(call);
    if (conditions === null) return;
    const time = readInteger(call, 2);
    if (time === null) return;
    const nowMs = BigInt(keys.nowMs);
    const timeMs = time * milliseconds;
    const deadlineMs = isAbsolute ? timeMs : nowMs + timeMs;
    if (timeMs < INTEGER_MIN || deadlineMs > INTEGER_MAX) {
      reply.error(outOfRange);
      return;
    }
    const value = keys.find(database, key);
    if (value === null || !isMet(conditions, value.deadlineMs, deadlineMs)) {
      reply.integer(0);
    } else if (deadlineMs <= nowMs) {
      keys.delete(database, key);
      reply.integer(1);
    } else if (keys.setDeadline(database, key, deadlineMs)) {
      reply.integer(1);
    } else {
      reply.error(ERROR_TEXT.MEMORY_FULL);
    }
  }

  return expire;
}

/** Null = they are wrong, and the error is written. */
function readConditions({ args, reply }: Call): Conditions | null {
  const conditions = { hasNx: false, hasXx: false, hasGt: false, hasLt: false };
  for (let i = 3; i < args.length; i++) {
    const word = args[i]!;
    if (isWord(word, "nx")) conditions.hasNx = true;
    else if (isWord(word, "xx")) conditions.hasXx = true;
    else if (isWord(word, "gt")) conditions.hasGt = true;
    else if (isWord(word, "lt")) conditions.hasLt = true;
    else {
      reply.error(`ERR Unsupported option ${shownText(word)}`);
      return null;
    }
  }
  const { hasNx, hasXx, hasGt, hasLt } = conditions;
  if (hasNx && (hasXx || hasGt || hasLt)) {
    reply.error(TOO_MANY_CONDITIONS);
    return null;
  }
  if (hasGt && hasLt) {
    reply.error(OPPOSED_CONDITIONS);
    return null;
  }
  return conditions;
}

/** A key without a deadline expires later than any other. */
function isMet(conditions: Conditions, currentMs: bigint, deadlineMs: bigint): boolean {
  const hasDeadline = currentMs !== NO_DEADLINE;
  if (conditions.hasNx && hasDeadline) return false;
  if (conditions.hasXx && !hasDeadline) return false;
  if (conditions.hasGt && (!hasDeadline || deadlineMs <= currentMs)) return false;
  return !(conditions.hasLt && hasDeadline && deadlineMs >= currentMs);
}

function createTtl({ milliseconds, isAbsolute }: ExpiryUnit): Handler {
  function answerTtl({ args, client, keys, reply }: Call): void {
    const value = keys.find(client.database, args[1]!);
    if (value === null) {
      reply.integer(TTL_NO_KEY);
    } else if (value.deadlineMs === NO_DEADLINE) {
      reply.integer(TTL_NONE);
    } else {
      const timeMs = value.deadlineMs - (isAbsolute ? 0n : BigInt(keys.nowMs));
      // To the nearest, which is nothing to do for milliseconds.
      reply.integer((timeMs + milliseconds / 2n) / milliseconds);
    }
  }

  return answerTtl;
}

function persist({ args, client, keys, reply }: Call): void {
  const value = keys.find(client.database, args[1]!);
  if (value === null || value.deadlineMs === NO_DEADLINE) {
    reply.integer(0);
  } else if (keys.setDeadline(client.database, args[1]!, NO_DEADLINE)) {
    reply.integer(1);
  } else {
    reply.error(ERROR_TEXT.MEMORY_FULL);
  }
}

/** Seconds and the microseconds beyond; the clock has milliseconds. */
function answerTime({ reply, server }: Call): void {
  const nowMs = server.clock.nowMs();
  const seconds = Math.floor(nowMs / 1000);
  reply.array(2);
  reply.bulk(String(seconds));
  reply.bulk(String(Math.floor((nowMs - seconds * 1000) * 1000)));
}
