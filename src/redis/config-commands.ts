// CONFIG: settings by name, and the statistics' way back to zero.

import type { Call, HandlerTable } from "./call.ts";
import { shownText } from "./arguments.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { replyHelp } from "./help-reply.ts";
import type { SettingPair } from "./settings.ts";

const HELP = [
  "GET <pattern>",
  "    Return parameters matching the glob-like <pattern> and their values.",
  "SET <directive> <value>",
  "    Set the configuration <directive> to <value>.",
  "RESETSTAT",
  "    Reset statistics reported by the INFO command.",
];

export const CONFIG_HANDLERS: HandlerTable = {
  "config|get": get,
  "config|set": set,
  "config|resetstat": resetStatistics,
  "config|help": ({ reply }) => replyHelp(reply, "CONFIG", HELP),
};

function get({ args, reply, server }: Call): void {
  const pairs = server.settings.get(args.slice(2));
  reply.map(pairs.length);
  for (const [name, value] of pairs) {
    reply.bulk(name);
    reply.bulk(value);
  }
}

function set({ args, reply, server }: Call): void {
  if (args.length % 2 === 1) {
    reply.error(ERROR_TEXT.SYNTAX);
    return;
  }
  const pairs: SettingPair[] = [];
  for (let index = 2; index < args.length; index += 2) {
    pairs.push([shownText(args[index]!), args[index + 1]!.toString()]);
  }
  const error = server.settings.set(pairs);
  if (error === null) reply.simple("OK");
  else reply.error(error);
}

/** The slow log and the histograms of the store's own work are not statistics in this sense. */
function resetStatistics({ reply, server }: Call): void {
  server.resetStatistics();
  reply.simple("OK");
}
