// Where the password that clients must give comes from: a file, or the environment. Never the
// command line, which every user of the machine can read.

import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { OptionError } from "../options/option-error.ts";
import { PASSWORD_VARIABLE } from "../options/option-table.ts";
import { PASSWORD_LENGTH_MAX } from "./login-guard.ts";

/** A newline at the end of the file, however it was written. */
const NEWLINE = /\r?\n$/;
const NEWLINE_LENGTH_MAX = 2;

export interface PasswordSource {
  /** The file of `requirepass-file`, null = none. */
  readonly path: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Null = no password is wanted. The file is asked first. */
export function readPassword({ path, environment }: PasswordSource): string | null {
  if (path !== null) return check(readText(path), `the password in ${path}`);
  const text = environment[PASSWORD_VARIABLE];
  return text === undefined ? null : check(text, `the password in ${PASSWORD_VARIABLE}`);
}

function readText(path: string): string {
  try {
    // A file that is far too long, or a device that never ends, is not read.
    const status = statSync(path);
    if (!status.isFile()) throw new Error("it is not a file");
    if (status.size > PASSWORD_LENGTH_MAX + NEWLINE_LENGTH_MAX) throw new Error("it is too long");
    const bytes = readFileSync(path);
    if (!isUtf8(bytes)) throw new Error("it is not UTF-8");
    return bytes.toString("utf8").replace(NEWLINE, "");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(`requirepass-file ${path} cannot be read: ${reason}`);
  }
}

function check(password: string, what: string): string {
  const length = Buffer.byteLength(password);
  if (length === 0) throw new OptionError(`${what} is empty`);
  if (length > PASSWORD_LENGTH_MAX) {
    throw new OptionError(
      `${what} has ${length} bytes, at most ${PASSWORD_LENGTH_MAX} are allowed`,
    );
  }
  return password;
}
