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
// crosses a multiple of 8.
//
// Reading: RecordReader steps over a block and leaves offsets into it in its fields. It believes
// nothing: every length is held against the block and the limits before anything is read.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { DATABASE_COUNT } from "../store/database.ts";
import { KEY_LENGTH_MAX } from "../store/entry.ts";
import { VALUE_LENGTH_MAX } from "../store/pieces.ts";

export const RECORD_KIND = { SET: 1, DELETE: 2, FLUSH: 3, FLUSH_ALL: 4, PART: 5 } as const;
export type RecordKind = (typeof RECORD_KIND)[keyof typeof RECORD_KIND];

/** Flag: a member of a transaction group, whose 16 bytes follow the header. */
export const FLAG_MEMBER = 1;
const FLAGS_KNOWN = FLAG_MEMBER;

export const RECORD_ALIGNMENT = 8;
export const RECORD_HEADER_SIZE = 24;
export const MEMBERSHIP_SIZE = 16;
export const PART_PLACE_SIZE = 8;

const SIZE_OFFSET = 0;
const KIND_OFFSET = 4;
const DATABASE_OFFSET = 5;
const KEY_LENGTH_OFFSET = 6;
const VALUE_LENGTH_OFFSET = 8;
const FLAGS_OFFSET = 12;
const DEADLINE_OFFSET = 16;

const WORD = 2 ** 32;
/** 64-bit numbers stay below 2^53, so their high words below this. */
const HIGH_WORD_END = 2 ** 21;

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

export const RECORD_STEP = { RECORD: 0, END: 1, INVALID: 2 } as const;
export type RecordStep = (typeof RECORD_STEP)[keyof typeof RECORD_STEP];

/** Steps over the records of a block; the fields are those of the last record, until the next. */
export class RecordReader {
  area: ByteArea;
  /** Where the record begins in the area, and its size with its padding. */
  offset = 0;
  size = 0;
  kind: RecordKind = RECORD_KIND.SET;
  database = 0;
  keyOffset = 0;
  keyLength = 0;
  valueOffset = 0;
  valueLength = 0;
  /** The deadline's two words, signed, as an entry's words are. */
  deadlineLow = 0;
  deadlineHigh = 0;
  isMember = false;
  /** Of a member: else 0. */
  groupId = 0;
  groupCount = 0;
  groupIndex = 0;
  /** Of a PART; else 0. */
  partOffset = 0;
  wholeLength = 0;
  /** After INVALID: what is wrong with the record at `offset`. */
  fault = "";
  #next = 0;
  #end = 0;

  constructor(area: ByteArea) {
    this.area = area;
  }

  /** Begins with the records between two offsets of an area, which must not change meanwhile. */
  open(area: ByteArea, begin: number, end: number): void {
    assert(0 <= begin && begin <= end && end <= area.length, "records lie in their area");
    this.area = area;
    this.offset = begin;
    this.size = 0;
    this.fault = "";
    this.#next = begin;
    this.#end = end;
  }

  /** Milliseconds since the epoch, 0 = never; exact below 2^53. */
  get deadlineMs(): number {
    return (this.deadlineHigh >>> 0) * WORD + (this.deadlineLow >>> 0);
  }

