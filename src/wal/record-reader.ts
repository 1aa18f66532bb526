// Steps over the records of a block (record.ts) and leaves offsets into it in its fields.
//
//   open         believes nothing: every length is held against the block and the limits before
//                anything is read
//   openSound    of a block that `checkRecords` has passed: nothing is looked at twice, which
//                saves a good part of what reading costs

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { DATABASE_COUNT } from "../store/database.ts";
import { VALUE_LENGTH_MAX } from "../store/pieces.ts";
import {
  DEADLINE_OFFSET,
  FLAGS_OFFSET,
  FLAG_MEMBER,
  KIND_OFFSET,
  MEMBERSHIP_SIZE,
  PART_PLACE_SIZE,
  RECORD_ALIGNMENT,
  RECORD_HEADER_SIZE,
  RECORD_KIND,
  SIZE_OFFSET,
  VALUE_LENGTH_OFFSET,
  type RecordKind,
} from "./record.ts";

const WORD = 2 ** 32;
/** 64-bit numbers stay below 2^53, so their high words below this. */
const HIGH_WORD_END = 2 ** 21;
const FLAGS_KNOWN = FLAG_MEMBER;
const { SET, FLUSH, FLUSH_ALL, PART } = RECORD_KIND;

export const RECORD_STEP = { RECORD: 0, END: 1, INVALID: 2 } as const;
export type RecordStep = (typeof RECORD_STEP)[keyof typeof RECORD_STEP];

/** The fields are those of the last record, until the next. */
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
  #isSound = false;

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
    this.#isSound = false;
  }

  /** The same with records that `checkRecords` has found to be sound. */
  openSound(area: ByteArea, begin: number, end: number): void {
    this.open(area, begin, end);
    this.#isSound = true;
  }

  /** Milliseconds since the epoch, 0 = never; exact below 2^53. */
  get deadlineMs(): number {
    return (this.deadlineHigh >>> 0) * WORD + (this.deadlineLow >>> 0);
  }

  /** After INVALID it stays invalid. */
  next(): RecordStep {
    if (this.#next === this.#end) return RECORD_STEP.END;
    this.offset = this.#next;
    if (!this.#isSound) {
      this.fault = faultAt(this.area, this.#next, this.#end);
      if (this.fault !== "") return RECORD_STEP.INVALID;
    }
    this.#read();
    this.#next += this.size;
    return RECORD_STEP.RECORD;
  }

  #read(): void {
    const { offset } = this;
    const { view } = this.area;
    // A sound record is no larger than a group, and its value shorter than 2^31.
    this.size = view.getInt32(offset + SIZE_OFFSET, true);
    const word = view.getInt32(offset + KIND_OFFSET, true);
    const kind = (word & 0xff) as RecordKind;
    const isMember = (view.getInt32(offset + FLAGS_OFFSET, true) & FLAG_MEMBER) !== 0;
    this.kind = kind;
    this.database = (word >>> 8) & 0xff;
    this.keyLength = word >>> 16;
    this.valueLength = view.getInt32(offset + VALUE_LENGTH_OFFSET, true);
    this.deadlineLow = view.getInt32(offset + DEADLINE_OFFSET, true);
    this.deadlineHigh = view.getInt32(offset + DEADLINE_OFFSET + 4, true);
    let keyOffset = offset + RECORD_HEADER_SIZE;
    if (isMember || this.isMember) {
      this.#readMembership(keyOffset, isMember);
      if (isMember) keyOffset += MEMBERSHIP_SIZE;
    }
    const isPart = kind === PART;
    this.partOffset = isPart ? view.getInt32(keyOffset, true) : 0;
    this.wholeLength = isPart ? view.getInt32(keyOffset + 4, true) : 0;
    if (isPart) keyOffset += PART_PLACE_SIZE;
    this.keyOffset = keyOffset;
    this.valueOffset = keyOffset + this.keyLength;
  }

  #readMembership(offset: number, isMember: boolean): void {
    const { view } = this.area;
    this.isMember = isMember;
    this.groupId = isMember ? groupIdAt(view, offset) : 0;
    this.groupCount = isMember ? view.getUint32(offset + 8, true) : 0;
    this.groupIndex = isMember ? view.getUint32(offset + 12, true) : 0;
  }
}

