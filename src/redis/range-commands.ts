// Commands on parts of values: STRLEN, GETRANGE, SUBSTR, SETRANGE, APPEND. The deadline is kept.
//
// Of a long value only the parts that are needed are copied out of the store or written.

import { readInteger } from "./arguments.ts";
import type { Call, HandlerTable } from "./call.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { KEEP_DEADLINE, type NewValue, type StoredValue } from "./keyspace.ts";

export const RANGE_HANDLERS: HandlerTable = {
  append,
  getrange,
  setrange,
  strlen,
  substr: getrange,
};

function strlen(call: Call): void {
  call.reply.integer(findValue(call)?.length ?? 0);
}

/** Both ends are included, and count from the end of the value below zero. */
function getrange(call: Call): void {
  const { reply } = call;
  const first = readInteger(call, 2);
  if (first === null) return;
  const last = readInteger(call, 3);
  if (last === null) return;
  const value = findValue(call);
  if (value === null) return reply.bulk("");
  // Otherwise both would be moved to the first byte, which lies in no such range.
  if (first < 0n && last < 0n && first > last) return reply.bulk("");
  const begin = placeIn(value, first);
  const end = Math.min(placeIn(value, last) + 1, value.length);
  if (begin >= end) return reply.bulk("");
  if (begin === 0 && end === value.length) return reply.value(value);
  reply.bulk(value.bytes(begin, end));
}

/** An index as a number that is not negative; it may lie behind the end, at any distance. */
function placeIn(value: StoredValue, index: bigint): number {
  return Math.max(Number(index < 0n ? index + BigInt(value.length) : index), 0);
}

/** Zeros fill what lies between the end and the offset. Nothing written is nothing changed. */
function setrange(call: Call): void {
  const { reply, server } = call;
  const offset = readInteger(call, 2);
  if (offset === null) return;
  if (offset < 0n) return reply.error("ERR offset is out of range");
  const old = findValue(call);
  const part = call.value(3);
  if (part.length === 0) return reply.integer(old?.length ?? 0);
  if (offset + BigInt(part.length) > BigInt(server.maxValueBytes)) {
    return reply.error(ERROR_TEXT.VALUE_TOO_LONG);
  }
  overwrite(call, old, Number(offset), part);
}

function append(call: Call): void {
  const old = findValue(call);
  const part = call.value(2);
  if ((old?.length ?? 0) + part.length > call.server.maxValueBytes) {
    return call.reply.error(ERROR_TEXT.VALUE_TOO_LONG);
  }
  overwrite(call, old, old?.length ?? 0, part);
}

/** Writes `part` at `offset`, and replies with the length. */
function overwrite(call: Call, old: StoredValue | null, offset: number, part: NewValue): void {
  const { args, client, keys, reply } = call;
  const hasRoom =
    old === null
      ? keys.set(client.database, args[1]!, behindZeros(offset, part), KEEP_DEADLINE)
      : keys.overwrite(client.database, args[1]!, offset, bytesOf(part));
  if (!hasRoom) return reply.error(ERROR_TEXT.MEMORY_FULL);
  reply.integer(Math.max(old?.length ?? 0, offset + part.length));
}

function behindZeros(offset: number, part: NewValue): NewValue {
  return offset === 0 ? part : Buffer.concat([Buffer.alloc(offset), bytesOf(part)]);
}

function bytesOf(value: NewValue): Uint8Array {
  return value instanceof Uint8Array ? value : value.bytes();
}

function findValue({ args, client, keys }: Call): StoredValue | null {
  return keys.find(client.database, args[1]!);
}
