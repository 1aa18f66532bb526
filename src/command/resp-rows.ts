// Executes the rows that RESP asked for: on the short way (fast-resp-commands.ts) where nothing is
// special, otherwise here. A command of several keys is several rows, which nothing comes between,
// and of which only the first may find that its connection has to wait.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import { PART, RESP_OPCODE, RESP_OPCODE_MIN, RESP_OPCODE_NAMES } from "../protocol/resp-opcode.ts";
import { RESP_ERROR, type RespReplies } from "../protocol/resp-replies.ts";
import type { Store } from "../store/store.ts";
import { VERDICT, type WriteLog } from "../store/write-log.ts";
import { COUNTED, Counter } from "./counter.ts";
import type { FastCommands } from "./fast-commands.ts";
import { createFastCounter } from "./fast-counter.ts";

export const ROW = {
  /** The connection has no room for the reply; nothing was executed. */
  BLOCKED: 0,
  /** On the short way: candidates of later rows hold. */
  FAST: 1,
  DONE: 2,
  /** What it would write cannot be logged yet; nothing was executed. */
  WAITING: 3,
  /** It has no short way on this thread, and another one executes it; nothing has happened. */
  ELSEWHERE: 4,
} as const;
export type RowResult = (typeof ROW)[keyof typeof ROW];

export interface RespRows {
  /** GETs and keys of MGET that were not there. */
  missCount: number;
  /** Writes refused because memory is full. */
  refusedCount: number;
  /** Error replies. */
  errorCount: number;
  /** Rows by opcode − RESP_OPCODE_MIN that were not the last of their command. */
  readonly furtherCounts: Float64Array;
  execute(row: number, connection: number): RowResult;
  /** A command of one row, on the short way or not at all. */
  executeFast(row: number, connection: number): boolean;
}

export interface RespRowParts {
  readonly batch: Batch;
  readonly store: Store;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly replies: RespReplies;
  readonly fast: FastCommands;
  /** Null = nothing is made durable. */
  readonly log: WriteLog | null;
}

/** By opcode − RESP_OPCODE_MIN. */
const IS_WRITE = RESP_OPCODE_NAMES.map((name) => ["set", "mset", "incr", "del"].includes(name));

