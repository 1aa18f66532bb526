// How the short ways of v1 and RESP read and write an entry that a candidate row refers to: whether
// it is the row's key's and nothing about it is special, its value to a send window, a value into
// it.
//
// A closure over constants: see fast-commands.ts. Its functions are small enough to be inlined.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import { BANK_SHIFT, SPAN_WORD_MASK, byteOffsetOf, type Arena } from "../store/arena.ts";
import {
  DATABASE_MASK,
  ENTRY_HEADER_SIZE,
  FLAG_DEADLINE,
  FLAG_PINNED,
  FLAG_WATCHED,
  KEY_LENGTH_MASK,
} from "../store/entry.ts";

const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;
const ORDINARY_MASK = KEY_LENGTH_MASK | DATABASE_MASK | FLAG_DEADLINE | FLAG_PINNED | FLAG_WATCHED;

export interface EntryAccess {
  load(span: number, word: number): number;
  store(span: number, word: number, value: number): void;
  /**
   * Whether the entry is the row's key's, and has neither deadline nor pin nor watcher. `identity`
   * is the key's length and, above it, its database: see src/store/entry.ts.
   */
  isOrdinary(span: number, word: number, row: number, identity: number): boolean;
  /**
   * Copies from the `skewBits`th bit of a word to bytes `begin` to `end` of the send window. Writes
   * up to 7 bytes too many, which the windows have a margin for.
   */
  copyValue(span: number, firstWord: number, skewBits: number, begin: number, end: number): void;
  /** What words would take longer for: `length` bytes of a candidate's value to a send window. */
  readLong(candidate: number, keyLength: number, length: number, to: number): void;
  /** The row's value into a candidate. */
  writeLong(candidate: number, row: number): void;
  /** The row's value into an entry, from one of its words on; blocks consist of whole words. */
  writeAligned(span: number, firstWord: number, from: number, length: number): void;
  /** The same from the `skewBits`th bit of a word on, which begins with the end of the key. */
  writeSkewed(
    span: number,
    firstWord: number,
    skewBits: number,
    from: number,
    length: number,
  ): void;
}

export function createEntryAccess(
  batch: Batch,
  arena: Arena,
  windows: ReceiveWindows,
  sends: SendWindows,
): EntryAccess {
  const { keyOffsets, valueOffsets, valueLengths, keyLengths } = batch;
  const { spans, areas } = arena;
  const firstSpan = spans[0]!;
  const source = windows.area.view;
  const target = sends.area.view;
  const sourceBytes = windows.area.bytes;
  const targetBytes = sends.area.bytes;

  function load(span: number, word: number): number {
    return span === 0 ? firstSpan[word]! : spans[span]![word]!;
  }

  function store(span: number, word: number, value: number): void {
    if (span === 0) firstSpan[word] = value;
    else spans[span]![word] = value;
  }

  function isOrdinary(span: number, word: number, row: number, identity: number): boolean {
    if ((load(span, word) & ORDINARY_MASK) !== identity) return false;
    const keyLength = identity & KEY_LENGTH_MASK;
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

  function readLong(candidate: number, keyLength: number, length: number, to: number): void {
    const offset = byteOffsetOf(candidate) + ENTRY_HEADER_SIZE + keyLength;
    areas[candidate >>> BANK_SHIFT]!.bytes.copy(targetBytes, to, offset, offset + length);
  }

  function writeLong(candidate: number, row: number): void {
    const from = valueOffsets[row]!;
    const offset = byteOffsetOf(candidate) + ENTRY_HEADER_SIZE + keyLengths[row]!;
    const entryBytes = areas[candidate >>> BANK_SHIFT]!.bytes;
    sourceBytes.copy(entryBytes, offset, from, from + valueLengths[row]!);
  }

  function writeAligned(span: number, firstWord: number, from: number, length: number): void {
    let word = firstWord;
    const end = from + length;
    for (let at = from; at < end; at += 4) store(span, word++, source.getInt32(at, true));
  }

  function writeSkewed(
    span: number,
    firstWord: number,
    skewBits: number,
    from: number,
    length: number,
  ): void {
    let word = firstWord;
    let carry = load(span, word) & ((1 << skewBits) - 1);
    const end = from + length;
    for (let at = from; at < end; at += 4) {
      const bits = source.getInt32(at, true);
      store(span, word++, carry | (bits << skewBits));
      carry = bits >>> (32 - skewBits);
    }
    const lastWord = firstWord + ((((skewBits >>> 3) + length - 1) >>> 2) | 0);
    if (word === lastWord) store(span, word, carry);
  }

  return {
    load,
    store,
    isOrdinary,
    copyValue,
    readLong,
    writeLong,
    writeAligned,
    writeSkewed,
  };
}
