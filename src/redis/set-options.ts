// The options of SET and GETEX, and the deadlines that they and SETEX ask for.
//
// As in Redis an option may be repeated, one that contradicts an earlier one is a syntax error, and
// of two deadlines in the same unit the last counts.

import { INTEGER_MAX, parseDecimalInteger } from "./decimal-integer.ts";
import { ERROR_TEXT } from "./error-text.ts";

/** Index of the first option, among the arguments with the command's name. */
const SET_OPTIONS_BEGIN = 3;
const GETEX_OPTIONS_BEGIN = 2;

export interface ExpiryUnit {
  readonly milliseconds: bigint;
  /** Counts from the epoch and not from now. */
  readonly isAbsolute: boolean;
}

export const SECONDS: ExpiryUnit = { milliseconds: 1000n, isAbsolute: false };
export const MILLISECONDS: ExpiryUnit = { milliseconds: 1n, isAbsolute: false };

const UNITS: ReadonlyMap<string, ExpiryUnit> = new Map([
  ["ex", SECONDS],
  ["px", MILLISECONDS],
  ["exat", { milliseconds: 1000n, isAbsolute: true }],
  ["pxat", { milliseconds: 1n, isAbsolute: true }],
]);

/** A time to live or a time of day, as it was sent. */
export interface Expiry {
  readonly unit: ExpiryUnit;
  readonly text: Uint8Array;
}

/** `ifeq`: only if the key's value is the comparison. */
export type SetCondition = "always" | "nx" | "xx" | "ifeq";

export interface SetOptions {
  condition: SetCondition;
  /** Index of the argument; it may be a parcel, as values may. */
  comparisonIndex: number;
  /** The reply is the value before. */
  isGet: boolean;
  isDeadlineKept: boolean;
  expiry: Expiry | null;
}

export interface GetExOptions {
  isPersist: boolean;
  expiry: Expiry | null;
}

/** Null = a syntax error. */
export function parseSetOptions(args: readonly Buffer[]): SetOptions | null {
  const options: SetOptions = {
    condition: "always",
    comparisonIndex: 0,
    isGet: false,
    isDeadlineKept: false,
    expiry: null,
  };
  for (let i = SET_OPTIONS_BEGIN; i < args.length; i++) {
    const name = nameOf(args[i]!);
    if (name === "nx" || name === "xx") {
      if (options.condition !== "always" && options.condition !== name) return null;
      options.condition = name;
    } else if (name === "ifeq") {
      if (options.condition !== "always" || i + 1 === args.length) return null;
      options.condition = name;
      options.comparisonIndex = ++i;
    } else if (name === "get") {
      options.isGet = true;
    } else if (name === "keepttl") {
      if (options.expiry !== null) return null;
      options.isDeadlineKept = true;
    } else {
      const expiry = parseExpiry(name, args[++i], options.expiry);
      if (expiry === null || options.isDeadlineKept) return null;
      options.expiry = expiry;
    }
  }
  return options;
}

/** Null = a syntax error. */
export function parseGetExOptions(args: readonly Buffer[]): GetExOptions | null {
  const options: GetExOptions = { isPersist: false, expiry: null };
  for (let i = GETEX_OPTIONS_BEGIN; i < args.length; i++) {
    const name = nameOf(args[i]!);
    if (name === "persist") {
      if (options.expiry !== null) return null;
      options.isPersist = true;
    } else {
      const expiry = parseExpiry(name, args[++i], options.expiry);
      if (expiry === null || options.isPersist) return null;
      options.expiry = expiry;
    }
  }
  return options;
}

/**
 * The deadline in milliseconds since the epoch, which may have passed; or the text of the error.
 * `command` is the name of the command in lower case.
 */
export function deadlineOf(expiry: Expiry, nowMs: number, command: string): bigint | string {
  const count = parseDecimalInteger(expiry.text);
  if (count === null) return ERROR_TEXT.NO_INTEGER;
  const { milliseconds, isAbsolute } = expiry.unit;
  const deadlineMs = count * milliseconds + (isAbsolute ? 0n : BigInt(nowMs));
  if (count > 0n && deadlineMs <= INTEGER_MAX) return deadlineMs;
  return `ERR invalid expire time in '${command}' command`;
}

function parseExpiry(
  name: string,
  text: Uint8Array | undefined,
  before: Expiry | null,
): Expiry | null {
  const unit = UNITS.get(name);
  if (unit === undefined || text === undefined) return null;
  return before !== null && before.unit !== unit ? null : { unit, text };
}

/** An option is known in any case. */
function nameOf(option: Buffer): string {
  return option.toString("latin1").toLowerCase();
}
