// An entry: one key with its value, in one block of the arena.
//
//   byte  0            2       3       4               8                [16]
//         +------------+-------+-------+---------------+----------------+-------------+-----------+
//         | key length | flags | class | value length  | deadline, only | key bytes   | value     |
//         | u16        | u8    | u7    | i32           | with DEADLINE  |             | bytes     |
//         +------------+-------+-------+---------------+----------------+-------------+-----------+
//
// Little-endian. The class is the block's size class (size-class.ts), so the first word of an entry
// is never negative and a free block's always is. The deadline is in milliseconds since the epoch
// as an unsigned 64-bit integer, low word first, 0 = never: it is kept when a later SET or PERSIST
// takes the deadline away, because the key behind it would have to move.
//
// The flags, from bit 16 of the header on: DEADLINE, PINNED, SWEPT, four bits for the database
// (database.ts), WATCHED.
//
// A value with which the entry would exceed the largest block lies *in pieces* (pieces.ts). Its
// place holds the first and the last of their pages then, and the entry has a place for a deadline
// in any case: so it need never move for one, and no way that leaves deadlines aside meets it. No
// flag is needed: lengths and header say it (`isInPieces`).
//
// A PINNED entry is being sent from where it lies (pins.ts): it may be unlinked, but neither
// written nor freed nor moved until the last pin is gone.

import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { BLOCK_SIZE_MAX, CLASS_SIZES } from "./size-class.ts";

export const ENTRY_HEADER_SIZE = 8;
const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;
export const DEADLINE_SIZE = 8;
export const KEY_LENGTH_MAX = 0xffff;

export const KEY_LENGTH_MASK = 0xffff;
export const FLAG_DEADLINE = 1 << 16;
export const FLAG_PINNED = 1 << 17;
/** Which sweep has last met the entry's pair in the expiry index: expiry-index.ts. */
export const FLAG_SWEPT = 1 << 18;
export const DATABASE_SHIFT = 19;
export const DATABASE_MASK = 0xf << DATABASE_SHIFT;
/** Somebody wants to know when the key changes: watches.ts. */
export const FLAG_WATCHED = 1 << 23;
export const CLASS_SHIFT = 24;

/** What tells keys of one hash apart before their bytes do: length and database. */
const IDENTITY_MASK = KEY_LENGTH_MASK | DATABASE_MASK;

const HIGH_WORD = 2 ** 32;

/** Size of the block an entry needs at least. */
export function entrySize(keyLength: number, valueLength: number, hasDeadline: boolean): number {
  return ENTRY_HEADER_SIZE + (hasDeadline ? DEADLINE_SIZE : 0) + keyLength + valueLength;
}

/** What lies in the value's place of an entry in pieces: two page numbers. */
export const PIECES_SIZE = 8;

/** Whether the entry at a header and with a value of this length has its value in pieces. */
export function isInPieces(header: number, valueLength: number): boolean {
  return valueOffsetIn(header) + valueLength > BLOCK_SIZE_MAX;
}

/** Offset of the key from the entry's first byte, from the entry's first word. */
export function keyOffsetIn(header: number): number {
  return ENTRY_HEADER_SIZE + ((header & FLAG_DEADLINE) >>> 13);
}

/** Offset of the value from the entry's first byte, from the entry's first word. */
export function valueOffsetIn(header: number): number {
  return keyOffsetIn(header) + (header & KEY_LENGTH_MASK);
}

/** A block may be this many times larger than an entry written over the old one needs. */
export const IN_PLACE_SLACK = 2;
/** Blocks up to this size are written over whatever the new size: there is nothing to win. */
export const IN_PLACE_ALWAYS = 64;

/**
 * Whether a value of this length fits the block of an entry, and does not waste too much of it. The
 * entry's value must not lie in pieces: they would be lost.
 */
export function fitsBlock(header: number, valueLength: number, slack: number): boolean {
  const size = valueOffsetIn(header) + valueLength;
  const capacity = CLASS_SIZES[header >>> CLASS_SHIFT]!;
  if (size > capacity) return false;
  return capacity <= IN_PLACE_ALWAYS || capacity <= slack * size;
}

/**
 * Whether the entry at `word` is the key's, in the database with these header bits. Reads the entry
 * by whole words, which its key starts at: a tenth faster than through two views
 * (docs/PERFORMANCE.md).
 */
export function hasKey(
  words: Int32Array,
  word: number,
  view: DataView,
  keyOffset: number,
  keyLength: number,
  databaseBits: number,
): boolean {
  const header = words[word]!;
  if ((header & IDENTITY_MASK) !== (keyLength | databaseBits)) return false;
  const keyWord = word + HEADER_WORDS + ((header & FLAG_DEADLINE) >>> 15);
  const wordCount = keyLength >>> 2;
  let i = 0;
  for (; i < wordCount; i++) {
    if (words[keyWord + i] !== view.getInt32(keyOffset + (i << 2), true)) return false;
  }
  const tail = keyLength & 3;
  if (tail === 0) return true;
  const last = words[keyWord + i]!;
  for (let j = 0; j < tail; j++) {
    if (((last >>> (j << 3)) & 0xff) !== view.getUint8(keyOffset + (i << 2) + j)) return false;
  }
  return true;
}

/** Deadline of the entry at `word`, in milliseconds, 0 = never. Exact below 2^53. */
export function readDeadlineMs(words: Int32Array, word: number): number {
  if ((words[word]! & FLAG_DEADLINE) === 0) return 0;
  return (words[word + 3]! >>> 0) * HIGH_WORD + (words[word + 2]! >>> 0);
}

/** Writes a new entry into a block of `classIndex`, but for value and deadline. */
export function writeEntry(
  arena: Arena,
  reference: number,
  classIndex: number,
  keySource: ByteArea,
  keyOffset: number,
  keyLength: number,
  valueLength: number,
  hasDeadline: boolean,
  databaseBits = 0,
): void {
  const words = arena.words[reference >>> BANK_SHIFT]!;
  const word = wordIndexOf(reference);
  const flags = databaseBits | (hasDeadline ? FLAG_DEADLINE : 0);
  const header = keyLength | flags | (classIndex << CLASS_SHIFT);
  words[word] = header;
  words[word + 1] = valueLength;
  const area = arena.areas[reference >>> BANK_SHIFT]!;
  copyBytes(keySource, keyOffset, area, (word << 2) + keyOffsetIn(header), keyLength);
}
