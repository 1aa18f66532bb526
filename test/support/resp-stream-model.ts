// What a stream of RESP consists of, read without haste: the commands of a server that has all of
// it at once, and what ends them.

import { isAttack } from "../../src/protocol/cross-protocol.ts";
import { splitInline } from "../../src/protocol/inline-arguments.ts";

export interface RespStreamLimits {
  readonly argumentLengthMax: number;
  readonly argumentCountMax: number;
  readonly lineLengthMax: number;
}

export interface RespStreamContent {
  /** Arguments as text of one byte a character. */
  readonly commands: string[][];
  /** What the server says is wrong behind them; "" = it closes without a word, null = nothing. */
  readonly error: string | null;
}

/** The stream has not come to the end of what it has begun. */
class Incomplete extends Error {}

/** The rest of it is no RESP. */
class Refused extends Error {}

export function readRespStream(stream: Buffer, limits: RespStreamLimits): RespStreamContent {
  const commands: string[][] = [];
  const text = stream.toString("latin1");
  let at = 0;

  /** The text of the line up to its end, which is skipped. */
  function takeLine(end: string, skipped: number, problem: string): string {
    const found = text.indexOf(end, at);
    const lineEnd = found < 0 ? text.length : found;
    if (lineEnd - at > limits.lineLengthMax) throw new Refused(problem);
    if (found < 0 || found + skipped > text.length) throw new Incomplete();
    const line = text.slice(at, found);
    at = found + skipped;
    return line;
  }

  function takeNumber(problem: string, tooLong: string): number {
    const line = takeLine("\r", 2, tooLong);
    const isNumber = /^(0|-?[1-9][0-9]{0,18})$/.test(line);
    if (!isNumber || BigInt.asIntN(64, BigInt(line)) !== BigInt(line)) throw new Refused(problem);
    return Number(line);
  }

  function takeArgument(): string {
    if (at === text.length) throw new Incomplete();
    const type = text[at]!;
    if (type !== "$") throw new Refused(`expected '$', got '${type}'`);
    at++;
    const length = takeNumber("invalid bulk length", "too big bulk count string");
    if (length < 0 || length > limits.argumentLengthMax) throw new Refused("invalid bulk length");
    if (at + length + 2 > text.length) throw new Incomplete();
    at += length + 2;
    return text.slice(at - length - 2, at - 2);
  }

  function takeArray(): string[] {
    at++;
    const count = takeNumber("invalid multibulk length", "too big mbulk count string");
    if (count > limits.argumentCountMax) throw new Refused("invalid multibulk length");
    return Array.from({ length: Math.max(0, count) }, takeArgument);
  }

  function takeInline(): string[] {
    const line = takeLine("\n", 1, "too big inline request").replace(/\r$/, "");
    const args = splitInline(Buffer.from(line, "latin1"));
    if (args === null) throw new Refused("unbalanced quotes in request");
    if (args.length > 0 && isAttack(args)) throw new Refused();
    return args.map((arg) => arg.toString("latin1"));
  }

  try {
    while (at < text.length) {
      const args = text[at] === "*" ? takeArray() : takeInline();
      if (args.length > 0) commands.push(args);
    }
  } catch (problem) {
    if (problem instanceof Refused) return { commands, error: errorOf(problem.message) };
    if (!(problem instanceof Incomplete)) throw problem;
  }
  return { commands, error: null };
}

function errorOf(problem: string): string {
  return problem === "" ? "" : `-ERR Protocol error: ${problem.replace(/[\r\n]/g, " ")}\r\n`;
}
