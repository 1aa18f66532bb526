// The configuration file: TOML, one key for each option, no tables.
//
// It is read whole and its keys are checked here, so that a misspelt key is an error and not a
// default nobody asked for. The values stay as TOML gave them; their ranges are checked with those
// of the flags and the environment.

import { readFileSync } from "node:fs";
import { quoteText } from "../lib/log.ts";
import { suggestName } from "./nearest-name.ts";
import { OptionError } from "./option-error.ts";
import {
  environmentNameOf,
  flagOf,
  isInFile,
  OPTION_PROPERTIES,
  OPTION_TABLE,
} from "./option-table.ts";
import type { OptionProperty } from "./option-table.ts";

export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<OptionProperty, unknown>;
}

/** Many times what the options need; a wrong path such as a data file ends here. */
export const CONFIG_FILE_LENGTH_MAX = 64 * 1024;
/** Finding the line of an error parses each head of the file, so long files go without. */
const SEARCHED_LINE_COUNT_MAX = 1000;

/** `namedBy` is the flag or variable that gave the path. */
export function readConfigFile(path: string, namedBy: string): ConfigFile {
  return parseConfigFile(path, readText(path, namedBy));
}

export function parseConfigFile(path: string, text: string): ConfigFile {
  const values = new Map<OptionProperty, unknown>();
  for (const [key, value] of Object.entries(parseToml(path, text))) {
    const property = OPTION_PROPERTIES.find((known) => OPTION_TABLE[known].name === key);
    if (property === undefined || !isInFile(property)) {
      throw new OptionError(describeUnknownKey(key, path, property));
    }
    values.set(property, value);
  }
  return { path, values };
}

function readText(path: string, namedBy: string): string {
  const bytes = readBytes(path, namedBy);
  if (bytes.length > CONFIG_FILE_LENGTH_MAX) {
    throw new OptionError(
      `${path}, named by ${namedBy}, has ${bytes.length} bytes, but a configuration file may have` +
        ` at most ${CONFIG_FILE_LENGTH_MAX}`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new OptionError(`${path}, named by ${namedBy}, is not UTF-8 text`);
  }
}

function readBytes(path: string, namedBy: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    // The system's message goes on after a comma with the call and the path, which are said here.
    const reason = error instanceof Error ? error.message.replace(/,.*$/s, "") : "unknown";
    throw new OptionError(`${path}, named by ${namedBy}, cannot be read (${reason})`);
  }
}

function parseToml(path: string, text: string): object {
  try {
    return Bun.TOML.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = message.replace(/^TOML Parse error: /, "");
    const line = findErrorLine(text);
    const place = line === null ? path : `${path}, line ${line},`;
    throw new OptionError(`${place} is not valid TOML: ${reason}`);
  }
}

/** The parser names no line: the error is in the statement after the longest head that parses. */
function findErrorLine(text: string): number | null {
  const lines = text.split("\n");
  if (lines.length > SEARCHED_LINE_COUNT_MAX) return null;
  for (let count = lines.length - 1; count > 0; count--) {
    if (parses(lines.slice(0, count).join("\n"))) return count + 1;
  }
  return 1;
}

function parses(text: string): boolean {
  try {
    Bun.TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}

function describeUnknownKey(key: string, path: string, property?: OptionProperty): string {
  const name = /^[\w-]+$/.test(key) ? key : quoteText(key);
  if (property !== undefined) {
    const elsewhere = `${flagOf(property)} or ${environmentNameOf(property)}`;
    return `${name} in ${path} is not allowed in a file, only as ${elsewhere}`;
  }
  const known = OPTION_PROPERTIES.filter(isInFile).map((candidate) => OPTION_TABLE[candidate].name);
  return `${name} in ${path} is not a known key${suggestName(name, known)}`;
}
