// CLIENT and its subcommands.

import { isWord, shownText } from "./arguments.ts";
import type { Call, Handler, HandlerTable } from "./call.ts";
import { readKillFilter, readListedClients, type ClientFilter } from "./client-filter.ts";
import { describeClient } from "./client-line.ts";
import { CLIENT_NAME_ERROR, isClientName } from "./client-name.ts";
import { ERROR_TEXT } from "./error-text.ts";

const HELP = [
  "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "DURABILITY (ALWAYS|EVERYSEC|NONE|DEFAULT)",
  "    Choose what replies promise of the writes before them.",
  "GETNAME",
  "    Return the name of the current connection.",
  "ID",
  "    Return the ID of the current connection.",
  "INFO",
  "    Return information about the current client connection.",
  "KILL <ip:port>",
  "    Kill connection made from <ip:port>.",
  "KILL <option> <value> [<option> <value> [...]]",
  "    Kill connections. Options are:",
  "    * ADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made from the specified address",
  "    * LADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made to specified local address",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Kill connections by type.",
  "    * USER <username>",
  "      Kill connections authenticated by <username>.",
  "    * SKIPME (YES|NO)",
  "      Skip killing current connection (default: yes).",
  "    * ID <client-id>",
  "      Kill connections by client id.",
  "LIST [options ...]",
  "    Return information about client connections. Options:",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Return clients of specified type.",
  "REPLY (ON|OFF|SKIP)",
  "    Control the replies sent to the current connection.",
  "SETNAME <name>",
  "    Assign the name <name> to the current connection.",
  "SETINFO <option> <value>",
  "    Set client meta attr. Options are:",
  "    * LIB-NAME: the client lib name.",
  "    * LIB-VER: the client lib version.",
  "NO-EVICT (ON|OFF)",
  "    Protect current client connection from eviction.",
  "NO-TOUCH (ON|OFF)",
  "    Will not touch LRU/LFU stats when this mode is on.",
  "HELP",
  "    Print this help.",
];

const id: Handler = ({ client, reply }) => reply.integer(client.id);

const getName: Handler = ({ client, reply }) => {
  if (client.name === "") reply.nil();
  else reply.bulk(client.name);
};

const setName: Handler = ({ args, client, reply }) => {
  if (!isClientName(args[2]!)) return reply.error(CLIENT_NAME_ERROR);
  client.name = args[2]!.toString("latin1");
  reply.simple("OK");
};

const setInfo: Handler = ({ args, client, reply }) => {
  const [, , option, value] = args as [Buffer, Buffer, Buffer, Buffer];
  const isName = isWord(option, "lib-name");
  if (!isName && !isWord(option, "lib-ver")) {
    return reply.error(`ERR Unrecognized option '${shownText(option)}'`);
  }
  if (!isClientName(value)) {
    return reply.error(
      `ERR ${shownText(option)} cannot contain spaces, newlines or special characters.`,
    );
  }
  if (isName) client.libraryName = value.toString("latin1");
  else client.libraryVersion = value.toString("latin1");
  reply.simple("OK");
};

const info: Handler = ({ client, reply, server }) => {
  reply.verbatim(describeClient(client, server));
};

const list: Handler = (call) => {
  const lines = readListedClients(call);
  if (lines !== null) call.reply.verbatim(lines.join(""));
};

const kill: Handler = (call) => {
  const { args, reply } = call;
  if (args.length > 3) {
    const isMeant = readKillFilter(call);
    if (isMeant !== null) reply.integer(killAll(call, isMeant));
    return;
  }
  const meant = args[2]!.toString("latin1");
  if (killAll(call, ({ address }) => address === meant) > 0) reply.simple("OK");
  else reply.error("ERR No such client");
};

const replyMode: Handler = ({ args, client, reply }) => {
  const mode = args[2]!;
  if (isWord(mode, "on")) {
    client.replyMode = "on";
    reply.simple("OK");
  } else if (isWord(mode, "off")) {
    client.replyMode = "off";
  } else if (isWord(mode, "skip")) {
    if (client.replyMode !== "off") client.replyMode = "skip-next";
  } else {
    reply.error(ERROR_TEXT.SYNTAX);
  }
};

const noEvict: Handler = (call) => {
  const isOn = readSwitch(call);
  if (isOn !== null) call.client.isEvictionExempt = isOn;
};

const noTouch: Handler = (call) => {
  const isOn = readSwitch(call);
  if (isOn !== null) call.client.isNoTouch = isOn;
};

const help: Handler = ({ reply }) => {
  reply.array(HELP.length);
  for (const line of HELP) reply.simple(line);
};

export const CLIENT_HANDLERS: HandlerTable = {
  "client|getname": getName,
  "client|help": help,
  "client|id": id,
  "client|info": info,
  "client|kill": kill,
  "client|list": list,
  "client|no-evict": noEvict,
  "client|no-touch": noTouch,
  "client|reply": replyMode,
  "client|setinfo": setInfo,
  "client|setname": setName,
};

/** The caller itself is closed after its reply, by the dispatcher. */
function killAll(call: Call, isMeant: ClientFilter): number {
  // Copied, because killing changes what the server answers.
  const meant = [...call.server.clients()].filter((client) => !client.isClosing && isMeant(client));
  for (const client of meant) {
    client.isClosing = true;
    if (client !== call.client) call.server.kill(client);
  }
  const elsewhere = call.server.clientsElsewhere().filter(isMeant);
  return meant.length + call.server.killElsewhere(elsewhere);
}

/** Replies too. Null = it was neither ON nor OFF. */
function readSwitch({ args, reply }: Call): boolean | null {
  const isOn = isWord(args[2]!, "on");
  if (!isOn && !isWord(args[2]!, "off")) {
    reply.error(ERROR_TEXT.SYNTAX);
    return null;
  }
  reply.simple("OK");
  return isOn;
}
