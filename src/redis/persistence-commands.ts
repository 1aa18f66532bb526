// Commands about what is kept on disk: snapshots, and what a client is promised of its writes. All
// of them say so when the server keeps nothing.
//
// A snapshot shortens the log behind it, so that BGREWRITEAOF and BGSAVE begin the same. So does
// SAVE, but that its client waits.

import { DURABILITY_CHOICES, type DurabilityChoice } from "../lib/durability-choice.ts";
import { isWord, shownText } from "./arguments.ts";
import type { Call, Handler, HandlerTable } from "./call.ts";
import { INNER_COMMAND_INDEX } from "./command-table.ts";
import { ERROR_TEXT } from "./error-text.ts";
import type { Snapshots } from "./snapshots.ts";

const SAVE_RUNNING = "ERR Background save already in progress";
const REWRITE_RUNNING = "ERR Background append only file rewriting already in progress";
const SAVE_FAILED = "ERR the snapshot failed, and the last one stays: the server's log says why";

const backgroundSave: Handler = (call) => {
  const { args, reply } = call;
  if (args.length > 2 || (args.length === 2 && !isWord(args[1]!, "schedule"))) {
    return reply.error(ERROR_TEXT.SYNTAX);
  }
  start(call, "Background saving started", SAVE_RUNNING);
};

const rewrite: Handler = (call) => {
  start(call, "Background append only file rewriting started", REWRITE_RUNNING);
};

const save: Handler = (call) => {
  const snapshots = snapshotsOf(call);
  if (snapshots === null) return;
  const outcome = snapshots.save(call.client);
  if (outcome === "good") call.reply.simple("OK");
  else if (outcome === "failed") call.reply.error(SAVE_FAILED);
  else if (outcome === "running") call.reply.error(SAVE_RUNNING);
};

const lastSave: Handler = (call) => {
  const snapshots = snapshotsOf(call);
  if (snapshots !== null) call.reply.integer(snapshots.lastSaveSeconds);
};

const chooseDurability: Handler = (call) => {
  const { args, client, reply, server } = call;
  if (snapshotsOf(call) === null) return;
  const isDefault = isWord(args[2]!, "default");
  const durability = readDurability(args[2]!);
  if (durability === null && !isDefault) {
    return reply.error(badDurability(args[2]!, [...DURABILITY_CHOICES, "default"]));
  }
  client.durability = durability;
  server.setDurability(client);
  reply.simple("OK");
};

const durable: Handler = (call) => {
  const { args, client, reply, server } = call;
  if (snapshotsOf(call) === null) return;
  const durability = readDurability(args[1]!);
  if (durability === null) return reply.error(badDurability(args[1]!, DURABILITY_CHOICES));
  server.demandDurability(client, durability);
  call.executeRest(INNER_COMMAND_INDEX);
};

export const PERSISTENCE_HANDLERS: HandlerTable = {
  bgrewriteaof: rewrite,
  bgsave: backgroundSave,
  "client|durability": chooseDurability,
  durable,
  lastsave: lastSave,
  save,
};

function start(call: Call, startedText: string, runningText: string): void {
  const snapshots = snapshotsOf(call);
  if (snapshots === null) return;
  if (snapshots.start() === "started") call.reply.simple(startedText);
  else call.reply.error(runningText);
}

/** Null = nothing is kept, and the error is written. */
function snapshotsOf({ reply, server }: Call): Snapshots | null {
  if (server.snapshots === null) reply.error(ERROR_TEXT.NO_DIRECTORY);
  return server.snapshots;
}

function readDurability(argument: Buffer): DurabilityChoice | null {
  return DURABILITY_CHOICES.find((choice) => isWord(argument, choice)) ?? null;
}

function badDurability(argument: Buffer, words: readonly string[]): string {
  const allowed = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return `ERR durability must be ${allowed}, but is '${shownText(argument)}'`;
}
