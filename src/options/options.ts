// From the arguments, the environment and the file to one validated, frozen object.
//
//   flag  >  environment  >  file  >  default
//
// Every value that is given must be valid, also one that a stronger source overrides: it would
// otherwise lie in wait for the day the flag is dropped. Nothing here prints or ends the program.

import { VERSION } from "../version.ts";
import { quoteText } from "../lib/log.ts";
import { readCommandLine, renderHelp } from "./command-line.ts";
import { readConfigFile } from "./config-file.ts";
import type { ConfigFile } from "./config-file.ts";
import { detectMemoryLimitBytes } from "./memory-limit.ts";
import { suggestName } from "./nearest-name.ts";
import { OptionError } from "./option-error.ts";
import { OPTION_RULES } from "./option-rule.ts";
import {
  ENVIRONMENT_PREFIX,
  environmentNameOf,
  flagOf,
  isInFile,
  OPTION_PROPERTIES,
  OPTION_TABLE,
  PASSWORD_VARIABLE,
} from "./option-table.ts";
import type { OptionProperty, OptionRow, Options } from "./option-table.ts";
import { describeToml } from "./option-value.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface OptionSource {
  readonly level: "flag" | "environment" | "file" | "default";
  /** The flag, the variable or the path of the file; `default` for a default. */
  readonly place: string;
}

export type OptionSources = { readonly [P in OptionProperty]: OptionSource };

export type LoadedOptions =
  | { readonly kind: "run"; readonly options: Options; readonly sources: OptionSources }
  | { readonly kind: "print"; readonly text: string; readonly exitCode: 0 };

interface Inputs {
  readonly flags: ReadonlyMap<OptionProperty, string>;
  readonly environment: Environment;
  readonly file: ConfigFile | null;
  readonly memoryLimitBytes: number;
}

interface Candidate<T> {
  readonly value: T;
  readonly source: OptionSource;
}

type Mutable<T> = { -readonly [P in keyof T]: T[P] };

export const VERSION_TEXT = `fkvs-server ${VERSION}`;
const DEFAULT_SOURCE: OptionSource = { level: "default", place: "default" };

/**
 * `argv` is without the program's own name. What `kind: "print"` holds goes to standard output as
 * it is. Throws OptionError, and nothing else, for what the operator has to change.
 */
export function loadOptions(
  argv: readonly string[],
  environment: Environment,
  memoryLimitBytes: number = detectMemoryLimitBytes(),
): LoadedOptions {
  const { request, flags } = readCommandLine(argv);
  if (request === "help") return print(renderHelp());
  if (request === "version") return print(`${VERSION_TEXT}\n`);

  refuseUnknownVariables(environment);
  const withoutFile: Inputs = { flags, environment, file: null, memoryLimitBytes };
  const inputs: Inputs = { ...withoutFile, file: loadConfigFile(withoutFile) };
  const { options, sources } = resolveAll(inputs);
  for (const rule of OPTION_RULES) {
    const fault = rule.findFault({
      options,
      hasPassword: hasPassword(options, environment),
      nameOf: (property) => nameIn(sources[property], property),
    });
    if (fault !== null) throw new OptionError(fault);
  }
  if (request === "check-config") return print(renderOptions(options, sources));
  return { kind: "run", options, sources };
}

/** TOML that, read as a configuration file, gives the same options. */
export function renderOptions(options: Options, sources: OptionSources): string {
  let text = `# ${VERSION_TEXT}, the options in effect and where each is from\n`;
  for (const property of OPTION_PROPERTIES) {
    text += `${renderOption(property, options)}  # ${sources[property].place}\n`;
  }
  return text;
}

function renderOption<P extends OptionProperty>(property: P, options: Options): string {
  const row: OptionRow<Options[P]> = OPTION_TABLE[property];
  const text = row.value.formatToml(options[property]);
  if (text === null) return `# ${row.name} is not set`;
  return isInFile(property) ? `${row.name} = ${text}` : `# ${row.name} = ${text}`;
}

function print(text: string): LoadedOptions {
  return { kind: "print", text, exitCode: 0 };
}

function refuseUnknownVariables(environment: Environment): void {
  const known = [...OPTION_PROPERTIES.map(environmentNameOf), PASSWORD_VARIABLE];
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || !name.startsWith(ENVIRONMENT_PREFIX) || known.includes(name))
      continue;
    throw new OptionError(`${name} is not a known environment variable${suggestName(name, known)}`);
  }
}

/** An empty variable is no password; whoever reads the password refuses it. */
function hasPassword(options: Options, environment: Environment): boolean {
  return options.requirepassFile !== null || (environment[PASSWORD_VARIABLE] ?? "") !== "";
}

function loadConfigFile(inputs: Inputs): ConfigFile | null {
  const { value, source } = resolve("config", inputs);
  return value === null ? null : readConfigFile(value, source.place);
}

function resolveAll(inputs: Inputs): { options: Options; sources: OptionSources } {
  const options: Partial<Mutable<Options>> = {};
  const sources: Partial<Mutable<OptionSources>> = {};
  function set<P extends OptionProperty>(property: P): void {
    const { value, source } = resolve(property, inputs);
    options[property] = value;
    sources[property] = source;
  }
  for (const property of OPTION_PROPERTIES) set(property);
  // Complete, because the table has a row for every property.
  return {
    options: Object.freeze(options as Options),
    sources: Object.freeze(sources as OptionSources),
  };
}

function resolve<P extends OptionProperty>(property: P, inputs: Inputs): Candidate<Options[P]> {
  const fallback = OPTION_TABLE[property].default(inputs.memoryLimitBytes);
  const candidates = [
    readText(property, inputs.flags.get(property), { level: "flag", place: flagOf(property) }),
    readVariable(property, inputs.environment),
    readKey(property, inputs.file),
    { value: fallback, source: DEFAULT_SOURCE },
  ];
  return candidates.find((candidate) => candidate !== null)!;
}

function readVariable<P extends OptionProperty>(property: P, environment: Environment) {
  const name = environmentNameOf(property);
  return readText(property, environment[name], { level: "environment", place: name });
}

function readText<P extends OptionProperty>(
  property: P,
  text: string | undefined,
  source: OptionSource,
): Candidate<Options[P]> | null {
  if (text === undefined) return null;
  const row: OptionRow<Options[P]> = OPTION_TABLE[property];
  const value = row.value.readText(text);
  if (value === undefined) {
    const given = text === "" ? "is empty" : `is ${quoteText(text)}`;
    const name = nameIn(source, property);
    throw new OptionError(`${name} ${given}, but must be ${row.value.allowedText}`);
  }
  return { value, source };
}

function readKey<P extends OptionProperty>(
  property: P,
  file: ConfigFile | null,
): Candidate<Options[P]> | null {
  if (file === null || !file.values.has(property)) return null;
  const source: OptionSource = { level: "file", place: file.path };
  const row: OptionRow<Options[P]> = OPTION_TABLE[property];
  const given = file.values.get(property);
  const value = row.value.readToml(given);
  if (value === undefined) {
    const name = nameIn(source, property);
    throw new OptionError(
      `${name} is ${describeToml(given)}, but must be ${row.value.allowedToml}`,
    );
  }
  return { value, source };
}

/** The option as the operator wrote it. */
function nameIn(source: OptionSource, property: OptionProperty): string {
  if (source.level === "file") return `${OPTION_TABLE[property].name} in ${source.place}`;
  return source.level === "default" ? OPTION_TABLE[property].name : source.place;
}
