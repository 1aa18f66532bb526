// Commands on values that are numbers: integers of 64 bits, and floats in the extended precision in
// which Redis adds them. A missing key counts as 0; the deadline is kept. What is no number, and a
// result that would be none, is an error and changes nothing.

import {
  addLongDoubles,
  isFiniteLongDouble,
  LONG_DOUBLE_TEXT_LENGTH_MAX,
  parseLongDouble,
  printLongDouble,
  type LongDouble,
} from "../lib/long-double.ts";
import { readInteger } from "./arguments.ts";
import type { Call, HandlerTable } from "./call.ts";
import {
  INTEGER_MIN,
  INTEGER_TEXT_LENGTH_MAX,
  isInteger64,
  parseDecimalInteger,
} from "./decimal-integer.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { KEEP_DEADLINE } from "./keyspace.ts";

const NO_FLOAT = "ERR value is not a valid float";

export const NUMBER_HANDLERS: HandlerTable = {
  decr: (call) => addInteger(call, -1n),
  decrby,
  incr: (call) => addInteger(call, 1n),
  incrby,
  incrbyfloat,
};

function incrby(call: Call): void {
  const amount = readInteger(call, 2);
  if (amount === null) return;
  addInteger(call, amount);
}

function decrby(call: Call): void {
  const amount = readInteger(call, 2);
  if (amount === null) return;
  // Its negative is no integer of 64 bits, whatever it would be added to.
  if (amount === INTEGER_MIN) return call.reply.error("ERR decrement would overflow");
  addInteger(call, -amount);
}

function addInteger(call: Call, amount: bigint): void {
  const { reply } = call;
  const text = numberText(call, INTEGER_TEXT_LENGTH_MAX);
  const value = text === null ? null : parseDecimalInteger(text);
  if (value === null) return reply.error(ERROR_TEXT.NO_INTEGER);
  const sum = value + amount;
  if (!isInteger64(sum)) return reply.error("ERR increment or decrement would overflow");
  if (!write(call, sum.toString())) return reply.error(ERROR_TEXT.MEMORY_FULL);
  reply.integer(sum);
}

function incrbyfloat(call: Call): void {
  const { reply } = call;
  const text = numberText(call, LONG_DOUBLE_TEXT_LENGTH_MAX);
  const value = text === null ? null : parseFloatBytes(text);
  const amount = parseFloatBytes(call.args[2]!);
  if (value === null || amount === null) return reply.error(NO_FLOAT);
  const sum = addLongDoubles(value, amount);
  if (!isFiniteLongDouble(sum)) return reply.error("ERR increment would produce NaN or Infinity");
  const sumText = printLongDouble(sum);
  if (!write(call, sumText)) return reply.error(ERROR_TEXT.MEMORY_FULL);
  reply.bulk(sumText);
}

/** The bytes of the key's value, `0` without a key; null = more than any number. */
function numberText(call: Call, lengthMax: number): Buffer | null {
  const value = call.keys.find(call.client.database, call.args[1]!);
  if (value === null) return Buffer.from("0");
  return value.length > lengthMax ? null : value.bytes();
}

function parseFloatBytes(bytes: Buffer): LongDouble | null {
  if (bytes.length > LONG_DOUBLE_TEXT_LENGTH_MAX) return null;
  return parseLongDouble(bytes.toString("latin1"));
}

function write({ args, client, keys }: Call, text: string): boolean {
  return keys.set(client.database, args[1]!, Buffer.from(text), KEEP_DEADLINE);
}
