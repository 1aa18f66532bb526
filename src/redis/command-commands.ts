// COMMAND and its subcommands: what the server can do, told from the table of commands. Clients of
// clusters ask it for keys, redis-cli for the hints it shows.

import { createGlob } from "../lib/glob.ts";
import { isWord } from "./arguments.ts";
import type { Handler, HandlerTable } from "./call.ts";
import { writeCommandInfo, writeCommandsDocs } from "./command-description.ts";
import type { Category, CommandRow } from "./command-row.ts";
import { replyHelp } from "./help-reply.ts";
import { ERROR_TEXT } from "./error-text.ts";

const HELP = [
  "(no subcommand)",
  "    Return details about all Redis commands.",
  "COUNT",
  "    Return the total number of commands in this Redis server.",
  "LIST",
  "    Return a list of all commands in this Redis server.",
  "INFO [<command-name> ...]",
  "    Return details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "DOCS [<command-name> ...]",
  "    Return documentation details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "GETKEYS <full-command>",
  "    Return the keys from a full Redis command.",
];

const NO_KEYS = "ERR The command has no key arguments";

const command: Handler = ({ server, reply }) => {
  const { commands } = server.commands;
  reply.array(commands.length);
  for (const row of commands) writeCommandInfo(row, reply);
};

const count: Handler = ({ server, reply }) => reply.integer(server.commands.commands.length);

const info: Handler = (call) => {
  const { args, server, reply } = call;
  if (args.length === 2) return command(call);
  reply.array(args.length - 2);
  for (const name of args.slice(2)) {
    const row = server.commands.findFull(name);
    if (row === null) reply.nil();
    else writeCommandInfo(row, reply);
  }
};

/** Commands that do not exist are left out. */
const docs: Handler = ({ args, server, reply }) => {
  if (args.length === 2) return writeCommandsDocs(server.commands.commands, reply);
  const rows = args.slice(2).map((name) => server.commands.findFull(name));
  writeCommandsDocs(
    rows.filter((row) => row !== null),
    reply,
  );
};

const list: Handler = (call) => {
  const { args, server, reply } = call;
  const isFiltered = args.length === 5 && isWord(args[2]!, "filterby");
  const filter = isFiltered ? filterOf(args[3]!, args[4]!) : null;
  if (filter === null && args.length !== 2) return reply.error(ERROR_TEXT.SYNTAX);
  const rows = server.commands.rows.filter((row) => filter === null || filter(row));
  reply.array(rows.length);
  for (const { fullName } of rows) reply.bulk(fullName);
};

/** Null = there is no such filter. */
function filterOf(kind: Buffer, value: Buffer): ((row: CommandRow) => boolean) | null {
  // No modules can be loaded, so no command comes from one.
  if (isWord(kind, "module")) return () => false;
  if (isWord(kind, "aclcat")) {
    const category = value.toString("latin1").toLowerCase();
    return ({ categories }) => categories.has(category as Category);
  }
  if (!isWord(kind, "pattern")) return null;
  const glob = createGlob(value, { isCaseless: true });
  return ({ fullName }) => glob.matches(Buffer.from(fullName));
}

const getKeys: Handler = ({ args, server, reply }) => {
  const inner = args.slice(2);
  const row = server.commands.resolve(inner);
  if (row === null) return reply.error("ERR Invalid command specified");
  if (row.spec.keySpecs.length === 0 && !row.flags.has("movablekeys")) {
    return reply.error(NO_KEYS);
  }
  if (!server.commands.hasArity(row, inner)) {
    return reply.error("ERR Invalid number of arguments specified for command");
  }
  const indexes = server.commands.keysOf(row, inner);
  if (indexes.length === 0) return reply.error(NO_KEYS);
  reply.array(indexes.length);
  for (const index of indexes) reply.bulk(inner[index]!);
};

export const COMMAND_HANDLERS: HandlerTable = {
  command,
  "command|count": count,
  "command|info": info,
  "command|docs": docs,
  "command|list": list,
  "command|getkeys": getKeys,
  "command|help": ({ reply }) => replyHelp(reply, "COMMAND", HELP),
};
