// One record: what a write did to one key, or to a database. A multiple of 8 bytes, little-endian.
//
//   byte  0      4      5          6            8              12      16         24
//         +------+------+----------+------------+--------------+-------+----------+
//         | size | kind | database | key length | value length | flags | deadline | …
//         | u32  | u8   | u8       | u16        | u32          | u32   | u64      |
//         +------+------+----------+------------+--------------+-------+----------+
//         … members of a transaction group only: group id u64, count u32, index u32
//         … PART only: offset in the value u32, length of the whole value u32
//         … key, value, zeroes up to a multiple of 8
//
// The value length of a PART is that of the part. The deadline is in ms since the epoch, 0 = never,
// all 64 bits of it: the store has such beyond 2^53, too.
//
// Writing: `recordSize`, `writeRecordHeader`, then `writeMembership` and `writePartPlace` where
// they apply, then key, value and padding at `payloadOffset`. All of them take numbers and allocate
// nothing. Where a record may wrap is the ring's matter: none of the three parts has a field that
// crosses a multiple of 8. Reading: record-reader.ts.

import { assert } from "../lib/assert.ts";
import { KEY_LENGTH_MAX } from "../store/entry.ts";
import { VALUE_LENGTH_MAX } from "../store/pieces.ts";

export const RECORD_KIND = { SET: 1, DELETE: 2, FLUSH: 3, FLUSH_ALL: 4, PART: 5 } as const;
export type RecordKind = (typeof RECORD_KIND)[keyof typeof RECORD_KIND];

/** Flag: a member of a transaction group, whose 16 bytes follow the header. */
export const FLAG_MEMBER = 1;

export const RECORD_ALIGNMENT = 8;
export const RECORD_HEADER_SIZE = 24;
export const MEMBERSHIP_SIZE = 16;
export const PART_PLACE_SIZE = 8;

export const SIZE_OFFSET = 0;
/** Of a word: kind, database and key length, from its low byte on. */
export const KIND_OFFSET = 4;
export const VALUE_LENGTH_OFFSET = 8;
export const FLAGS_OFFSET = 12;
export const DEADLINE_OFFSET = 16;

const WORD = 2 ** 32;

assert(DEADLINE_OFFSET + 8 === RECORD_HEADER_SIZE, "the deadline ends the header");
assert(KEY_LENGTH_MAX === 0xffff, "the key length is a u16");
assert(VALUE_LENGTH_MAX < 2 ** 31, "the value length is a u32");

/** Bytes from a record's first to its key. */
export function payloadOffset(isMember: boolean, isPart: boolean): number {
  return RECORD_HEADER_SIZE + (isMember ? MEMBERSHIP_SIZE : 0) + (isPart ? PART_PLACE_SIZE : 0);
}

/** Size of a record with its padding. */
export function recordSize(
  keyLength: number,
  valueLength: number,
  isMember: boolean,
  isPart: boolean,
): number {
  const size = payloadOffset(isMember, isPart) + keyLength + valueLength;
  return Math.ceil(size / RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
}

/** Writes the 24 bytes of the header; `size` is `recordSize`'s, the deadline comes in two words. */
export function writeRecordHeader(
  view: DataView,
  offset: number,
  size: number,
  kind: RecordKind,
  database: number,
  keyLength: number,
  valueLength: number,
  flags: number,
  deadlineLow: number,
  deadlineHigh: number,
): void {
  view.setUint32(offset + SIZE_OFFSET, size, true);
  view.setUint32(offset + KIND_OFFSET, kind | (database << 8) | (keyLength << 16), true);
  view.setUint32(offset + VALUE_LENGTH_OFFSET, valueLength, true);
  view.setUint32(offset + FLAGS_OFFSET, flags, true);
  view.setInt32(offset + DEADLINE_OFFSET, deadlineLow, true);
  view.setInt32(offset + DEADLINE_OFFSET + 4, deadlineHigh, true);
}

/** Writes the 16 bytes of a member of a transaction group. */
export function writeMembership(
  view: DataView,
  offset: number,
  groupId: number,
  groupCount: number,
  groupIndex: number,
): void {
  view.setUint32(offset, groupId >>> 0, true);
  view.setUint32(offset + 4, Math.floor(groupId / WORD), true);
  view.setUint32(offset + 8, groupCount, true);
  view.setUint32(offset + 12, groupIndex, true);
}

/** Writes the 8 bytes that say which part of a value a PART is. */
export function writePartPlace(
  view: DataView,
  offset: number,
  partOffset: number,
  wholeLength: number,
): void {
  view.setUint32(offset, partOffset, true);
  view.setUint32(offset + 4, wholeLength, true);
}
