// Where the arguments of one RESP command lie in the receive windows, and how its lengths are read.
// Reused for every command.
//
//   *3 CR LF  $3 CR LF SET CR LF  $3 CR LF key CR LF  $5 CR LF value CR LF
//    count     length  argument    …
//
// Redis's strictness: a length is a canonical integer and ends at the first CR; the byte after it
// and the two after an argument are skipped unseen.

import type { ByteArea } from "../lib/byte-area.ts";
import { INT64_MIN, INT64_TEXT_LENGTH_MAX } from "./int64.ts";

/** Answers of `readLength` and `read` that are no length and no position. */
export const INCOMPLETE = -2;
export const MALFORMED = -3;
/** The line does not end within `lineLengthMaxOf` bytes. */
export const LINE_TOO_LONG = -4;
/** The command does not fit a window. */
export const TOO_LARGE = -5;
export const REFUSED = -6;

/** Of a line that states a length, or of an inline command. */
export const LINE_LENGTH_MAX = 32 * 1024;
export const ARGUMENT_COUNT_MAX = 1024 * 1024;
/** Of a client that has not logged in. */
export const RESTRICTED_COUNT_MAX = 10;
export const RESTRICTED_LENGTH_MAX = 16 * 1024;
/** The shortest argument, `$0 CR LF CR LF`. */
export const ARGUMENT_SIZE_MIN = 6;

const CR = 0x0d;
const ZERO = 0x30;
const DOLLAR = 0x24;
const DIGITS_MAX = 10;
const NEGATIVE = /^-[1-9]\d*$/;

export interface RespArguments {
  count: number;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  /** After REFUSED: what to tell the client. */
  error: string;
  /** The number on the line at `at`; −1 for a negative one. */
  readLength(at: number, end: number): number;
  /** Where the line ends that `readLength` has read. */
  next(): number;
  /**
   * The `count` arguments at `at`: the position behind them. `frame` is where the command begins.
   */
  read(at: number, count: number, frame: number, end: number, isRestricted: boolean): number;
  /** REFUSED, for this reason. */
  refuse(error: string): number;
}

/** A window has room for the line, and for half a command before it. */
export function lineLengthMaxOf(windowSize: number): number {
  return Math.min(LINE_LENGTH_MAX, windowSize / 2);
}

/** A closure over constants: see src/command/fast-commands.ts. */
export function createRespArguments(
  area: ByteArea,
  windowSize: number,
  lengthMax: number,
): RespArguments {
  const { view } = area;
  const lineLengthMax = lineLengthMaxOf(windowSize);
  const capacity = Math.ceil(windowSize / ARGUMENT_SIZE_MIN) + 1;
  const offsets = new Int32Array(capacity);
  const lengths = new Int32Array(capacity);
  let next = 0;

  function readLength(at: number, end: number): number {
    // A longer number is odd, and a line of digits without end must not be read again and again.
    const digitsEnd = Math.min(end, at + DIGITS_MAX + 1);
    let position = at;
    let value = 0;
    for (; position < digitsEnd; position++) {
      const digit = view.getUint8(position) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const isOrdinary = position < end && view.getUint8(position) === CR && position > at;
    if (!isOrdinary || view.getUint8(at) === ZERO || position - at > DIGITS_MAX) {
      return readOddLength(at, end);
    }
    if (position + 1 >= end) return INCOMPLETE;
    next = position + 2;
    return value;
  }

  function read(
    at: number,
    count: number,
    frame: number,
    end: number,
    isRestricted: boolean,
  ): number {
    let position = at;
    for (let i = 0; i < count; i++) {
      if (position >= end) return INCOMPLETE;
      if (view.getUint8(position) !== DOLLAR) return refuseType(view.getUint8(position));
      const length = readLength(position + 1, end);
      if (length < 0 || length > lengthMax) return refuseLength(length);
      if (isRestricted && length > RESTRICTED_LENGTH_MAX) {
        return refuse("Protocol error: unauthenticated bulk length");
      }
      const argument = next;
      position = argument + length + 2;
      if (position - frame > windowSize) return TOO_LARGE;
      if (position > end) return INCOMPLETE;
      offsets[i] = argument;
      lengths[i] = length;
    }
    args.count = count;
    return position;
  }

  function refuse(error: string): number {
    args.error = error;
    return REFUSED;
  }

  function refuseType(byte: number): number {
    return refuse(`Protocol error: expected '$', got '${String.fromCharCode(byte)}'`);
  }

  function refuseLength(length: number): number {
    if (length === INCOMPLETE) return INCOMPLETE;
    if (length === LINE_TOO_LONG) return refuse("Protocol error: too big bulk count string");
    return refuse("Protocol error: invalid bulk length");
  }

  /** Zero, negative, malformed and unfinished ones. */
  function readOddLength(at: number, end: number): number {
    const lineLength = area.bytes.subarray(at, end).indexOf(CR);
    const position = lineLength < 0 ? end : at + lineLength;
    // Whether the line's end has come or not: the answer must not depend on how the bytes were cut.
    if (position - at > lineLengthMax) return LINE_TOO_LONG;
    if (position + 1 >= end) return INCOMPLETE;
    next = position + 2;
    const length = position - at;
    if (length === 1 && view.getUint8(at) === ZERO) return 0;
    if (length > INT64_TEXT_LENGTH_MAX) return MALFORMED;
    const text = area.bytes.toString("latin1", at, position);
    return NEGATIVE.test(text) && BigInt(text) >= INT64_MIN ? -1 : MALFORMED;
  }

  const args: RespArguments = {
    count: 0,
    offsets,
    lengths,
    error: "",
    readLength,
    next: () => next,
    read,
    refuse,
  };
  return args;
}
