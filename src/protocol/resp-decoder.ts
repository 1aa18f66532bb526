// Splits the received bytes of one connection into RESP commands.
//
//   hot commands (resp-opcode.ts)   ─▶ rows of the batch, one a key
//   every other command             ─▶ its arguments, one command at a time, for the caller to run
//
// Nothing is copied: rows and arguments are offsets into the receive window. A command is only
// taken when it is whole. Of one with more keys than the batch has room for, the rows come in
// several portions; the window stays as it is between them, and `position` at its beginning.
//
// A closure over constants: see src/command/fast-commands.ts. Protocol:
// https://redis.io/docs/latest/develop/reference/protocol-spec/

import { BATCH_CAPACITY, type Batch } from "../batch/batch.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { KEY_LENGTH_MAX } from "../store/entry.ts";
import { xxHash32 } from "../store/xxhash32.ts";
import {
  ARGUMENT_COUNT_MAX,
  INCOMPLETE,
  LINE_TOO_LONG,
  MALFORMED,
  REFUSED,
  RESTRICTED_COUNT_MAX,
  TOO_LARGE,
  createRespArguments,
  lineLengthMaxOf,
  type RespArguments,
} from "./resp-arguments.ts";
import { PART, RESP_OPCODE } from "./resp-opcode.ts";

export const RESP_DECODED = {
  /** All whole commands are in the batch. */
  ALL: 0,
  /** The batch is full, and there is more. */
  BATCH_FULL: 1,
  /** A command for the caller: `args` says where its arguments lie. */
  COMMAND: 2,
  /** The line from `frame` to `lineEnd` is an inline command for the caller. */
  INLINE: 3,
  /** The command at `position` does not fit a window. */
  TOO_LARGE: 4,
  /** What follows is no RESP: `args.error` says why. */
  REFUSED: 5,
} as const;
export type RespDecoded = (typeof RESP_DECODED)[keyof typeof RESP_DECODED];

/** What the decoder has to know about connections, by connection. */
export interface RespSessions {
  /** 1 = its hot commands may become rows. */
  readonly isHot: Uint8Array;
  /** 1 = it has not logged in. */
  readonly isRestricted: Uint8Array;
  readonly databases: Uint8Array;
}

export interface RespDecoderOptions {
  readonly windowSize: number;
  /** Of an argument, in bytes. */
  readonly lengthMax: number;
  /** Of the hash, by database. */
  readonly seeds: Int32Array;
  /**
   * Whether a command of several keys goes into one batch if it fits one: locks are for batches.
   */
  readonly keepsWhole?: boolean;
}

export interface RespDecoder {
  readonly args: RespArguments;
  /** Appends rows from `begin` on; what is not for the batch comes after it. */
  decode(connection: number, begin: number, end: number): RespDecoded;
  /** The first byte that was not taken; a command for the caller is not taken. */
  position(): number;
  /** After COMMAND and INLINE: where the command begins, and what follows it. */
  frame(): number;
  next(): number;
  /** After INLINE: where the line ends, at its CR or LF. */
  lineEnd(): number;
  /** Begins the next command anew: its connection has to wait. */
  forget(): void;
}

const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const NINE = 0x39;
const CR = 0x0d;
const LF = 0x0a;
const CASE_BITS = 0x20202020;
const THREE_BYTES = 0xffffff;

/** `*2 CR LF`, `*3 CR LF`, `$3 CR LF` as words; behind them the name, and its CRLF. */
const HEAD_OF_TWO = word("*2\r\n");
const HEAD_OF_THREE = word("*3\r\n");
const HEAD_OF_NAME = word("$3\r\n");
const SHORT_KEY_HEAD = 13;
const SHORT_DIGITS_MAX = 4;
/** A GET of the empty key. */
const SHORT_SIZE_MIN = 19;

const NAME_GET = word("get");
const NAME_SET = word("set");
const NAME_DEL = word("del");
const NAME_MGET = word("mget");
const NAME_MSET = word("mset");
const NAME_INCR = word("incr");
const NAME_PING = word("ping");
const NAME_EXIS = word("exis");
const NAME_TS = word("ts");
const TWO_BYTES = 0xffff;
/** A value that is this long goes the ordinary way, which knows how to store it. */
const ROW_VALUE_LENGTH_MAX = 64 * 1024;

