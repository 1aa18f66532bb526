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
import {
  BANK_SHIFT,
  SPAN_MASK,
  SPAN_SHIFT,
  SPAN_WORD_MASK,
  byteOffsetOf,
  type Arena,
} from "../store/arena.ts";
import {
  ENTRY_HEADER_SIZE,
  FLAG_DEADLINE,
  FLAG_PINNED,
  IN_PLACE_SLACK,
  KEY_LENGTH_MASK,
  fitsBlock,
} from "../store/entry.ts";

export interface FastCommands {
  /** Answers a row whose candidate (src/store/candidates.ts) is noted, or does nothing. */
  execute(row: number, connection: number): boolean;
}

const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;
const ORDINARY_MASK = KEY_LENGTH_MASK | FLAG_DEADLINE | FLAG_PINNED;

export function createFastCommands(
  batch: Batch,
  arena: Arena,
  windows: ReceiveWindows,
  sends: SendWindows,
): FastCommands {
  const { opcodes, keyOffsets, keyLengths, valueOffsets, valueLengths, expiryLengths } = batch;
  const { candidates } = batch;
  const { spans } = arena;
  const firstSpan = spans[0]!;
  const source = windows.area.view;
  const target = sends.area.view;
  const { areas } = arena;
  const sourceBytes = windows.area.bytes;
  const targetBytes = sends.area.bytes;
  const { ends, limits } = sends;

  function load(span: number, word: number): number {
    return span === 0 ? firstSpan[word]! : spans[span]![word]!;
  }

  function store(span: number, word: number, value: number): void {
    if (span === 0) firstSpan[word] = value;
    else spans[span]![word] = value;
  }

  /** Whether the entry is the row's key's, and neither has a deadline nor is pinned. */
  function isOrdinary(span: number, word: number, row: number): boolean {
    const keyLength = keyLengths[row]!;
    if ((load(span, word) & ORDINARY_MASK) !== keyLength) return false;
    let at = keyOffsets[row]!;
    let key = word + HEADER_WORDS;
    const wordsEnd = at + (keyLength & ~3);
    for (; at < wordsEnd; at += 4, key++) {
      if (load(span, key) !== source.getInt32(at, true)) return false;
    }
    const tail = keyLength & 3;
    if (tail === 0) return true;
    return (load(span, key) ^ source.getInt32(at, true)) << (32 - (tail << 3)) === 0;
  }

  function get(row: number, connection: number): boolean {
    const candidate = candidates[row]!;
    if (candidate === 0) return false;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    if (!isOrdinary(span, word, row)) return false;
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

  /**
   * Copies from the `skewBits`th bit of a word to bytes `begin` to `end` of the send window. Writes
   * up to 7 bytes too many, which the windows have a margin for.
   */
  function copyValue(
    span: number,
    firstWord: number,
    skewBits: number,
    begin: number,
    end: number,
  ): void {
    let word = firstWord;
    if (skewBits === 0) {
      for (let at = begin; at < end; at += 8, word += 2) {
        target.setInt32(at, load(span, word), true);
        target.setInt32(at + 4, load(span, (word + 1) & SPAN_WORD_MASK), true);
      }
      return;
    }
    let low = load(span, word);
    for (let at = begin; at < end; at += 4) {
      const high = load(span, ++word & SPAN_WORD_MASK);
      target.setInt32(at, (low >>> skewBits) | (high << (32 - skewBits)), true);
      low = high;
    }
  }

  function set(row: number, connection: number): boolean {
    const candidate = candidates[row]!;
    if (candidate === 0 || expiryLengths[row] !== 0) return false;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    if (!isOrdinary(span, word, row)) return false;
    const length = valueLengths[row]!;
    const position = ends[connection]!;
    const end = position + TEXT_HEADER_SIZE + length;
    if (length >= SPLICE_LENGTH_MIN || end > limits[connection]!) return false;
    if (!fitsBlock(load(span, word), length, IN_PLACE_SLACK)) return false;
    store(span, word + 1, length);
    writeTextHeader(target, position, TAG.VALUE, length);
    const keyLength = keyLengths[row]!;
    const valueWord = word + HEADER_WORDS + (keyLength >>> 2);
    const textOffset = position + TEXT_HEADER_SIZE;
    if (length >= NATIVE_COPY_LENGTH_MIN) writeLong(candidate, row, textOffset);
    else if ((keyLength & 3) === 0)
      storeAligned(span, valueWord, valueOffsets[row]!, textOffset, end);
    else storeSkewed(span, valueWord, (keyLength & 3) << 3, valueOffsets[row]!, textOffset, end);
    ends[connection] = end;
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

  /** What words would take longer for. */
  function readLong(candidate: number, keyLength: number, length: number, to: number): void {
    const offset = byteOffsetOf(candidate) + ENTRY_HEADER_SIZE + keyLength;
    areas[candidate >>> BANK_SHIFT]!.bytes.copy(targetBytes, to, offset, offset + length);
  }

  function writeLong(candidate: number, row: number, to: number): void {
    const from = valueOffsets[row]!;
    const end = from + valueLengths[row]!;
    const offset = byteOffsetOf(candidate) + ENTRY_HEADER_SIZE + keyLengths[row]!;
    sourceBytes.copy(areas[candidate >>> BANK_SHIFT]!.bytes, offset, from, end);
    sourceBytes.copy(targetBytes, to, from, end);
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
