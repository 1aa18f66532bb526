// The arguments of the load generator, split into flags, and each flag's value read. What the
// values mean together is decided later (flag-rule.ts).
//
// -h is the host, as in the original and in redis-benchmark, so help is --help alone. Commander is
// kept from printing and from ending the program: everything is returned or thrown from here.

import { Command, CommanderError, Option } from "commander";
import { quoteText } from "../src/lib/log.ts";
import { suggestName } from "../src/options/nearest-name.ts";
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
const HELP_WIDTH = 100;

export function readCommandLine(argv: readonly string[]): CommandLine {
  const command = makeCommand();
  const { operands, unknown } = parse(command, argv);
  if (unknown[0] !== undefined) throw new OptionError(describeUnknown(unknown[0]));
  for (const property of FLAG_PROPERTIES) {
    const given = findGiven(command, flagOf(property));
    if (typeof given === "string") refuseFlagAsValue(flagOf(property), given);
  }
  if (operands[0] !== undefined) {
    throw new OptionError(
      `${quoteText(operands[0])} is one argument too many, as ${PROGRAM_NAME} takes flags only`,
    );
  }
  const request = REQUEST_FLAGS.find(({ name }) => findGiven(command, `--${name}`) !== undefined);
  if (request !== undefined) return { request: request.name, flags: {} };

  const flags: MutableFlags = {};
  function read<P extends FlagProperty>(property: P): void {
    const given = findGiven(command, flagOf(property));
    if (given !== undefined) flags[property] = readValue(FLAG_TABLE[property], given);
  }
  for (const property of FLAG_PROPERTIES) read(property);
  return { request: null, flags };
}

export function renderHelp(): string {
  return `${makeCommand().helpInformation()}
Without -R a client waits for its replies before it sends more (closed loop), which hides stalls.
The exit code is 0 when every request was answered as it should be, 1 when not, 2 for a mistake on
the command line and 130 after Ctrl-C, which prints what was measured so far.
`;
}

function makeCommand(): Command {
  const command = new Command(PROGRAM_NAME)
    .usage("[flags]")
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeOut() {}, writeErr() {} })
    .configureHelp({
      helpWidth: HELP_WIDTH,
      styleTitle: (title) => title.replace("Options", "Flags"),
    });
  for (const property of FLAG_PROPERTIES) {
    const { flag, value, summary, default: fallback } = FLAG_TABLE[property];
    const text = fallback === undefined ? summary : `${summary} (default ${fallback})`;
    command.addOption(new Option(value === null ? flag : `${flag} ${value.argument}`, text));
  }
  for (const { name, summary } of REQUEST_FLAGS) {
    command.addOption(new Option(`--${name}`, summary));
  }
  return command;
}

function parse(command: Command, argv: readonly string[]) {
  try {
    return command.parseOptions([...argv]);
  } catch (error) {
    const isMissing =
      error instanceof CommanderError && error.code === "commander.optionMissingArgument";
    if (!isMissing) throw error;
    // Only the last argument can lack what follows it.
    throw new OptionError(`${argv.at(-1)} needs a value, but none follows it`);
  }
}

/** What commander has for a flag: text, or a boolean where there was none. */
function findGiven(command: Command, flag: string): string | boolean | undefined {
  const option = command.options.find(({ short, long }) => flag === short || flag === long);
  const attribute = option?.attributeName();
  if (attribute === undefined) return undefined;
  const isGiven = command.getOptionValueSource(attribute) === "cli";
  return isGiven ? command.getOptionValue(attribute) : undefined;
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

/** `-h -p 7000` lacks a host; it does not name one. A negative number is left to its range. */
function refuseFlagAsValue(flag: string, text: string): void {
  if (!text.startsWith("-") || /^-\d/.test(text)) return;
  throw new OptionError(`${flag} needs a value, but ${quoteText(text)} follows it`);
}

function describeUnknown(argument: string): string {
  const flag = argument.replace(/=.*$/s, "");
  const known = [...FLAG_PROPERTIES.map(flagOf), ...REQUEST_FLAGS.map(({ name }) => `--${name}`)];
  // Commander knows every flag with a value, so what is left with a sign is a switch.
  if (known.includes(flag)) return `${flag} takes no value, but was written ${quoteText(argument)}`;
  const name = /^[\w-]+$/.test(flag) ? flag : quoteText(flag);
  // Two letters are near every other two letters: a guess at them would be noise.
  const candidates = flag.startsWith("--") ? known.filter((name) => name.startsWith("--")) : [];
  return `${name} is not a known flag${suggestName(flag, candidates)}`;
}