/** The number of records between two offsets, or what is wrong with the first that is not sound. */
export function checkRecords(area: ByteArea, begin: number, end: number): number | string {
  const { view } = area;
  let count = 0;
  let offset = begin;
  while (offset !== end) {
    const fault = faultAt(area, offset, end);
    if (fault !== "") return fault;
    offset += view.getInt32(offset + SIZE_OFFSET, true);
    count += 1;
  }
  return count;
}

/** What is wrong with the record at an offset of a block with this end, "" = nothing. */
function faultAt(area: ByteArea, offset: number, end: number): string {
  const { view } = area;
  const left = end - offset;
  if (left < RECORD_HEADER_SIZE) return "a record is cut off in its header";
  const size = view.getUint32(offset + SIZE_OFFSET, true);
  if (size > left) return "a record is longer than what holds it";
  const word = view.getInt32(offset + KIND_OFFSET, true);
  const kind = word & 0xff;
  if (kind < SET || kind > PART) return "a record is of an unknown kind";
  const flags = view.getInt32(offset + FLAGS_OFFSET, true);
  if ((flags & ~FLAGS_KNOWN) !== 0) return "a record has unknown flags";
  const valueLength = view.getUint32(offset + VALUE_LENGTH_OFFSET, true);
  const isMember = (flags & FLAG_MEMBER) !== 0;
  let used = RECORD_HEADER_SIZE + (word >>> 16) + valueLength;
  if (isMember) used += MEMBERSHIP_SIZE;
  if (kind === PART) used += PART_PLACE_SIZE;
  const padding = size - used;
  if (padding < 0 || padding >= RECORD_ALIGNMENT || size % RECORD_ALIGNMENT !== 0) {
    return "a record's size is not that of its contents";
  }
  let fault = isMember ? describeMembership(view, offset + RECORD_HEADER_SIZE) : "";
  if (kind === PART && fault === "") fault = describePart(view, offset, isMember, valueLength);
  if (fault !== "") return fault;
  if (valueLength > VALUE_LENGTH_MAX) return "a value is too long";
  if (((word >>> 8) & 0xff) >= DATABASE_COUNT) return "a record is of a database that there is not";
  if (kind !== SET && kind !== PART) {
    fault = describeRemoval(view, offset, word, valueLength);
    if (fault !== "") return fault;
  }
  for (let i = offset + used; i < offset + size; i++) {
    if (view.getUint8(i) !== 0) return "a record's padding is not zero";
  }
  return "";
}

function describeMembership(view: DataView, offset: number): string {
  if (view.getUint32(offset + 4, true) >= HIGH_WORD_END) {
    return "a transaction group's id is too large";
  }
  const count = view.getUint32(offset + 8, true);
  const index = view.getUint32(offset + 12, true);
  return index < count ? "" : "a record lies outside its transaction group";
}

function describePart(
  view: DataView,
  offset: number,
  isMember: boolean,
  valueLength: number,
): string {
  const place = offset + RECORD_HEADER_SIZE + (isMember ? MEMBERSHIP_SIZE : 0);
  const wholeLength = view.getUint32(place + 4, true);
  if (wholeLength > VALUE_LENGTH_MAX) return "a value is too long";
  if (valueLength === 0) return "a part of a value is empty";
  const isInside = view.getUint32(place, true) + valueLength <= wholeLength;
  return isInside ? "" : "a part lies outside its value";
}

/** Of what has no value: `word` has kind, database and key length. */
function describeRemoval(
  view: DataView,
  offset: number,
  word: number,
  valueLength: number,
): string {
  if (valueLength !== 0) return "a record has a value that it cannot have";
  const low = view.getInt32(offset + DEADLINE_OFFSET, true);
  const high = view.getInt32(offset + DEADLINE_OFFSET + 4, true);
  if ((low | high) !== 0) return "a record has a deadline that it cannot have";
  const kind = word & 0xff;
  const isFlush = kind === FLUSH || kind === FLUSH_ALL;
  if (isFlush && word >>> 16 !== 0) return "a flush has a key";
  const isOfDatabase = ((word >>> 8) & 0xff) !== 0;
  return kind === FLUSH_ALL && isOfDatabase ? "a flush of all databases names one" : "";
}

function groupIdAt(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * WORD + view.getUint32(offset, true);
}
