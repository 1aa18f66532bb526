// SLOWLOG, LATENCY and MEMORY: what took long and what takes room.
//
// Nothing samples events as Redis's latency monitor does, so LATENCY knows none of them; the
// histograms of the commands are here.

import { isWord, readInteger, shownText } from "./arguments.ts";
import type { Call, HandlerTable } from "./call.ts";
import type { CommandRow } from "./command-row.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { replyHelp } from "./help-reply.ts";
import type { LatencyHistogram } from "./latency-histogram.ts";
import type { SlowLogEntry } from "./slow-log.ts";

const SLOW_LOG_COUNT = 10n;
const SLOW_LOG_COUNT_ERROR = "ERR count should be greater than or equal to -1";

const SLOW_LOG_HELP = [
  "GET [<count>]",
  "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
  "    Entries are made of:",
  "    id, timestamp, time in microseconds, arguments array, client IP and port,",
  "    client name",
  "LEN",
  "    Return the length of the slowlog.",
  "RESET",
  "    Reset the slowlog.",
];

const LATENCY_HELP = [
  "LATEST",
  "    Return the latest latency samples for all events.",
  "RESET [<event> ...]",
  "    Reset latency data of one or more <event> classes.",
  "    (default: reset all data for all event classes)",
  "HISTOGRAM [COMMAND ...]",
  "    Return a cumulative distribution of latencies in the format of a histogram for the " +
    "specified command names.",
  "    If no commands are specified then all histograms are replied.",
];

const MEMORY_HELP = [
  "USAGE <key> [SAMPLES <count>]",
  "    Return memory in bytes used by <key> and its value. Nested values are",
  "    sampled up to <count> times (default: 5, 0 means sample all).",
];

export const DIAGNOSIS_HANDLERS: HandlerTable = {
  "slowlog|get": getSlowLog,
  "slowlog|len": ({ reply, server }) => reply.integer(server.slowLog.length),
  "slowlog|reset": resetSlowLog,
  "slowlog|help": ({ reply }) => replyHelp(reply, "SLOWLOG", SLOW_LOG_HELP),
  "latency|latest": ({ reply }) => reply.array(0),
  "latency|reset": ({ reply }) => reply.integer(0),
  "latency|histogram": replyHistograms,
  "latency|help": ({ reply }) => replyHelp(reply, "LATENCY", LATENCY_HELP),
  "memory|usage": replyUsage,
  "memory|help": ({ reply }) => replyHelp(reply, "MEMORY", MEMORY_HELP),
};

function getSlowLog(call: Call): void {
  const { args, reply, server } = call;
  if (args.length > 3) {
    const name = shownText(args[1]!);
    reply.error(
      `ERR unknown subcommand or wrong number of arguments for '${name}'. Try SLOWLOG HELP.`,
    );
    return;
  }
  const count = args.length === 2 ? SLOW_LOG_COUNT : readInteger(call, 2, SLOW_LOG_COUNT_ERROR);
  if (count === null) return;
  if (count < -1n) {
    reply.error(SLOW_LOG_COUNT_ERROR);
    return;
  }
  const entries = server.slowLog.latest(count === -1n ? Infinity : Number(count));
  reply.array(entries.length);
  for (const entry of entries) replyEntry(call, entry);
}

function replyEntry({ reply }: Call, entry: SlowLogEntry): void {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.timeSeconds);
  reply.integer(entry.microseconds);
  reply.array(entry.args.length);
  for (const arg of entry.args) reply.bulk(arg);
  reply.bulk(entry.address);
  reply.bulk(entry.name);
}

function resetSlowLog({ reply, server }: Call): void {
  server.slowLog.reset();
  reply.simple("OK");
}

/** Of all commands, or of those named; a command's name stands for its subcommands as well. */
function replyHistograms({ args, reply, server }: Call): void {
  const { commands } = server;
  const stats = server.allStats();
  const names = args.slice(2);
  const rows =
    names.length === 0
      ? commands.rows
      : names.flatMap((name) => withSubcommands(commands.findFull(name)));
  const found: [string, LatencyHistogram][] = [];
  for (const { fullName, index } of rows) {
    const histogram = stats.histogram(index);
    if (histogram !== null) found.push([fullName, histogram]);
  }
  reply.map(found.length);
  for (const [name, histogram] of found) {
    reply.bulk(name);
    reply.map(2);
    reply.bulk("calls");
    reply.integer(histogram.totalCount);
    reply.bulk("histogram_usec");
    const pairs = histogram.cumulative();
    reply.map(pairs.length);
    for (const pair of pairs) for (const value of pair) reply.integer(value);
  }
}

function withSubcommands(row: CommandRow | null): CommandRow[] {
  return row === null ? [] : [row, ...(row.subcommands?.values() ?? [])];
}

function replyUsage(call: Call): void {
  const { args, client, keys, reply } = call;
  for (let index = 3; index < args.length; index += 2) {
    if (!isWord(args[index]!, "samples") || index + 1 === args.length) {
      reply.error(ERROR_TEXT.SYNTAX);
      return;
    }
    const count = readInteger(call, index + 1);
    if (count === null) return;
    if (count < 0n) {
      reply.error(ERROR_TEXT.SYNTAX);
      return;
    }
  }
  const bytes = keys.memoryBytes(client.database, args[2]!);
  if (bytes === 0) reply.nil();
  else reply.integer(bytes);
}
