// The short ways of RESP, beside those of v1 (fast-commands.ts, where the why is): GET and the keys
// of MGET for a short value without a deadline, SET and the pairs of MSET over an entry that the
// new value fits.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { NATIVE_COPY_LENGTH_MIN } from "../lib/byte-area.ts";
import { PART, RESP_OPCODE } from "../protocol/resp-opcode.ts";
import {
  ARRAY_HEAD_SIZE_MAX,
  BULK_OVERHEAD_MAX,
  CRLF,
  OK_SIZE,
  STAR,
  writeBulkHead,
  writeHead,
  writeOk,
} from "../protocol/resp-head.ts";
import { SPAN_MASK, SPAN_SHIFT, type Arena } from "../store/arena.ts";
import { DATABASE_SHIFT, ENTRY_HEADER_SIZE, IN_PLACE_SLACK, fitsBlock } from "../store/entry.ts";
import type { WriteLog } from "../store/write-log.ts";
import { createEntryAccess } from "./entry-access.ts";
import type { FastCommands } from "./fast-commands.ts";

const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;

export function createFastRespCommands(
  batch: Batch,
  arena: Arena,
  windows: ReceiveWindows,
  sends: SendWindows,
  log: WriteLog | null,
): FastCommands {
  const { opcodes, keyLengths, valueOffsets, valueLengths, candidates, hashes } = batch;
  const { parts, databases, totals } = batch;
  const access = createEntryAccess(batch, arena, windows, sends);
  const { load, store, isOrdinary, copyValue, readLong } = access;
  const { writeAligned, writeLong, writeSkewed } = access;
  const target = sends.area.view;
  const { ends, limits } = sends;

  function identityOf(row: number): number {
    return keyLengths[row]! | (databases[row]! << DATABASE_SHIFT);
  }

  function get(row: number, connection: number, isFirstOfMany: boolean): boolean {
    const candidate = candidates[row]!;
    if (candidate === 0) return false;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    if (!isOrdinary(span, word, row, identityOf(row))) return false;
    const length = load(span, word + 1);
    let position = ends[connection]!;
    const need = length + BULK_OVERHEAD_MAX + ARRAY_HEAD_SIZE_MAX;
    if (length >= SPLICE_LENGTH_MIN || position + need > limits[connection]!) return false;
    if (isFirstOfMany) position = writeHead(target, position, STAR, totals[row]!);
    position = writeBulkHead(target, position, length);
    const end = position + length;
    const keyLength = keyLengths[row]!;
    const valueWord = word + HEADER_WORDS + (keyLength >>> 2);
    if (length >= NATIVE_COPY_LENGTH_MIN) readLong(candidate, keyLength, length, position);
    else copyValue(span, valueWord, (keyLength & 3) << 3, position, end);
    target.setUint16(end, CRLF);
    ends[connection] = end + 2;
    return true;
  }

  function set(row: number, connection: number): boolean {
    const candidate = candidates[row]!;
    if (candidate === 0) return false;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    if (!isOrdinary(span, word, row, identityOf(row))) return false;
    const length = valueLengths[row]!;
    const position = ends[connection]!;
    if (position + OK_SIZE > limits[connection]!) return false;
    // A value that long may lie in pieces, which its entry has to give back.
    if (load(span, word + 1) >= SPLICE_LENGTH_MIN) return false;
    if (!fitsBlock(load(span, word), length, IN_PLACE_SLACK)) return false;
    store(span, word + 1, length);
    const keyLength = keyLengths[row]!;
    const valueWord = word + HEADER_WORDS + (keyLength >>> 2);
    const from = valueOffsets[row]!;
    if (length >= NATIVE_COPY_LENGTH_MIN) writeLong(candidate, row);
    else if ((keyLength & 3) === 0) writeAligned(span, valueWord, from, length);
    else writeSkewed(span, valueWord, (keyLength & 3) << 3, from, length);
    if (log !== null) log.wrote(candidate, hashes[row]!);
    return true;
  }

  function answerOk(connection: number): void {
    const position = ends[connection]!;
    writeOk(target, position);
    ends[connection] = position + OK_SIZE;
  }

  return {
    execute(row, connection) {
      const opcode = opcodes[row]!;
      if (opcode === RESP_OPCODE.GET) return get(row, connection, false);
      if (opcode === RESP_OPCODE.SET) {
        if (!set(row, connection)) return false;
        answerOk(connection);
        return true;
      }
      // The first pair of an MSET asks whether there is memory for all.
      if (opcode === RESP_OPCODE.MGET) {
        return get(row, connection, (parts[row]! & PART.FIRST) !== 0);
      }
      if (opcode !== RESP_OPCODE.MSET || (parts[row]! & PART.FIRST) !== 0) return false;
      if (!set(row, connection)) return false;
      if ((parts[row]! & PART.LAST) !== 0) answerOk(connection);
      return true;
    },
  };
}
