// What COMMAND INFO and COMMAND DOCS tell of one command, in the shape Redis 7.0 gives it: what is
// empty is left out of the documentation, but not of the information.

import type { Argument, Change, CommandRow, CommandSpec, KeySpec } from "./command-row.ts";
import type { Reply } from "./reply.ts";

/** A reply's field: its name, and what writes its value. */
type Field = readonly [name: string, write: () => void];

/** Ten fields, the last of which holds the subcommands in the same shape. */
export function writeCommandInfo(row: CommandRow, reply: Reply): void {
  const { keySpecs, tips } = row.spec;
  const [first, last, step] = rangeOf(keySpecs);
  reply.array(10);
  reply.bulk(row.fullName);
  reply.integer(row.arity);
  writeWords([...row.flags], reply);
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  writeWords(
    [...row.categories].map((category) => `@${category}`),
    reply,
  );
  reply.set(tips.length);
  for (const tip of tips) reply.bulk(tip);
  reply.set(keySpecs.length);
  for (const keySpec of keySpecs) writeKeySpec(keySpec, reply);
  if (row.subcommands === null) return reply.set(0);
  reply.array(row.subcommands.size);
  for (const subcommand of row.subcommands.values()) writeCommandInfo(subcommand, reply);
}

/** The full name, and a map of what the command does; for a map of commands. */
export function writeCommandDocs(row: CommandRow, reply: Reply): void {
  const { spec, subcommands } = row;
  reply.bulk(row.fullName);
  const fields: Field[] = [
    ["summary", () => reply.bulk(spec.summary)],
    ["since", () => reply.bulk(spec.since)],
    ["group", () => reply.bulk(spec.group)],
  ];
  addText(fields, "complexity", spec.complexity, reply);
  const flags = docFlagsOf(spec);
  if (flags.length > 0) fields.push(["doc_flags", () => writeWords(flags, reply)]);
  addText(fields, "deprecated_since", spec.deprecatedSince, reply);
  addText(fields, "replaced_by", spec.replacedBy, reply);
  if (spec.history.length > 0) fields.push(["history", () => writeHistory(spec.history, reply)]);
  addArguments(fields, spec.arguments, reply);
  if (subcommands !== null) {
    fields.push(["subcommands", () => writeCommandsDocs([...subcommands.values()], reply)]);
  }
  writeFields(fields, reply);
}

export function writeCommandsDocs(rows: readonly CommandRow[], reply: Reply): void {
  reply.map(rows.length);
  for (const row of rows) writeCommandDocs(row, reply);
}

/**
 * First key, last key and step as they were before there were key specs: what covers all the
 * ranges, which lie side by side when there are two.
 */
function rangeOf(keySpecs: readonly KeySpec[]): readonly [number, number, number] {
  if (keySpecs.length === 0) return [0, 0, 0];
  const firsts = keySpecs.map(({ first }) => first);
  const lasts = keySpecs.map(({ first, last }) => (last < 0 ? last : first + last));
  return [Math.min(...firsts), Math.max(...lasts), keySpecs[0]!.step];
}

function writeKeySpec({ flags, notes, first, last, step }: KeySpec, reply: Reply): void {
  const fields: Field[] = [
    ["flags", () => writeWords(flags, reply)],
    ["begin_search", () => writeSearch("index", [["index", first]], reply)],
    [
      "find_keys",
      () => {
        const range: [string, number][] = [
          ["lastkey", last],
          ["keystep", step],
          ["limit", 0],
        ];
        writeSearch("range", range, reply);
      },
    ],
  ];
  if (notes !== null) fields.unshift(["notes", () => reply.bulk(notes)]);
  writeFields(fields, reply);
}

function writeSearch(
  type: string,
  numbers: readonly (readonly [name: string, number: number])[],
  reply: Reply,
): void {
  const spec = numbers.map(([name, number]): Field => [name, () => reply.integer(number)]);
  const fields: Field[] = [
    ["type", () => reply.bulk(type)],
    ["spec", () => writeFields(spec, reply)],
  ];
  writeFields(fields, reply);
}

function docFlagsOf({ deprecatedSince, isSystem }: CommandSpec): string[] {
  const flags: string[] = [];
  if (deprecatedSince !== null) flags.push("deprecated");
  if (isSystem) flags.push("syscmd");
  return flags;
}

function writeHistory(history: readonly Change[], reply: Reply): void {
  reply.set(history.length);
  for (const [since, change] of history) {
    reply.array(2);
    reply.bulk(since);
    reply.bulk(change);
  }
}

function writeArgument(argument: Argument, reply: Reply): void {
  const { keySpecIndex } = argument;
  const fields: Field[] = [
    ["name", () => reply.bulk(argument.name)],
    ["type", () => reply.bulk(argument.type)],
  ];
  if (keySpecIndex !== null) fields.push(["key_spec_index", () => reply.integer(keySpecIndex)]);
  addText(fields, "token", argument.token, reply);
  addText(fields, "since", argument.since, reply);
  addText(fields, "deprecated_since", argument.deprecatedSince, reply);
  const flags: string[] = [];
  if (argument.isOptional) flags.push("optional");
  if (argument.isMultiple) flags.push("multiple");
  if (flags.length > 0) fields.push(["flags", () => writeWords(flags, reply)]);
  addArguments(fields, argument.arguments, reply);
  writeFields(fields, reply);
}

function addText(fields: Field[], name: string, text: string | null, reply: Reply): void {
  if (text !== null) fields.push([name, () => reply.bulk(text)]);
}

function addArguments(fields: Field[], all: readonly Argument[], reply: Reply): void {
  if (all.length === 0) return;
  const write = () => {
    reply.array(all.length);
    for (const argument of all) writeArgument(argument, reply);
  };
  fields.push(["arguments", write]);
}

function writeFields(fields: readonly Field[], reply: Reply): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulk(name);
    write();
  }
}

/** A set of simple strings. */
function writeWords(words: readonly string[], reply: Reply): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}