  /** After INVALID it stays invalid. */
  next(): RecordStep {
    if (this.fault !== "") return RECORD_STEP.INVALID;
    if (this.#next === this.#end) return RECORD_STEP.END;
    this.offset = this.#next;
    this.fault = this.#read();
    if (this.fault !== "") return RECORD_STEP.INVALID;
    this.#next += this.size;
    return RECORD_STEP.RECORD;
  }

  /** What is wrong, "" = nothing. */
  #read(): string {
    const { offset } = this;
    const { view } = this.area;
    const left = this.#end - offset;
    if (left < RECORD_HEADER_SIZE) return "a record is cut off in its header";
    this.size = view.getUint32(offset + SIZE_OFFSET, true);
    if (this.size > left) return "a record is longer than what holds it";
    const kind = view.getUint8(offset + KIND_OFFSET);
    if (!isKind(kind)) return "a record is of an unknown kind";
    const flags = view.getUint32(offset + FLAGS_OFFSET, true);
    if ((flags & ~FLAGS_KNOWN) !== 0) return "a record has unknown flags";
    this.kind = kind;
    this.isMember = (flags & FLAG_MEMBER) !== 0;
    this.database = view.getUint8(offset + DATABASE_OFFSET);
    this.keyLength = view.getUint16(offset + KEY_LENGTH_OFFSET, true);
    this.valueLength = view.getUint32(offset + VALUE_LENGTH_OFFSET, true);
    this.deadlineLow = view.getInt32(offset + DEADLINE_OFFSET, true);
    this.deadlineHigh = view.getInt32(offset + DEADLINE_OFFSET + 4, true);
    const isPart = kind === RECORD_KIND.PART;
    if (this.size !== recordSize(this.keyLength, this.valueLength, this.isMember, isPart)) {
      return "a record's size is not that of its contents";
    }
    this.keyOffset = offset + payloadOffset(this.isMember, isPart);
    this.valueOffset = this.keyOffset + this.keyLength;
    return this.#readMembership() || this.#readPartPlace() || this.#checkContents();
  }

  #readMembership(): string {
    this.groupId = 0;
    this.groupCount = 0;
    this.groupIndex = 0;
    if (!this.isMember) return "";
    const { view } = this.area;
    const offset = this.offset + RECORD_HEADER_SIZE;
    const high = view.getUint32(offset + 4, true);
    if (high >= HIGH_WORD_END) return "a transaction group's id is too large";
    this.groupId = high * WORD + view.getUint32(offset, true);
    this.groupCount = view.getUint32(offset + 8, true);
    this.groupIndex = view.getUint32(offset + 12, true);
    return this.groupIndex < this.groupCount ? "" : "a record lies outside its transaction group";
  }

  #readPartPlace(): string {
    this.partOffset = 0;
    this.wholeLength = 0;
    if (this.kind !== RECORD_KIND.PART) return "";
    const { view } = this.area;
    const offset = this.keyOffset - PART_PLACE_SIZE;
    this.partOffset = view.getUint32(offset, true);
    this.wholeLength = view.getUint32(offset + 4, true);
    if (this.wholeLength > VALUE_LENGTH_MAX) return "a value is too long";
    if (this.valueLength === 0) return "a part of a value is empty";
    const isInside = this.partOffset + this.valueLength <= this.wholeLength;
    return isInside ? "" : "a part lies outside its value";
  }

  #checkContents(): string {
    if (this.valueLength > VALUE_LENGTH_MAX) return "a value is too long";
    if (this.database >= DATABASE_COUNT) return "a record is of a database that there is not";
    const isWithoutValue = this.kind !== RECORD_KIND.SET && this.kind !== RECORD_KIND.PART;
    if (isWithoutValue && this.valueLength !== 0) return "a record has a value that it cannot have";
    if (isWithoutValue && (this.deadlineLow | this.deadlineHigh) !== 0) {
      return "a record has a deadline that it cannot have";
    }
    const isFlush = this.kind === RECORD_KIND.FLUSH || this.kind === RECORD_KIND.FLUSH_ALL;
    if (isFlush && this.keyLength !== 0) return "a flush has a key";
    if (this.kind === RECORD_KIND.FLUSH_ALL && this.database !== 0) {
      return "a flush of all databases names one";
    }
    const { bytes } = this.area;
    const end = this.offset + this.size;
    for (let i = this.valueOffset + this.valueLength; i < end; i++) {
      if (bytes[i] !== 0) return "a record's padding is not zero";
    }
    return "";
  }
}

function isKind(kind: number): kind is RecordKind {
  return kind >= RECORD_KIND.SET && kind <= RECORD_KIND.PART;
}
