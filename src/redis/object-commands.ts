// OBJECT: what Redis would tell of a value's representation. Here all values are bytes, and the
// answers follow from them alone.

import type { Call, HandlerTable } from "./call.ts";
import { INTEGER_TEXT_LENGTH_MAX, parseDecimalInteger } from "./decimal-integer.ts";
import { replyHelp } from "./help-reply.ts";
import type { StoredValue } from "./keyspace.ts";

/** The longest value that Redis keeps in one piece with its header. */
const EMBEDDED_LENGTH_MAX = 44;
/** Redis shares the integers below this among all values. */
const SHARED_INTEGER_END = 10_000n;
const SHARED_REFERENCE_COUNT = 2 ** 31 - 1;

const NO_FREQUENCY =
  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. " +
  "Please note that when switching between policies at runtime " +
  "LRU and LFU data will take some time to adjust.";

const HELP = [
  "ENCODING <key>",
  "    Return the kind of internal representation used in order to store the value",
  "    associated with a <key>.",
  "FREQ <key>",
  "    Return the access frequency index of the <key>. The returned integer is",
  "    proportional to the logarithm of the recent access frequency of the key.",
  "IDLETIME <key>",
  "    Return the idle time of the <key>, that is the approximated number of",
  "    seconds elapsed since the last access to the key.",
  "REFCOUNT <key>",
  "    Return the number of references of the value associated with the specified",
  "    <key>.",
];

export const OBJECT_HANDLERS: HandlerTable = {
  "object|encoding": (call) => answer(call, (value) => call.reply.bulk(encodingOf(value))),
  "object|refcount": (call) => answer(call, (value) => call.reply.integer(referencesOf(value))),
  "object|idletime": (call) => answer(call, () => call.reply.integer(0)),
  "object|freq": (call) => answer(call, () => call.reply.error(NO_FREQUENCY)),
  "object|help": ({ reply }) => replyHelp(reply, "OBJECT", HELP),
};

function answer({ args, client, keys, reply }: Call, of: (value: StoredValue) => void): void {
  const value = keys.find(client.database, args[2]!);
  if (value === null) reply.nil();
  else of(value);
}

export function encodingOf(value: StoredValue): string {
  if (integerOf(value) !== null) return "int";
  return value.length <= EMBEDDED_LENGTH_MAX ? "embstr" : "raw";
}

export function referencesOf(value: StoredValue): number {
  const integer = integerOf(value);
  const isShared = integer !== null && integer >= 0n && integer < SHARED_INTEGER_END;
  return isShared ? SHARED_REFERENCE_COUNT : 1;
}

/** Null = the value is no integer as Redis would print it. */
function integerOf(value: StoredValue): bigint | null {
  return value.length > INTEGER_TEXT_LENGTH_MAX ? null : parseDecimalInteger(value.bytes());
}