/** A closure over constants: see fast-commands.ts. */
export function createRespRows(rowParts: RespRowParts): RespRows {
  const { batch, store, windows, replies, fast, log } = rowParts;
  const { opcodes, keyOffsets, keyLengths, valueOffsets, valueLengths, hashes } = batch;
  const { parts, databases, totals } = batch;
  const counter = new Counter(store, windows, true);
  const fastCounter = createFastCounter(batch, store.arena, windows, rowParts.sends, log);
  const furtherCounts = new Float64Array(RESP_OPCODE_NAMES.length);
  /** Keys that the command at hand has counted. */
  let tally = 0;
  /** Memory did not suffice for the MSET at hand. */
  let isRefusing = false;
  /** The write at hand could not be made durable. */
  let isFailing = false;
  let failure: Uint8Array = RESP_ERROR.NOT_DURABLE;

  function execute(row: number, connection: number): RowResult {
    if (log === null || !IS_WRITE[opcodes[row]! - RESP_OPCODE_MIN]) {
      return executeRow(row, connection);
    }
    return executeWrite(row, connection, log);
  }

  function executeFast(row: number, connection: number): boolean {
    const isLogged = log !== null && IS_WRITE[opcodes[row]! - RESP_OPCODE_MIN];
    if (isLogged && log.verdict() !== VERDICT.ALLOWED) return false;
    if (fast.execute(row, connection)) return true;
    return opcodes[row] === RESP_OPCODE.INCR && fastCounter.execute(row, connection);
  }

  /** Asks the log first, and makes a group of the records of a command with several keys. */
  function executeWrite(row: number, connection: number, writeLog: WriteLog): RowResult {
    const part = parts[row]!;
    if ((part & PART.FIRST) !== 0) {
      const verdict = writeLog.verdict();
      if (verdict === VERDICT.WAIT) return ROW.WAITING;
      isFailing = verdict !== VERDICT.ALLOWED;
      failure = verdict === VERDICT.REFUSED ? RESP_ERROR.NO_LOG_ROOM : RESP_ERROR.NOT_DURABLE;
      if (isFailing && !replies.mayBegin(connection)) return ROW.BLOCKED;
      if (!isFailing && part !== PART.ONLY) writeLog.beginGroup();
    }
    if (isFailing) {
      if ((part & PART.LAST) === 0) {
        furtherCounts[opcodes[row]! - RESP_OPCODE_MIN]!++;
        return ROW.DONE;
      }
      isFailing = false;
      rows.errorCount++;
      replies.error(connection, failure);
      return ROW.DONE;
    }
    const result = executeRow(row, connection);
    const isOver = (part & PART.LAST) !== 0 || result === ROW.BLOCKED;
    if (isOver && part !== PART.ONLY) writeLog.endGroup();
    return result;
  }

  function executeRow(row: number, connection: number): RowResult {
    const part = parts[row]!;
    if (!isRefusing && fast.execute(row, connection)) {
      if ((part & PART.LAST) === 0) furtherCounts[opcodes[row]! - RESP_OPCODE_MIN]!++;
      return ROW.FAST;
    }
    if (opcodes[row] === RESP_OPCODE.INCR && fastCounter.execute(row, connection)) return ROW.FAST;
    if ((part & PART.FIRST) !== 0 && !replies.mayBegin(connection)) return ROW.BLOCKED;
    store.database = databases[row]!;
    executeOrdinary(row, connection, part);
    store.database = 0;
    if ((part & PART.LAST) === 0) furtherCounts[opcodes[row]! - RESP_OPCODE_MIN]!++;
    return ROW.DONE;
  }

  function executeOrdinary(row: number, connection: number, part: number): void {
    switch (opcodes[row]) {
      case RESP_OPCODE.GET:
        return get(row, connection);
      case RESP_OPCODE.MGET:
        if ((part & PART.FIRST) !== 0) replies.arrayHead(connection, totals[row]!);
        return get(row, connection);
      case RESP_OPCODE.SET:
        return answerSet(connection, set(row));
      case RESP_OPCODE.MSET:
        return setPair(row, connection, part);
      case RESP_OPCODE.INCR:
        return increment(row, connection);
      case RESP_OPCODE.DEL:
      case RESP_OPCODE.EXISTS:
        return count(row, connection, part);
      default:
        return replies.pong(connection);
    }
  }

  function get(row: number, connection: number): void {
    const reference = store.find(keyOffsets[row]!, keyLengths[row]!, hashes[row]!);
    if (reference === 0) {
      rows.missCount++;
      replies.nil(connection);
    } else {
      replies.value(connection, reference);
    }
  }

  function set(row: number): boolean {
    const value = valueOffsets[row]!;
    const length = valueLengths[row]!;
    return store.set(keyOffsets[row]!, keyLengths[row]!, hashes[row]!, value, length, 0, 0) !== 0;
  }

  function answerSet(connection: number, isSet: boolean): void {
    if (isSet) replies.ok(connection);
    else refuse(connection);
  }

  function refuse(connection: number): void {
    rows.refusedCount++;
    rows.errorCount++;
    replies.error(connection, RESP_ERROR.FULL);
  }

  /** All pairs or none: the first asks whether there is memory for all of them. */
  function setPair(row: number, connection: number, part: number): void {
    if ((part & PART.FIRST) !== 0) isRefusing = !store.hasRoomFor(0, totals[row]!);
    // What has been checked may still fail by fragments: then the rest is not attempted.
    if (!isRefusing && !set(row)) isRefusing = true;
    if ((part & PART.LAST) === 0) return;
    answerSet(connection, !isRefusing);
    isRefusing = false;
  }

  function increment(row: number, connection: number): void {
    const counted = counter.addOne(batch, row, 1);
    if (counted === COUNTED.DONE) {
      const { area, scratchOffset } = windows;
      replies.integerText(connection, area, scratchOffset, counter.textLength);
    } else if (counted === COUNTED.FULL) {
      refuse(connection);
    } else {
      rows.errorCount++;
      const isOverflow = counted === COUNTED.OVERFLOW;
      replies.error(connection, isOverflow ? RESP_ERROR.OVERFLOW : RESP_ERROR.NO_INTEGER);
    }
  }

  /** DEL and EXISTS. */
  function count(row: number, connection: number, part: number): void {
    if ((part & PART.FIRST) !== 0) tally = 0;
    const isThere =
      opcodes[row] === RESP_OPCODE.DEL
        ? store.remove(keyOffsets[row]!, keyLengths[row]!, hashes[row]!)
        : store.find(keyOffsets[row]!, keyLengths[row]!, hashes[row]!) !== 0;
    if (isThere) tally++;
    if ((part & PART.LAST) !== 0) replies.integer(connection, tally);
  }

  const rows: RespRows = {
    missCount: 0,
    refusedCount: 0,
    errorCount: 0,
    furtherCounts,
    execute,
    executeFast,
  };
  return rows;
}
