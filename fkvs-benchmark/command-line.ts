// The arguments of the load generator, split into flags, and each flag's value read. What the
// values mean together is decided later (flag-rule.ts).
//
// -h is the host, as in the original and in redis-benchmark, so help is --help alone.

import { quoteText } from "../src/lib/log.ts";
import { FlagParser, refuseFlagAsValue, type FlagLine } from "../src/options/flag-parser.ts";
import { OptionError } from "../src/options/option-error.ts";
import {
  FLAG_PROPERTIES,
  FLAG_TABLE,
  flagOf,
  REQUEST_FLAGS,
  type FlagProperty,
  type FlagRow,
  type FlagValues,
  type GivenFlags,
} from "./flag-table.ts";

export type RequestName = (typeof REQUEST_FLAGS)[number]["name"];

export interface CommandLine {
  /** What to print instead of running. */
  readonly request: RequestName | null;
  readonly flags: GivenFlags;
}

type MutableFlags = { -readonly [P in FlagProperty]?: FlagValues[P] };

export const PROGRAM_NAME = "fkvs-benchmark";

export function readCommandLine(argv: readonly string[]): CommandLine {
  const parser = new FlagParser(PROGRAM_NAME, listFlags());
  const known = [...FLAG_PROPERTIES.map(flagOf), ...REQUEST_FLAGS.map(({ name }) => `--${name}`)];
  // Two letters are near every other two letters: a guess at them would be noise.
  const { refuseOperands } = parser.parse(argv, known, (flag) => flag.startsWith("--"));
  for (const property of FLAG_PROPERTIES) {
    const given = parser.given(flagOf(property));
    if (typeof given === "string") refuseFlagAsValue(flagOf(property), given);
  }
  refuseOperands();
  const request = REQUEST_FLAGS.find(({ name }) => parser.given(`--${name}`) !== undefined);
  if (request !== undefined) return { request: request.name, flags: {} };

  const flags: MutableFlags = {};
  function read<P extends FlagProperty>(property: P): void {
    const given = parser.given(flagOf(property));
    if (given !== undefined) flags[property] = readValue(FLAG_TABLE[property], given);
  }
  for (const property of FLAG_PROPERTIES) read(property);
  return { request: null, flags };
}

export function renderHelp(): string {
  return `${new FlagParser(PROGRAM_NAME, listFlags()).help()}
Without -R a client waits for its replies before it sends more (closed loop), which hides stalls.
The exit code is 0 when every request was answered as it should be, 1 when not, 2 for a mistake on
the command line and 130 after Ctrl-C, which prints what was measured so far.
`;
}

function listFlags(): FlagLine[] {
  const flags = FLAG_PROPERTIES.map((property) => {
    const { flag, value, summary, default: fallback } = FLAG_TABLE[property];
    const text = fallback === undefined ? summary : `${summary} (default ${fallback})`;
    return { flag: value === null ? flag : `${flag} ${value.argument}`, text };
  });
  return [
    ...flags,
    ...REQUEST_FLAGS.map(({ name, summary }) => ({ flag: `--${name}`, text: summary })),
  ];
}

function readValue<P extends FlagProperty>(
  { flag, value, withoutArgument }: FlagRow<FlagValues[P]>,
  given: string | boolean,
): FlagValues[P] {
  // Only switches have no value, and theirs can only be true: it is in the type of each.
  if (value === null) return true as FlagValues[P];
  const text = typeof given === "string" ? given : withoutArgument!;
  const result = value.readText(text);
  if (result === undefined) {
    const is = text === "" ? "is empty" : `is ${quoteText(text)}`;
    const suggestion = value.suggest?.(text) ?? "";
    throw new OptionError(`${flag} ${is}, but must be ${value.allowedText}${suggestion}`);
  }
  return result;
}
