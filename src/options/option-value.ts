// The kinds of value an option may have, each read from text (a flag, the environment) and from
// TOML (the file), and written back as TOML.
//
// Both readers return undefined for what is not allowed; the caller, who knows the option's name,
// builds the sentence from `allowedText` and `allowedToml`. Text is taken as it stands: no blanks
// are trimmed, no sign, no leading zero, no other base than ten.

import { quoteText } from "../lib/log.ts";
import { formatSizeExactly, parseSize } from "./size.ts";

export interface OptionValue<T> {
  /** Stands for the value in the help; null when the flag takes none. */
  readonly placeholder: string | null;
  /** Completes "must be …". */
  readonly allowedText: string;
  readonly allowedToml: string;
  readText(text: string): T | undefined;
  readToml(value: unknown): T | undefined;
  /** Null when the value stands for not being set. */
  formatToml(value: T): string | null;
}

/** The longest path a socket address holds: sun_path has 108 bytes, the last for the NUL. */
export const SOCKET_PATH_LENGTH_MAX = 107;
/** PATH_MAX without its NUL. */
export const FILE_PATH_LENGTH_MAX = 4095;
/** The longest name DNS can hold. */
const HOST_LENGTH_MAX = 253;

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false],
]);

export function integer(placeholder: string, min: number, max: number): OptionValue<number> {
  const allowed = `an integer from ${min} to ${max}`;
  const check = (value: number) => (isWithin(value, min, max) ? value : undefined);
  return {
    placeholder,
    allowedText: allowed,
    allowedToml: allowed,
    readText: (text) => (/^(0|[1-9]\d*)$/.test(text) ? check(Number(text)) : undefined),
    readToml: (value) => (typeof value === "number" ? check(value) : undefined),
    formatToml: String,
  };
}

export function size(minBytes: number, maxBytes: number): OptionValue<number> {
  const allowed = `a size from ${formatSizeExactly(minBytes)} to ${formatSizeExactly(maxBytes)}`;
  const check = (bytes: number | null) =>
    bytes !== null && isWithin(bytes, minBytes, maxBytes) ? bytes : undefined;
  return {
    placeholder: "size",
    allowedText: allowed,
    allowedToml: allowed,
    readText: (text) => check(parseSize(text)),
    readToml(value) {
      if (typeof value === "string") return check(parseSize(value));
      return typeof value === "number" ? check(value) : undefined;
    },
    formatToml(bytes) {
      const text = formatSizeExactly(bytes);
      return text === String(bytes) ? text : quoteText(text);
    },
  };
}

export function choice<T extends string>(placeholder: string, words: readonly T[]): OptionValue<T> {
  const find = (value: unknown) => words.find((word) => word === value);
  const allowed = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return {
    placeholder,
    allowedText: allowed,
    allowedToml: words.map((word) => quoteText(word)).join(" or "),
    readText: find,
    readToml: find,
    formatToml: quoteText,
  };
}

export function boolean(): OptionValue<boolean> {
  return {
    placeholder: null,
    allowedText: "true, false, yes, no, 1 or 0",
    allowedToml: "true or false",
    readText: (text) => BOOLEAN_WORDS.get(text),
    readToml: (value) => (typeof value === "boolean" ? value : undefined),
    formatToml: String,
  };
}

export function host(): OptionValue<string> {
  const check = (text: string) =>
    text.length <= HOST_LENGTH_MAX && /^[\w.:%-]+$/.test(text) ? text : undefined;
  return {
    placeholder: "address",
    allowedText: "a host name or an address",
    allowedToml: "a string with a host name or an address",
    readText: check,
    readToml: (value) => (typeof value === "string" ? check(value) : undefined),
    formatToml: quoteText,
  };
}

/** A path or, when not set, null. Control characters are refused: they could forge log lines. */
export function path(lengthMax: number): OptionValue<string | null> {
  const allowed = `a path of 1 to ${lengthMax} bytes without control characters`;
  const check = (text: string) => {
    const length = Buffer.byteLength(text);
    return length >= 1 && length <= lengthMax && !/\p{Cc}/u.test(text) ? text : undefined;
  };
  return {
    placeholder: "path",
    allowedText: allowed,
    allowedToml: `a string with ${allowed}`,
    readText: check,
    readToml: (value) => (typeof value === "string" ? check(value) : undefined),
    formatToml: (text) => (text === null ? null : quoteText(text)),
  };
}

/** How a sentence names a value of the file: a string "5995" must not look like the number. */
export function describeToml(value: unknown): string {
  if (typeof value === "string") return `the string ${quoteText(value)}`;
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object" || value === null) return String(value);
  return Object.getPrototypeOf(value) === Object.prototype
    ? "a table"
    : `the date ${String(value)}`;
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
