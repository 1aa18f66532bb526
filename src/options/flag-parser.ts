// Splits arguments into flags, for every program of ours. What a flag's value means is the
// program's matter.
//
// Commander does the splitting and lays out the help. It is kept from printing, from ending the
// program and from reading the environment: everything is returned or thrown from here.

import { Command, CommanderError, Option } from "commander";
import { quoteText } from "../lib/log.ts";
import { suggestName } from "./nearest-name.ts";
import { OptionError } from "./option-error.ts";

const HELP_WIDTH = 100;

export interface FlagLine {
  /** With its argument, as in the help: `--port <port>`. */
  readonly flag: string;
  readonly text: string;
}

export class FlagParser {
  readonly #programName: string;
  readonly #command: Command;

  constructor(programName: string, lines: readonly FlagLine[]) {
    this.#programName = programName;
    this.#command = new Command(programName)
      .usage("[flags]")
      .helpOption(false)
      .exitOverride()
      .configureOutput({ writeOut() {}, writeErr() {} })
      .configureHelp({
        helpWidth: HELP_WIDTH,
        styleTitle: (title) => title.replace("Options", "Flags"),
      });
    for (const { flag, text } of lines) this.#command.addOption(new Option(flag, text));
  }

  help(): string {
    return this.#command.helpInformation();
  }

  /**
   * Throws OptionError for what is no flag. For a mistaken flag those of `known` that may be meant
   * are suggested.
   */
  parse(argv: readonly string[], known: readonly string[], mayGuess: (flag: string) => boolean) {
    const { operands, unknown } = this.#split(argv);
    if (unknown[0] !== undefined)
      throw new OptionError(describeUnknown(unknown[0], known, mayGuess));
    return {
      /** To be called when the flags' own mistakes have been named: those come first. */
      refuseOperands: () => {
        if (operands[0] === undefined) return;
        throw new OptionError(
          `${quoteText(operands[0])} is one argument too many, as ${this.#programName} takes` +
            " flags only",
        );
      },
    };
  }

  /** What was given for a flag: text, or a boolean where it takes none. */
  given(flag: string): string | boolean | undefined {
    const option = this.#command.options.find(({ short, long }) => flag === short || flag === long);
    const attribute = option?.attributeName();
    if (attribute === undefined) return undefined;
    const isGiven = this.#command.getOptionValueSource(attribute) === "cli";
    return isGiven ? this.#command.getOptionValue(attribute) : undefined;
  }

  #split(argv: readonly string[]) {
    try {
      return this.#command.parseOptions([...argv]);
    } catch (error) {
      const isMissing =
        error instanceof CommanderError && error.code === "commander.optionMissingArgument";
      if (!isMissing) throw error;
      // Only the last argument can lack what follows it.
      throw new OptionError(`${argv.at(-1)} needs a value, but none follows it`);
    }
  }
}

/** `--unix --no-tcp` lacks a path; it does not name one. A negative number is left to its range. */
export function refuseFlagAsValue(flag: string, value: string, hint = ""): void {
  if (!value.startsWith("-") || /^-\d/.test(value)) return;
  throw new OptionError(`${flag} needs a value, but ${quoteText(value)} follows it${hint}`);
}

function describeUnknown(
  argument: string,
  known: readonly string[],
  mayGuess: (flag: string) => boolean,
): string {
  const flag = argument.replace(/=.*$/s, "");
  // Commander knows every flag with a value, so what is left with a sign is a switch.
  if (known.includes(flag)) return `${flag} takes no value, but was written ${quoteText(argument)}`;
  const name = /^[\w-]+$/.test(flag) ? flag : quoteText(flag);
  const candidates = mayGuess(flag) ? known.filter(mayGuess) : [];
  return `${name} is not a known flag${suggestName(flag, candidates)}`;
}
