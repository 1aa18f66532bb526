// The texts with which Redis refuses a command that it does not know or that has too few or too
// many arguments. They show what the client sent, cut to 128 bytes and, as texts of C are, at the
// first NUL; CR and LF become spaces.

import { shownText } from "./arguments.ts";
import type { CommandRow } from "./command-row.ts";
import type { CommandTable } from "./command-table.ts";

const SHOWN_LENGTH_MAX = 128;

export function refuseUnknown(commands: CommandTable, args: readonly Buffer[]): string {
  const name = args[0]!;
  if (commands.find(name) !== null) {
    const command = name.toString("latin1").toUpperCase();
    return `ERR unknown subcommand '${shown(args[1]!)}'. Try ${command} HELP.`;
  }
  const rest = describeArguments(args.slice(1));
  return `ERR unknown command '${shown(name)}', with args beginning with: ${rest}`;
}

export function refuseArity({ fullName }: CommandRow): string {
  return `ERR wrong number of arguments for '${fullName}' command`;
}

/** `'a' 'b' `, until 128 bytes are reached. */
function describeArguments(args: readonly Buffer[]): string {
  let text = "";
  let length = 0;
  for (const arg of args) {
    if (length >= SHOWN_LENGTH_MAX) break;
    const part = `'${shown(arg, SHOWN_LENGTH_MAX - length)}' `;
    text += part;
    length += part.length;
  }
  return text;
}

function shown(arg: Buffer, lengthMax = SHOWN_LENGTH_MAX): string {
  return shownText(arg.subarray(0, lengthMax)).replace(/[\r\n]/g, " ");
}
