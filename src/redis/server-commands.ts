// Commands about the server as a whole: INFO, SHUTDOWN, and what is left of scripts and functions
// where there are none. CONFIG is in config-commands.ts, SLOWLOG, LATENCY and MEMORY in
// diagnosis-commands.ts, DEBUG in debug-commands.ts.

import { isWord, shownText } from "./arguments.ts";
import type { Call, HandlerTable } from "./call.ts";
import { CONFIG_HANDLERS } from "./config-commands.ts";
import { DIAGNOSIS_HANDLERS } from "./diagnosis-commands.ts";
import { ERROR_TEXT } from "./error-text.ts";

const SHUTDOWN_WORDS = ["nosave", "save", "now", "force", "abort"] as const;
type ShutdownWord = (typeof SHUTDOWN_WORDS)[number];

const FUNCTION_FLUSH_ERROR = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option";
const SCRIPT_FLUSH_ERROR = "ERR SCRIPT FLUSH only support SYNC|ASYNC option";

export const SERVER_HANDLERS: HandlerTable = {
  ...CONFIG_HANDLERS,
  ...DIAGNOSIS_HANDLERS,
  info,
  shutdown,
  "function|flush": flushFunctions,
  "script|flush": flushScripts,
};

function info({ args, reply, server }: Call): void {
  const sections = args.slice(1).map((arg) => arg.toString("latin1").toLowerCase());
  reply.verbatim(server.info(sections));
}

/** Answers nothing when it succeeds: the connection ends. */
function shutdown({ args, client, reply, server }: Call): void {
  const words = readShutdownWords(args);
  if (words === null) {
    reply.error(ERROR_TEXT.SYNTAX);
  } else if (words.has("abort")) {
    reply.error("ERR No shutdown in progress.");
  } else if (words.has("save") && !words.has("force") && server.snapshots === null) {
    // Redis, too, stays when it cannot save.
    reply.error("ERR Errors trying to SHUTDOWN. Nothing can be saved here, use NOSAVE.");
  } else {
    client.isClosing = true;
    server.shutdown();
  }
}

/** Null = they are not words of SHUTDOWN, or do not go together. */
function readShutdownWords(args: readonly Buffer[]): ReadonlySet<ShutdownWord> | null {
  const words = new Set<ShutdownWord>();
  for (const arg of args.slice(1)) {
    const word = SHUTDOWN_WORDS.find((known) => isWord(arg, known));
    if (word === undefined) return null;
    words.add(word);
  }
  if (words.has("save") && words.has("nosave")) return null;
  return words.has("abort") && words.size > 1 ? null : words;
}

function flushFunctions({ args, reply }: Call): void {
  if (args.length > 3) {
    const name = shownText(args[1]!);
    reply.error(
      `ERR unknown subcommand or wrong number of arguments for '${name}'. Try FUNCTION HELP.`,
    );
  } else if (args.length === 3 && !isFlushMode(args[2]!)) {
    reply.error(FUNCTION_FLUSH_ERROR);
  } else {
    reply.simple("OK");
  }
}

function flushScripts({ args, reply }: Call): void {
  const isValid = args.length === 2 || (args.length === 3 && isFlushMode(args[2]!));
  if (isValid) reply.simple("OK");
  else reply.error(SCRIPT_FLUSH_ERROR);
}

function isFlushMode(argument: Buffer): boolean {
  return isWord(argument, "sync") || isWord(argument, "async");
}
