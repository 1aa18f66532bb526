// DEBUG: for tests of servers and clients, and only where the operator has allowed it. Of Redis's
// subcommands those that mean something here.

import { describeHeap } from "../lib/heap-text.ts";
import { isWord, shownText } from "./arguments.ts";
import type { Call, Handler, HandlerTable } from "./call.ts";
import { INNER_COMMAND_INDEX } from "./command-table.ts";
import { digestDataset, digestValue } from "./dataset-digest.ts";
import { replyTestValue } from "./debug-protocol.ts";
import { INTEGER_TEXT_LENGTH_MAX, parseDecimalInteger } from "./decimal-integer.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { replyHelp } from "./help-reply.ts";
import { NO_DEADLINE, type StoredValue } from "./keyspace.ts";
import { encodingOf, referencesOf } from "./object-commands.ts";

interface Subcommand {
  /** Of all arguments, DEBUG included. */
  readonly minCount: number;
  readonly maxCount: number;
  readonly run: Handler;
}

const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can ' +
  "run it from a local connection, otherwise you need to set this option in the configuration " +
  "file, and then restart the server.";

const HELP = [
  "DIGEST",
  "    Output a hex signature representing the current DB content.",
  "DIGEST-VALUE <key> [<key> ...]",
  "    Output a hex signature of the values of all the specified keys.",
  "ERROR <string>",
  "    Return a Redis protocol error with <string> as message. Useful for clients",
  "    unit tests to simulate Redis errors.",
  "JMAP",
  "    Count the objects on the JavaScript heap of the thread, by type.",
  "LOG <message>",
  "    Write <message> to the server log.",
  "OBJECT <key>",
  "    Show low level info about `key` and associated value.",
  "POPULATE <count> [<prefix>] [<size>]",
  "    Create <count> string keys named key:<num>. If <prefix> is specified then",
  "    it is used instead of the 'key' prefix.",
  "PROTOCOL <type>",
  "    Reply with a test value of the specified type. <type> can be: string,",
  "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
  "    true, false.",
  "SET-ACTIVE-EXPIRE <0|1>",
  "    Setting it to 0 disables expiring keys in background when they are not",
  "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
  "    default.",
  "SLEEP <seconds>",
  "    Stop the server for <seconds>. Decimals allowed.",
];

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  digest: { minCount: 2, maxCount: 2, run: digest },
  "digest-value": { minCount: 2, maxCount: Infinity, run: digestValues },
  error: { minCount: 3, maxCount: 3, run: ({ args, reply }) => reply.error(shownText(args[2]!)) },
  help: { minCount: 2, maxCount: 2, run: ({ reply }) => replyHelp(reply, "DEBUG", HELP) },
  jmap: { minCount: 2, maxCount: 2, run: ({ reply }) => reply.verbatim(describeHeap()) },
  log: { minCount: 3, maxCount: 3, run: log },
  object: { minCount: 3, maxCount: 3, run: describeObject },
  populate: { minCount: 3, maxCount: 5, run: populate },
  protocol: { minCount: 3, maxCount: 3, run: replyTestValue },
  "set-active-expire": { minCount: 3, maxCount: 3, run: setActiveExpiry },
  sleep: { minCount: 3, maxCount: 3, run: sleep },
};

export const DEBUG_HANDLERS: HandlerTable = { debug };

/** The only write that its flags do not tell: they are those of all of DEBUG, as in Redis. */
export function isPopulating(args: readonly Buffer[]): boolean {
  const at = isWord(args[0]!, "durable") ? INNER_COMMAND_INDEX : 0;
  return args.length > at + 2 && isWord(args[at]!, "debug") && isWord(args[at + 1]!, "populate");
}

function debug(call: Call): void {
  const { args, reply, server } = call;
  if (!server.isDebugAllowed) {
    reply.error(NOT_ALLOWED);
    return;
  }
  const name = Object.keys(SUBCOMMANDS).find((known) => isWord(args[1]!, known));
  const subcommand = name === undefined ? undefined : SUBCOMMANDS[name]!;
  const count = args.length;
  if (subcommand === undefined || count < subcommand.minCount || count > subcommand.maxCount) {
    const given = shownText(args[1]!);
    reply.error(
      `ERR unknown subcommand or wrong number of arguments for '${given}'. Try DEBUG HELP.`,
    );
    return;
  }
  subcommand.run(call);
}

function digest({ keys, reply }: Call): void {
  reply.simple(digestDataset(keys).toString("hex"));
}

function digestValues({ args, client, keys, reply }: Call): void {
  reply.array(args.length - 2);
  for (const key of args.slice(2)) {
    reply.simple(digestValue(keys.find(client.database, key)).toString("hex"));
  }
}

function log({ args, reply, server }: Call): void {
  server.log(args[2]!.toString());
  reply.simple("OK");
}

/** No value is told from another by its age here, so they are all as young as can be. */
function describeObject({ args, client, keys, reply }: Call): void {
  const value = keys.find(client.database, args[2]!);
  if (value === null) {
    reply.error("ERR no such key");
    return;
  }
  reply.simple(
    `Value at:0x${value.reference.toString(16)} refcount:${referencesOf(value)}` +
      ` encoding:${encodingOf(value)} serializedlength:${serializedLength(value)}` +
      " lru:0 lru_seconds_idle:0",
  );
}

/** Bytes that Redis's dump format takes for a value, without compression. */
function serializedLength(value: StoredValue): number {
  const { length } = value;
  const integer = length > INTEGER_TEXT_LENGTH_MAX ? null : parseDecimalInteger(value.bytes());
  if (integer !== null) {
    for (const width of [1, 2, 4]) {
      if (BigInt.asIntN(8 * width, integer) === integer) return 1 + width;
    }
  }
  if (length < 64) return 1 + length;
  return (length < 16_384 ? 2 : 5) + length;
}

/** Keys that are there already keep their values. */
function populate({ args, client, keys, reply, server }: Call): void {
  const count = parseDecimalInteger(args[2]!);
  const size = args.length < 5 ? 0n : parseDecimalInteger(args[4]!);
  if (count === null || count < 0n || size === null || size < 0n) {
    reply.error("ERR value is out of range, must be positive");
    return;
  }
  if (size > server.maxValueBytes) {
    reply.error(ERROR_TEXT.VALUE_TOO_LONG);
    return;
  }
  const prefix = args.length < 4 ? Buffer.from("key") : args[3]!;
  for (let number = 0; number < count; number++) {
    const key = Buffer.concat([prefix, Buffer.from(`:${number}`)]);
    if (keys.find(client.database, key) !== null) continue;
    const text = Buffer.from(`value:${number}`);
    const value = size === 0n ? text : Buffer.concat([text], Number(size));
    if (keys.set(client.database, key, value, NO_DEADLINE)) continue;
    reply.error(ERROR_TEXT.MEMORY_FULL);
    return;
  }
  reply.simple("OK");
}

/** Numbers are read as C's atoi and strtod do: what is none is zero. */
function setActiveExpiry({ args, reply, server }: Call): void {
  const number = Number.parseInt(args[2]!.toString("latin1"), 10);
  server.setActiveExpiry(!Number.isNaN(number) && number !== 0);
  reply.simple("OK");
}

function sleep({ args, reply, server }: Call): void {
  const seconds = Number.parseFloat(args[2]!.toString("latin1"));
  if (Number.isFinite(seconds) && seconds > 0) server.sleep(seconds * 1000);
  reply.simple("OK");
}
