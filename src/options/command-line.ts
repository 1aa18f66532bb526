// The arguments of the server, split into flags; what a flag's value means is decided later.

import { FlagParser, refuseFlagAsValue, type FlagLine } from "./flag-parser.ts";
import {
  describeDefault,
  environmentNameOf,
  flagOf,
  OPTION_PROPERTIES,
  OPTION_TABLE,
  REQUEST_FLAGS,
} from "./option-table.ts";
import type { OptionProperty } from "./option-table.ts";

export type RequestName = (typeof REQUEST_FLAGS)[number]["name"];

export interface CommandLine {
  /** What to print instead of running. */
  readonly request: RequestName | null;
  /** Text as it would stand in the environment; a switch is "true" or "false". */
  readonly flags: ReadonlyMap<OptionProperty, string>;
}

const PROGRAM_NAME = "fkvs-server";
const PATH_HINT = " (a path that begins with a dash is written ./-)";
/** When several are given: asking for help is never answered with less. */
const REQUEST_ORDER: readonly RequestName[] = ["help", "version", "check-config"];

export function readCommandLine(argv: readonly string[]): CommandLine {
  const parser = new FlagParser(PROGRAM_NAME, listFlags());
  const known = [...OPTION_PROPERTIES.map(flagOf), ...REQUEST_FLAGS.map(({ name }) => `--${name}`)];
  parser.parse(argv, known, () => true).refuseOperands();
  const flags = new Map<OptionProperty, string>();
  for (const property of OPTION_PROPERTIES) {
    const value = parser.given(flagOf(property));
    if (value === undefined) continue;
    if (typeof value === "string") refuseFlagAsValue(flagOf(property), value, PATH_HINT);
    flags.set(property, String(value));
  }
  const request = REQUEST_ORDER.find((name) => parser.given(`--${name}`) !== undefined);
  return { request: request ?? null, flags };
}

export function renderHelp(): string {
  return `${new FlagParser(PROGRAM_NAME, listFlags()).help()}
A flag goes before the environment variable named beside it, that before the key of the same name
in the file (without the dashes), and that before the default. Sizes are written 512MiB, 2GiB or
1048576; as in redis.conf, 1k is 1000 bytes and 1kb is 1024.
`;
}

function listFlags(): FlagLine[] {
  const options = OPTION_PROPERTIES.map((property) => {
    const { summary, flagSummary, value } = OPTION_TABLE[property];
    const argument = value.placeholder === null ? "" : ` <${value.placeholder}>`;
    const text = `${flagSummary ?? summary} (${describeOtherNames(property)})`;
    return { flag: flagOf(property) + argument, text };
  });
  return [
    ...options,
    ...REQUEST_FLAGS.map(({ name, summary }) => ({ flag: `--${name}`, text: summary })),
  ];
}

/** A switch has no value to tell the default of: its flag is the other one. */
function describeOtherNames(property: OptionProperty): string {
  const variable = environmentNameOf(property);
  if (OPTION_TABLE[property].value.placeholder !== null) {
    return `default ${describeDefault(property)}, ${variable}`;
  }
  return `${variable}=${describeDefault(property) === "false"}`;
}
