// The words in which the rows of all commands are written: constructors of specs, key specs and
// arguments, which leave out what most do not have.

import type {
  Argument,
  ArgumentType,
  Category,
  CommandGroup,
  CommandSpec,
  KeySpec,
} from "../command-row.ts";

type Given = Pick<CommandSpec, "arity" | "since" | "summary"> &
  Partial<Omit<CommandSpec, "name" | "group">>;

type MakeSpec = (name: string, given: Given) => CommandSpec;

/** Makes specs of one group, whose commands are of `categories` unless a spec says otherwise. */
export function specsOf(group: CommandGroup, categories: readonly Category[]): MakeSpec {
  return (name, given) => ({
    name,
    group,
    categories,
    flags: [],
    keySpecs: [],
    tips: [],
    complexity: null,
    arguments: [],
    history: [],
    deprecatedSince: null,
    replacedBy: null,
    isSystem: false,
    subcommands: [],
    isHot: false,
    difference: null,
    ...given,
  });
}

export function oneKey(flags: readonly string[], first = 1): KeySpec {
  return { flags, notes: null, first, last: 0, step: 1 };
}

/** Every `step`th argument to the last, the first included. */
export function keysToEnd(flags: readonly string[], step = 1): KeySpec {
  return { flags, notes: null, first: 1, last: -1, step };
}

type Details = Partial<Omit<Argument, "type" | "name">>;

function argument(type: ArgumentType, name: string, details: Details = {}): Argument {
  return {
    name,
    type,
    keySpecIndex: null,
    token: null,
    since: null,
    deprecatedSince: null,
    isOptional: false,
    isMultiple: false,
    arguments: [],
    ...details,
  };
}

export function key(name: string, keySpecIndex: number, details?: Details): Argument {
  return argument("key", name, { keySpecIndex, ...details });
}

/** The argument most commands begin with. */
export const KEY = key("key", 0);

export function text(name: string, details?: Details): Argument {
  return argument("string", name, details);
}

export function integer(name: string, details?: Details): Argument {
  return argument("integer", name, details);
}

export function double(name: string, details?: Details): Argument {
  return argument("double", name, details);
}

export function pattern(name: string, details?: Details): Argument {
  return argument("pattern", name, details);
}

export function unixTime(name: string, details?: Details): Argument {
  return argument("unix-time", name, details);
}

/** A word that is the whole argument; its name is the word in lower case. */
export function word(token: string, details?: Details): Argument {
  return argument("pure-token", token.toLowerCase(), { token, ...details });
}

export function oneOf(name: string, choices: readonly Argument[], details?: Details): Argument {
  return argument("oneof", name, { arguments: choices, ...details });
}

export function block(name: string, parts: readonly Argument[], details?: Details): Argument {
  return argument("block", name, { arguments: parts, ...details });
}

export const OPTIONAL: Details = { isOptional: true };
export const MULTIPLE: Details = { isMultiple: true };