export function createRespDecoder(
  area: ByteArea,
  batch: Batch,
  sessions: RespSessions,
  options: RespDecoderOptions,
): RespDecoder {
  const { view } = area;
  const { opcodes, connections, frameOffsets, keyOffsets, keyLengths, hashes } = batch;
  const { valueOffsets, valueLengths, parts, databases, totals } = batch;
  const { isHot, isRestricted } = sessions;
  const args = createRespArguments(area, options.windowSize, options.lengthMax);
  const { offsets, lengths } = args;
  const { seeds, keepsWhole = false } = options;
  const lineLengthMax = lineLengthMaxOf(options.windowSize);
  let position = 0;
  let lineEnd = 0;
  let nextCommand = 0;
  let shortNext = 0;
  /** Of the command whose rows come in portions: opcode (0 = there is none), next argument, end. */
  let openOpcode = 0;
  let openArgument = 0;
  let openEnd = 0;

  function decode(connection: number, begin: number, end: number): RespDecoded {
    position = begin;
    if (openOpcode !== 0 && !addKeys(connection, begin, openEnd)) return RESP_DECODED.BATCH_FULL;
    while (position < end) {
      if (isHot[connection] === 1) decodeShort(connection, end);
      if (position === end) return RESP_DECODED.ALL;
      if (batch.count === BATCH_CAPACITY) return RESP_DECODED.BATCH_FULL;
      const decoded =
        view.getUint8(position) === STAR
          ? decodeArray(connection, position, end)
          : decodeInline(connection, position, end);
      if (decoded !== GO_ON) return decoded;
    }
    return RESP_DECODED.ALL;
  }

  /**
   * GETs and SETs as every client sends them, word by word, up to the first that is something else
   * or not whole. What lies behind `end` may be read, and is not believed.
   */
  function decodeShort(connection: number, end: number): void {
    const database = sessions.databases[connection]!;
    const seed = seeds[database]!;
    let row = batch.count;
    let frame = position;
    for (; row < BATCH_CAPACITY && end - frame >= SHORT_SIZE_MIN; row++) {
      const head = view.getInt32(frame, true);
      if (view.getInt32(frame + 4, true) !== HEAD_OF_NAME) break;
      const name = (view.getInt32(frame + 8, true) | CASE_BITS) & THREE_BYTES;
      const isGet = head === HEAD_OF_TWO && name === NAME_GET;
      if (!isGet && (head !== HEAD_OF_THREE || name !== NAME_SET)) break;
      const keyLength = readShortLength(frame + SHORT_KEY_HEAD);
      const key = shortNext;
      let next = key + keyLength + 2;
      if (keyLength < 0 || next > end) break;
      if (!isGet) {
        const valueLength = readShortLength(next);
        if (valueLength < 0) break;
        valueOffsets[row] = shortNext;
        valueLengths[row] = valueLength;
        next = shortNext + valueLength + 2;
        if (next > end) break;
      }
      opcodes[row] = isGet ? RESP_OPCODE.GET : RESP_OPCODE.SET;
      connections[row] = connection;
      frameOffsets[row] = frame;
      keyOffsets[row] = key;
      keyLengths[row] = keyLength;
      databases[row] = database;
      parts[row] = PART.ONLY;
      hashes[row] = xxHash32(view, key, keyLength, seed);
      frame = next;
    }
    batch.count = row;
    position = frame;
  }

  /** The length of the argument whose `$` is at `at`, of up to four digits; −1 = something else. */
  function readShortLength(at: number): number {
    if (view.getUint8(at) !== DOLLAR) return -1;
    let length = view.getUint8(at + 1) - ZERO;
    if (length < 0 || length > 9) return -1;
    let digitAt = at + 2;
    for (; digitAt <= at + SHORT_DIGITS_MAX + 1; digitAt++) {
      const byte = view.getUint8(digitAt);
      if (byte === CR) {
        shortNext = digitAt + 2;
        return length;
      }
      if (byte < ZERO || byte > NINE || length === 0) return -1;
      length = length * 10 + byte - ZERO;
    }
    return -1;
  }

  function decodeArray(connection: number, frame: number, end: number): RespDecoded | GoOn {
    const count = args.readLength(frame + 1, end);
    if (count === INCOMPLETE) return RESP_DECODED.ALL;
    if (count <= 0 && count > INCOMPLETE) {
      position = args.next();
      return GO_ON;
    }
    const problem = judgeCount(count, isRestricted[connection] === 1);
    if (problem !== "") return refuse(problem);
    // An array of this many arguments is longer than a window whatever they are.
    if (count > offsets.length) return RESP_DECODED.TOO_LARGE;
    const next = args.read(args.next(), count, frame, end, isRestricted[connection] === 1);
    if (next === INCOMPLETE) return RESP_DECODED.ALL;
    if (next === TOO_LARGE) return RESP_DECODED.TOO_LARGE;
    if (next === REFUSED) return RESP_DECODED.REFUSED;
    if (isHot[connection] === 1) {
      const opcode = hotOpcode(count);
      if (opcode !== 0) return addRows(connection, opcode, frame, next);
    }
    nextCommand = next;
    return RESP_DECODED.COMMAND;
  }

  /** What is wrong with the number of arguments. */
  function judgeCount(count: number, isRestrictedHere: boolean): string {
    if (count === LINE_TOO_LONG) return "Protocol error: too big mbulk count string";
    if (count === MALFORMED || count > ARGUMENT_COUNT_MAX) {
      return "Protocol error: invalid multibulk length";
    }
    if (isRestrictedHere && count > RESTRICTED_COUNT_MAX) {
      return "Protocol error: unauthenticated multibulk length";
    }
    return "";
  }

  function refuse(error: string): RespDecoded {
    args.refuse(error);
    return RESP_DECODED.REFUSED;
  }

  /** The opcode of the command just read, 0 = it is none of the hot ones or not well-formed. */
  function hotOpcode(count: number): number {
    const nameLength = lengths[0]!;
    const name = view.getInt32(offsets[0]!, true) | CASE_BITS;
    if (nameLength === 3) {
      const short = name & THREE_BYTES;
      if (short === NAME_GET) return count === 2 && hasOrdinaryKeys(1, 1) ? RESP_OPCODE.GET : 0;
      if (short === NAME_SET) return count === 3 && isPlainPair(1) ? RESP_OPCODE.SET : 0;
      if (short === NAME_DEL) return count > 1 && hasOrdinaryKeys(1, 1) ? RESP_OPCODE.DEL : 0;
      return 0;
    }
    if (nameLength === 4) {
      if (name === NAME_MGET) return count > 1 && hasOrdinaryKeys(1, 1) ? RESP_OPCODE.MGET : 0;
      if (name === NAME_MSET) return isPlainMset(count) ? RESP_OPCODE.MSET : 0;
      if (name === NAME_INCR) return count === 2 && hasOrdinaryKeys(1, 1) ? RESP_OPCODE.INCR : 0;
      return name === NAME_PING && count === 1 ? RESP_OPCODE.PING : 0;
    }
    if (nameLength !== 6 || name !== NAME_EXIS || count < 2) return 0;
    const rest = (view.getInt32(offsets[0]! + 4, true) | CASE_BITS) & TWO_BYTES;
    return rest === NAME_TS && hasOrdinaryKeys(1, 1) ? RESP_OPCODE.EXISTS : 0;
  }

  function hasOrdinaryKeys(first: number, step: number): boolean {
    for (let i = first; i < args.count; i += step) if (lengths[i]! > KEY_LENGTH_MAX) return false;
    return true;
  }

  function isPlainPair(first: number): boolean {
    return lengths[first]! <= KEY_LENGTH_MAX && lengths[first + 1]! <= ROW_VALUE_LENGTH_MAX;
  }

  function isPlainMset(count: number): boolean {
    if (count < 3 || (count & 1) === 0) return false;
    for (let i = 1; i < count; i += 2) if (!isPlainPair(i)) return false;
    return true;
  }

  function addRows(
    connection: number,
    opcode: number,
    frame: number,
    next: number,
  ): RespDecoded | GoOn {
    if (opcode === RESP_OPCODE.PING) {
      addPing(connection, frame);
      position = next;
      return GO_ON;
    }
    if (keepsWhole && isCutShort(opcode)) return RESP_DECODED.BATCH_FULL;
    openOpcode = opcode;
    openArgument = 1;
    openEnd = next;
    return addKeys(connection, frame, next) ? GO_ON : RESP_DECODED.BATCH_FULL;
  }

  /** Whether the command would fit a batch as a whole, but not the rest of this one. */
  function isCutShort(opcode: number): boolean {
    const hasValues = opcode === RESP_OPCODE.SET || opcode === RESP_OPCODE.MSET;
    const rowCount = hasValues ? (args.count - 1) / 2 : args.count - 1;
    return rowCount <= BATCH_CAPACITY && batch.count + rowCount > BATCH_CAPACITY;
  }

  function addPing(connection: number, frame: number): void {
    const row = batch.count++;
    opcodes[row] = RESP_OPCODE.PING;
    connections[row] = connection;
    frameOffsets[row] = frame;
    parts[row] = PART.ONLY;
    hashes[row] = 0;
  }

  /** Rows for the open command as far as the batch has room; whether it is complete. */
  function addKeys(connection: number, frame: number, next: number): boolean {
    const { count } = args;
    const hasValues = openOpcode === RESP_OPCODE.SET || openOpcode === RESP_OPCODE.MSET;
    const step = hasValues ? 2 : 1;
    const database = sessions.databases[connection]!;
    const seed = seeds[database]!;
    const total = openOpcode === RESP_OPCODE.MSET ? next - frame : count - 1;
    let row = batch.count;
    let i = openArgument;
    for (; i < count && row < BATCH_CAPACITY; i += step, row++) {
      opcodes[row] = openOpcode;
      connections[row] = connection;
      frameOffsets[row] = frame;
      keyOffsets[row] = offsets[i]!;
      keyLengths[row] = lengths[i]!;
      if (hasValues) {
        valueOffsets[row] = offsets[i + 1]!;
        valueLengths[row] = lengths[i + 1]!;
      }
      hashes[row] = xxHash32(view, offsets[i]!, lengths[i]!, seed);
      databases[row] = database;
      parts[row] = (i === 1 ? PART.FIRST : 0) | (i + step >= count ? PART.LAST : 0);
      totals[row] = total;
    }
    batch.count = row;
    openArgument = i;
    if (i < count) return false;
    openOpcode = 0;
    position = next;
    return true;
  }

  function decodeInline(connection: number, frame: number, end: number): RespDecoded | GoOn {
    const lineLength = area.bytes.subarray(frame, end).indexOf(LF);
    const at = lineLength < 0 ? end : frame + lineLength;
    if (at - frame > lineLengthMax) return refuse("Protocol error: too big inline request");
    if (at === end) return RESP_DECODED.ALL;
    nextCommand = at + 1;
    lineEnd = at > frame && view.getUint8(at - 1) === CR ? at - 1 : at;
    const isPing = lineEnd - frame === 4 && (view.getInt32(frame, true) | CASE_BITS) === NAME_PING;
    if (!isPing || isHot[connection] === 0) return RESP_DECODED.INLINE;
    addPing(connection, frame);
    position = nextCommand;
    return GO_ON;
  }

  return {
    args,
    decode,
    position: () => position,
    frame: () => position,
    next: () => nextCommand,
    lineEnd: () => lineEnd,
    forget: () => {
      openOpcode = 0;
    },
  };
}

/** The loop of `decode` goes on at `position`. */
const GO_ON = -1;
type GoOn = typeof GO_ON;

/** Up to four letters as they lie in memory. */
function word(text: string): number {
  return [...text].reduceRight((bits, letter) => (bits << 8) | letter.charCodeAt(0), 0);
}
