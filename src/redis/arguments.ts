// How handlers read words and numbers from their arguments.

import type { Call } from "./call.ts";
import { parseDecimalInteger } from "./decimal-integer.ts";
import { ERROR_TEXT } from "./error-text.ts";

/** Whether an argument is a word, given in lower case, in whatever case. */
export function isWord(argument: Buffer, word: string): boolean {
  return argument.length === word.length && argument.toString("latin1").toLowerCase() === word;
}

/** An argument as errors show it: a text of C, which ends at the first NUL, a byte a character. */
export function shownText(argument: Buffer): string {
  const end = argument.indexOf(0);
  return argument.toString("latin1", 0, end === -1 ? argument.length : end);
}

/** An argument that is to be an integer of 64 bits; null = it is none, and the error is written. */
export function readInteger(
  { args, reply }: Call,
  index: number,
  error: string = ERROR_TEXT.NO_INTEGER,
): bigint | null {
  const value = parseDecimalInteger(args[index]!);
  if (value === null) reply.error(error);
  return value;
}
