// One line of text on standard error for each event the operator may want to know of.
//
//   2026-11-21T03:24:44.123Z warn  connection dropped id=17 reason="stalled for 60 s"
//   time, UTC                level message            fields in logfmt
//
// A value may hold bytes a client sent. Whatever it holds, an event stays one line and a value
// stays one value: text with a blank, a quote or an equals sign is quoted, and every character
// that could move a terminal's cursor, change its colours or turn its text around is escaped. The
// message is written bare, so it must be a constant; what a client sent belongs in a field.
//
// Writing waits for standard error and never throws: a log nobody reads must not stop the server.

import { writeSync } from "node:fs";

/** From the most talkative to the quietest; a log writes its own level and those after it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level: LogLevel;
  readonly nowMs?: () => number;
  /** Takes one line with its newline. */
  readonly sink?: (line: string) => void;
}

const LEVEL_WIDTH = 5;
/** Keeps a line far below what a terminal or a log collector cuts on its own. */
const TEXT_LENGTH_MAX = 1000;
/** An error's causes may form a circle. */
const CAUSE_DEPTH_MAX = 4;
const STANDARD_ERROR = 2;

/** C0, DEL and C1 (ESC and CSI among them), line separators, and marks that reorder text. */
const CONTROLS =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
const BARE = /^[\w.,:;/@%+*()[\]<>~-]+$/;
const NOT_IN_A_KEY = /[^\w.-]/g;

export class Log {
  readonly level: LogLevel;
  readonly #rank: number;
  readonly #nowMs: () => number;
  readonly #sink: (line: string) => void;

  constructor({ level, nowMs = Date.now, sink = writeToStandardError }: LogOptions) {
    this.level = level;
    this.#rank = LOG_LEVELS.indexOf(level);
    this.#nowMs = nowMs;
    this.#sink = sink;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  /** Spares a caller the making of fields nobody will see. */
  writes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#rank;
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.writes(level)) return;
    const time = new Date(this.#nowMs()).toISOString();
    let line = `${time} ${level.padEnd(LEVEL_WIDTH)} ${escapeControls(shorten(message))}`;
    for (const [key, value] of Object.entries(fields)) {
      line += ` ${key.replace(NOT_IN_A_KEY, "_")}=${formatValue(value)}`;
    }
    this.#sink(`${line}\n`);
  }
}

/** Replaces what could forge a line or drive a terminal with its escape, such as `\n`, `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

export function quoteText(text: string): string {
  return `"${escapeControls(text.replace(/["\\]/g, "\\$&"))}"`;
}

function formatValue(value: unknown): string {
  const text = shorten(describe(value));
  return BARE.test(text) ? text : quoteText(text);
}

function describe(value: unknown): string {
  if (value instanceof Error) return describeError(value);
  if (typeof value === "function") return "[function]";
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}

function describeError(error: Error): string {
  let text = `${error.name}: ${error.message}`;
  let cause = error.cause;
  for (let depth = 1; depth < CAUSE_DEPTH_MAX && cause instanceof Error; depth++) {
    text += `, caused by ${cause.name}: ${cause.message}`;
    cause = cause.cause;
  }
  return text;
}

function shorten(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}…`;
}

function writeToStandardError(line: string): void {
  try {
    writeSync(STANDARD_ERROR, line);
  } catch {
    // Closed, or full and not blocking: there is nowhere left to say so.
  }
}
