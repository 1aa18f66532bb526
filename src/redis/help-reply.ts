// What a command with subcommands answers to HELP.

import type { Reply } from "./reply.ts";

/** `lines` name the subcommands, each with what it does, indented, below it. */
export function replyHelp(reply: Reply, command: string, lines: readonly string[]): void {
  const all = [
    `${command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    "HELP",
    "    Prints this help.",
  ];
  reply.array(all.length);
  for (const line of all) reply.simple(line);
}
