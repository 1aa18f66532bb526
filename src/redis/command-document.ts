// Renders docs/COMMANDS.md from the rows of all commands.
//
//   bun src/redis/command-document.ts > docs/COMMANDS.md

import { alignTable } from "../lib/markdown-table.ts";
import type { Argument, CommandGroup, CommandSpec } from "./command-row.ts";
import { ALL_ROWS } from "./rows/all-rows.ts";

/** In the order of the document. */
const GROUP_TITLES: Readonly<Record<CommandGroup, string>> = {
  string: "Strings",
  generic: "Keys",
  transactions: "Transactions",
  connection: "Connection",
  server: "Server",
  scripting: "Scripts and functions",
};

const HEADS = ["Command", "Since", "Complexity", "What differs here"];

export function renderCommandDocument(): string {
  const groups = Object.keys(GROUP_TITLES) as CommandGroup[];
  return [renderIntroduction(), ...groups.map(renderGroup)].join("\n");
}

function renderIntroduction(): string {
  const hot = ALL_ROWS.filter(({ isHot }) => isHot).map(({ name }) => `\`${name.toUpperCase()}\``);
  return `# Commands

The commands of Redis that fkvs serves over RESP2 and RESP3. This file is made from the table the
server itself uses; change \`src/redis/rows/\`, then run
\`bun src/redis/command-document.ts > docs/COMMANDS.md\`.

Replies and errors are Redis's to the byte; what differs is in the last column. It holds throughout:

- Every value is a string; there are no other types, so nothing answers \`WRONGTYPE\`.
- A key has at most 65,535 bytes, a value as many as \`CONFIG GET proto-max-bulk-len\` tells.
- There are sixteen databases.
- \`HELP\` of a command names the subcommands there are here.

The fastest are ${joinWords(hot)}
(\`SET\` when it has no options): these are executed in batches.
`;
}

function renderGroup(group: CommandGroup): string {
  const rows = ALL_ROWS.filter((spec) => spec.group === group).flatMap((spec) => renderRows(spec));
  return `## ${GROUP_TITLES[group]}\n\n${alignTable([HEADS, ...rows])}\n`;
}

/** A command that is nothing without a subcommand has no row of its own. */
function renderRows(spec: CommandSpec): string[][] {
  const prefix = `${spec.name.toUpperCase()} `;
  const inner = spec.subcommands.map((subcommand) => renderRow(subcommand, prefix));
  const isAlone = spec.subcommands.length === 0 || spec.arity === -1;
  return isAlone ? [renderRow(spec, ""), ...inner] : inner;
}

function renderRow(spec: CommandSpec, prefix: string): string[] {
  return [
    code(`${prefix}${renderSyntax(spec)}`),
    spec.since,
    renderComplexity(spec),
    spec.difference ?? "",
  ];
}

/** What grows with what; the reasons after the first sentence are Redis's own. */
function renderComplexity({ complexity }: CommandSpec): string {
  if (complexity === null) return "";
  const end = complexity.search(/\.( |$)/);
  return escapePipes(end === -1 ? complexity : complexity.slice(0, end));
}

/** A command as the manual writes it: `GETEX key [EX seconds | PERSIST]`. */
export function renderSyntax({ name, arguments: all }: CommandSpec): string {
  return [name.toUpperCase(), ...all.map(renderArgument)].join(" ");
}

function renderArgument(argument: Argument): string {
  const once = renderOnce(argument);
  const text = argument.isMultiple ? renderRepeated(argument, once) : once;
  return argument.isOptional ? `[${text}]` : text;
}

/** Of a choice the second time would be as long as the first, and say nothing. */
function renderRepeated({ type }: Argument, once: string): string {
  return type === "oneof" ? `${once} ...` : `${once} [${once} ...]`;
}

function renderOnce(argument: Argument): string {
  const { type, name, token, arguments: inner } = argument;
  if (type === "pure-token") return token!;
  const words = token === null ? [] : [token];
  if (type === "oneof") words.push(renderChoices(argument));
  else if (type === "block") words.push(...inner.map(renderArgument));
  else words.push(name);
  return words.join(" ");
}

/** In angle brackets, unless the square ones of an optional argument hold them together already. */
function renderChoices({ token, isOptional, isMultiple, arguments: inner }: Argument): string {
  const choices = inner.map((choice) => renderArgument({ ...choice, isOptional: false }));
  const text = choices.join(" | ");
  return isOptional && !isMultiple && token === null ? text : `<${text}>`;
}

function code(text: string): string {
  return `\`${escapePipes(text)}\``;
}

/** A pipe ends a cell even within backticks. */
function escapePipes(text: string): string {
  return text.replaceAll("|", "\\|");
}

function joinWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

if (import.meta.main) process.stdout.write(renderCommandDocument());
