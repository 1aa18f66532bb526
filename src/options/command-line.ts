// The arguments of the program, split into flags; what a flag's value means is decided later.
//
// Commander does the splitting and lays out the help. It is kept from printing, from ending the
// program and from reading the environment: everything is returned or thrown from here.

import { Command, CommanderError, Option } from "commander";
import { quoteText } from "../lib/log.ts";
import { suggestName } from "./nearest-name.ts";
import { OptionError } from "./option-error.ts";
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
const HELP_WIDTH = 100;
/** When several are given: asking for help is never answered with less. */
const REQUEST_ORDER: readonly RequestName[] = ["help", "version", "check-config"];

export function readCommandLine(argv: readonly string[]): CommandLine {
  const command = makeCommand();
  const { operands, unknown } = parse(command, argv);
  if (unknown[0] !== undefined) throw new OptionError(describeUnknown(unknown[0]));
  if (operands[0] !== undefined) {
    throw new OptionError(
      `${quoteText(operands[0])} is one argument too many, as ${PROGRAM_NAME} takes flags only`,
    );
  }

  const flags = new Map<OptionProperty, string>();
  for (const property of OPTION_PROPERTIES) {
    const value = findGiven(command, OPTION_TABLE[property].name);
    if (value === undefined) continue;
    if (typeof value === "string") refuseFlagAsValue(flagOf(property), value);
    flags.set(property, String(value));
  }
  const request = REQUEST_ORDER.find((name) => findGiven(command, name) !== undefined);
  return { request: request ?? null, flags };
}

export function renderHelp(): string {
  return `${makeCommand().helpInformation()}
A flag goes before the environment variable named beside it, that before the key of the same name
in the file (without the dashes), and that before the default. Sizes are written 512MiB, 2GiB or
1048576; as in redis.conf, 1k is 1000 bytes and 1kb is 1024.
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
  for (const property of OPTION_PROPERTIES) {
    const { summary, flagSummary, value } = OPTION_TABLE[property];
    const argument = value.placeholder === null ? "" : ` <${value.placeholder}>`;
    const text = `${flagSummary ?? summary} (${describeOtherNames(property)})`;
    command.addOption(new Option(flagOf(property) + argument, text));
  }
  for (const { name, summary } of REQUEST_FLAGS) {
    command.addOption(new Option(`--${name}`, summary));
  }
  return command;
}

/** A switch has no value to tell the default of: its flag is the other one. */
function describeOtherNames(property: OptionProperty): string {
  const variable = environmentNameOf(property);
  if (OPTION_TABLE[property].value.placeholder !== null) {
    return `default ${describeDefault(property)}, ${variable}`;
  }
  return `${variable}=${describeDefault(property) === "false"}`;
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

function findGiven(command: Command, name: string): unknown {
  const option = command.options.find((candidate) => candidate.name().replace(/^no-/, "") === name);
  const attribute = option?.attributeName();
  if (attribute === undefined) return undefined;
  const isGiven = command.getOptionValueSource(attribute) === "cli";
  return isGiven ? command.getOptionValue(attribute) : undefined;
}

/** `--unix --no-tcp` lacks a path; it does not name one. A negative number is left to its range. */
function refuseFlagAsValue(flag: string, value: string): void {
  if (!value.startsWith("-") || /^-\d/.test(value)) return;
  throw new OptionError(
    `${flag} needs a value, but ${quoteText(value)} follows it (a path that begins with a dash is` +
      ` written ./-)`,
  );
}

function describeUnknown(argument: string): string {
  const flag = argument.replace(/=.*$/s, "");
  const known = [...OPTION_PROPERTIES.map(flagOf), ...REQUEST_FLAGS.map(({ name }) => `--${name}`)];
  // Commander knows every flag with a value, so what is left with a sign is a switch.
  if (known.includes(flag)) return `${flag} takes no value, but was written ${quoteText(argument)}`;
  const name = /^[\w-]+$/.test(flag) ? flag : quoteText(flag);
  return `${name} is not a known flag${suggestName(flag, known)}`;
}
