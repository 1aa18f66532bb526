// What random streams consist of: requests, and steps that several of them make, with how the
// replies of two servers must be alike.

import { encodeCommand } from "./resp-client.ts";

/**
 * - `equal`: the same bytes
 * - `sorted`: arrays of the same elements in any order
 * - `near-seconds`, `near-ms`: integers that differ by what two clocks may, a second
 * - `page`: a cursor and an array, whatever is in it (SCAN)
 * - `hello`: the same but for the client's number and the server's version
 * - `integer`: any integer
 * - `none`: there is no reply
 */
export type Likeness =
  "equal" | "sorted" | "near-seconds" | "near-ms" | "page" | "hello" | "integer" | "none";

export interface Request {
  /** Empty = the bytes are no command. */
  readonly args: readonly string[];
  readonly bytes: Buffer;
  readonly likeness: Likeness;
}

/**
 * - `free`: may be sent together with its neighbours
 * - `alone`: is sent alone, and left out inside MULTI
 * - `scan`: a SCAN from cursor 0, to be continued until it is through
 * - `fatal`: makes the server close the connection
 */
export type StepMode = "free" | "alone" | "scan" | "fatal";

export interface Step {
  /** Which of the two connections. */
  readonly connection: number;
  readonly requests: readonly Request[];
  readonly mode: StepMode;
  /** Sent in one write with the step before, if that is of the same connection. */
  readonly joinsPrevious: boolean;
  /** Where writes are cut follows from it. */
  readonly cutSeed: number;
}

export function commandOf(args: readonly string[], likeness: Likeness = "equal"): Request {
  return { args, bytes: encodeCommand(args), likeness };
}

/** Bytes that are no command of RESP; text is one byte a character. */
export function rawRequest(text: string, likeness: Likeness = "equal"): Request {
  return { args: [], bytes: Buffer.from(text, "latin1"), likeness };
}

const SHOWN_LENGTH = 60;

export function showRequest({ args, bytes }: Request): string {
  if (args.length === 0) return `raw ${showText(bytes.toString("latin1"))}`;
  const isPlain = (arg: string) => /^[\w:.*+-]{1,60}$/.test(arg);
  return args.map((arg) => (isPlain(arg) ? arg : showText(arg))).join(" ");
}

export function showText(text: string): string {
  // What is no printable ASCII in the notation of JSON.
  const show = (part: string) =>
    JSON.stringify(part).replace(
      /[\x7f-\xff]/g,
      (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  if (text.length <= 2 * SHOWN_LENGTH) return show(text);
  return `${show(text.slice(0, SHOWN_LENGTH))}… (${text.length} bytes)`;
}
