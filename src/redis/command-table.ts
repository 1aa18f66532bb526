// Every command once: the table that the dispatcher, COMMAND, the statistics and docs/COMMANDS.md
// read. Rows come from rows/, handlers from the `*-commands.ts`; commands.ts joins them.
//
// Invariant: each row that can be executed has a handler, and each handler a row.

import type { Handler, HandlerTable } from "./call.ts";
import { CATEGORIES, COMMAND_FLAGS } from "./command-row.ts";
import type { Category, CommandFlag, CommandRow, CommandSpec } from "./command-row.ts";

/** Between a command and its subcommand in a full name. */
const SEPARATOR = "|";
/** Where the command stands that another one executes: DURABLE, the only one with moving keys. */
export const INNER_COMMAND_INDEX = 2;
/** Longer than any full name: what is longer is nobody's, and not worth a copy. */
const NAME_LENGTH_MAX = 64;

export class CommandTable {
  /** All rows by their index, a command before its subcommands. */
  readonly rows: readonly CommandRow[];
  /** The same without subcommands. */
  readonly commands: readonly CommandRow[];
  readonly #byName = new Map<string, CommandRow>();

  constructor(specs: readonly CommandSpec[], handlers: HandlerTable) {
    const rows: CommandRow[] = [];
    const unused = new Set(Object.keys(handlers));
    this.commands = specs.map((spec) => makeRow(spec, null, rows, handlers));
    for (const row of rows) unused.delete(row.fullName);
    if (unused.size > 0) throw new Error(`no row for the handlers ${[...unused].join(", ")}`);
    for (const row of this.commands) {
      if (this.#byName.has(row.name)) throw new Error(`two rows for ${row.name}`);
      this.#byName.set(row.name, row);
    }
    this.rows = rows;
  }

  /** A command by its own name, in either case; null = there is none. */
  find(name: Buffer | string): CommandRow | null {
    return this.#byName.get(lowerCaseOf(name)) ?? null;
  }

  /** A command or, as `client|list`, a subcommand; null = there is none. */
  findFull(fullName: Buffer | string): CommandRow | null {
    const name = lowerCaseOf(fullName);
    const end = name.indexOf(SEPARATOR);
    if (end === -1) return this.find(name);
    return this.find(name.slice(0, end))?.subcommands?.get(name.slice(end + 1)) ?? null;
  }

  /**
   * The row that arguments mean: the subcommand's, if the command has any and one was given. Null
   * = there is no such command or subcommand.
   */
  resolve(args: readonly Buffer[]): CommandRow | null {
    const row = args.length === 0 ? null : this.find(args[0]!);
    if (row === null || row.subcommands === null || args.length === 1) return row;
    return row.subcommands.get(lowerCaseOf(args[1]!)) ?? null;
  }

  /** Whether a call has as many arguments as its command wants. */
  hasArity({ arity }: CommandRow, args: readonly Buffer[]): boolean {
    return arity < 0 ? args.length >= -arity : args.length === arity;
  }

  /**
   * The indexes of the keys among the arguments of a call with the right arity; of one that
   * executes another command that one's, if its arity is right as well.
   */
  keysOf({ spec, flags }: CommandRow, args: readonly Buffer[]): number[] {
    if (flags.has("movablekeys")) return this.#keysOfInner(args.slice(INNER_COMMAND_INDEX));
    const indexes: number[] = [];
    for (const { first, last, step } of spec.keySpecs) {
      const end = last < 0 ? args.length + last : first + last;
      for (let index = first; index <= end; index += step) indexes.push(index);
    }
    return indexes;
  }

  #keysOfInner(args: readonly Buffer[]): number[] {
    const row = this.resolve(args);
    // Only one within the other: those that could be nested by the thousand are refused.
    if (row === null || row.flags.has("movablekeys") || !this.hasArity(row, args)) return [];
    return this.keysOf(row, args).map((index) => index + INNER_COMMAND_INDEX);
  }
}

/** Latin-1, because no name has a byte that means something else in UTF-8. */
function lowerCaseOf(name: Buffer | string): string {
  if (name.length > NAME_LENGTH_MAX) return "";
  return (typeof name === "string" ? name : name.toString("latin1")).toLowerCase();
}

function makeRow(
  spec: CommandSpec,
  container: CommandRow | null,
  rows: CommandRow[],
  handlers: HandlerTable,
): CommandRow {
  const fullName = container === null ? spec.name : `${container.fullName}${SEPARATOR}${spec.name}`;
  const subcommands = spec.subcommands.length === 0 ? null : new Map<string, CommandRow>();
  const row: CommandRow = {
    name: spec.name,
    fullName,
    index: rows.length,
    spec,
    arity: spec.arity,
    flags: new Set(COMMAND_FLAGS.filter((flag) => spec.flags.includes(flag))),
    categories: categoriesOf(spec),
    container,
    subcommands,
    handler: handlerOf(spec, fullName, handlers),
  };
  rows.push(row);
  for (const inner of spec.subcommands) {
    subcommands?.set(inner.name, makeRow(inner, row, rows, handlers));
  }
  return row;
}

function handlerOf(spec: CommandSpec, fullName: string, handlers: HandlerTable): Handler | null {
  const handler = Object.hasOwn(handlers, fullName) ? handlers[fullName]! : null;
  if (handler === null && spec.subcommands.length === 0) {
    throw new Error(`no handler for the command ${fullName}`);
  }
  return handler;
}

/** Some categories follow from flags; the spec names the others. */
function categoriesOf({ flags, categories }: CommandSpec): ReadonlySet<Category> {
  const has = (flag: CommandFlag) => flags.includes(flag);
  const all = new Set<Category>(categories);
  if (has("write")) all.add("write");
  if (has("readonly")) all.add("read");
  if (has("admin")) all.add("admin").add("dangerous");
  all.add(has("fast") ? "fast" : "slow");
  return new Set(CATEGORIES.filter((category) => all.has(category)));
}
