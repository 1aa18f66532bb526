// The requests that nearly all traffic consists of, without detours: GET of a short value without a
// deadline, SET over an entry that the new value fits. Whatever is special about a request (a miss,
// a deadline, a long value, no room for the reply, a new key) sends it to the commands' ordinary
// methods, which do everything; nothing has been changed here by then.
//
// Closures over constants instead of methods: JavaScriptCore compiles the address and the length of
// a typed array that a constant refers to into the code, once per thread, where a field costs two
// loads and two checks for each access. docs/PERFORMANCE.md has the figures. The functions are
// small enough to be inlined into the executor's loop.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { NATIVE_COPY_LENGTH_MIN } from "../lib/byte-area.ts";
import { OPCODE } from "../protocol/opcode.ts";
import { TAG, TEXT_HEADER_SIZE, writeTextHeader } from "../protocol/v1-replies.ts";
import { SPAN_MASK, SPAN_SHIFT, type Arena } from "../store/arena.ts";
import { ENTRY_HEADER_SIZE, IN_PLACE_SLACK, fitsBlock } from "../store/entry.ts";
import type { WriteLog } from "../store/write-log.ts";
import { createEntryAccess } from "./entry-access.ts";

export interface FastCommands {
  /** Answers a row whose candidate (src/store/candidates.ts) is noted, or does nothing. */
  execute(row: number, connection: number): boolean;
}

const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;
export function createFastCommands(
  batch: Batch,
  arena: Arena,
  windows: ReceiveWindows,
  sends: SendWindows,
  log: WriteLog | null,
): FastCommands {
  const { opcodes, keyLengths, valueOffsets, valueLengths, expiryLengths } = batch;
  const { candidates, hashes } = batch;
  const access = createEntryAccess(batch, arena, windows, sends);
  const { load, store, isOrdinary, copyValue, readLong, writeLong } = access;
  const source = windows.area.view;
  const target = sends.area.view;
  const sourceBytes = windows.area.bytes;
  const targetBytes = sends.area.bytes;
  const { ends, limits } = sends;

  function get(row: number, connection: number): boolean {
    const candidate = candidates[row]!;
    if (candidate === 0) return false;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    if (!isOrdinary(span, word, row, keyLengths[row]!)) return false;
    const length = load(span, word + 1);
    const position = ends[connection]!;
    const end = position + TEXT_HEADER_SIZE + length;
    if (length >= SPLICE_LENGTH_MIN || end > limits[connection]!) return false;
    writeTextHeader(target, position, TAG.VALUE, length);
    const keyLength = keyLengths[row]!;
    const valueWord = word + HEADER_WORDS + (keyLength >>> 2);
    const to = position + TEXT_HEADER_SIZE;
    if (length < NATIVE_COPY_LENGTH_MIN) copyValue(span, valueWord, (keyLength & 3) << 3, to, end);
    else readLong(candidate, keyLength, length, to);
    ends[connection] = end;
    return true;
  }

  function set(row: number, connection: number): boolean {
    const candidate = candidates[row]!;
    if (candidate === 0 || expiryLengths[row] !== 0) return false;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    if (!isOrdinary(span, word, row, keyLengths[row]!)) return false;
    const length = valueLengths[row]!;
    const position = ends[connection]!;
    const end = position + TEXT_HEADER_SIZE + length;
    if (length >= SPLICE_LENGTH_MIN || end > limits[connection]!) return false;
    // A value that long may lie in pieces, which its entry has to give back.
    if (load(span, word + 1) >= SPLICE_LENGTH_MIN) return false;
    if (!fitsBlock(load(span, word), length, IN_PLACE_SLACK)) return false;
    store(span, word + 1, length);
    writeTextHeader(target, position, TAG.VALUE, length);
    const keyLength = keyLengths[row]!;
    const valueWord = word + HEADER_WORDS + (keyLength >>> 2);
    const textOffset = position + TEXT_HEADER_SIZE;
    if (length >= NATIVE_COPY_LENGTH_MIN) writeLongBoth(candidate, row, textOffset);
    else if ((keyLength & 3) === 0)
      storeAligned(span, valueWord, valueOffsets[row]!, textOffset, end);
    else storeSkewed(span, valueWord, (keyLength & 3) << 3, valueOffsets[row]!, textOffset, end);
    ends[connection] = end;
    if (log !== null) log.wrote(candidate, hashes[row]!);
    return true;
  }

  /**
   * Copies a value to an entry, from one of its words on, and to bytes `begin` to `end` of the send
   * window. The last word may take up to three bytes too many: blocks consist of whole words.
   */
  function storeAligned(
    span: number,
    firstWord: number,
    valueOffset: number,
    begin: number,
    end: number,
  ): void {
    let word = firstWord;
    let from = valueOffset;
    for (let at = begin; at < end; at += 4, from += 4) {
      const bits = source.getInt32(from, true);
      target.setInt32(at, bits, true);
      store(span, word++, bits);
    }
  }

  /** The same from the `skewBits`th bit of a word on, which begins with the end of the key. */
  function storeSkewed(
    span: number,
    firstWord: number,
    skewBits: number,
    valueOffset: number,
    begin: number,
    end: number,
  ): void {
    let word = firstWord;
    let from = valueOffset;
    let carry = load(span, word) & ((1 << skewBits) - 1);
    for (let at = begin; at < end; at += 4, from += 4) {
      const bits = source.getInt32(from, true);
      target.setInt32(at, bits, true);
      store(span, word++, carry | (bits << skewBits));
      carry = bits >>> (32 - skewBits);
    }
    const lastWord = firstWord + ((((skewBits >>> 3) + end - begin - 1) >>> 2) | 0);
    if (word === lastWord) store(span, word, carry);
  }

  function writeLongBoth(candidate: number, row: number, to: number): void {
    const from = valueOffsets[row]!;
    writeLong(candidate, row);
    sourceBytes.copy(targetBytes, to, from, from + valueLengths[row]!);
  }

  return {
    execute(row, connection) {
      const opcode = opcodes[row];
      if (opcode === OPCODE.GET) return get(row, connection);
      if (opcode === OPCODE.SET) return set(row, connection);
      return false;
    },
  };
}
