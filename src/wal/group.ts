// A group: records that were written together, behind 40 bytes of header. A chunk of a snapshot is
// the same with another magic.
//
//   byte  0       4           8          16         24           32           36
//         +-------+-----------+----------+----------+------------+------------+----------+
//         | magic | bytes of  | position | synced   | checksum   | number of  | checksum |
//         | u32   | records   | u64      | position | of records | records    | of 0–35  |
//         |       | u32       |          | u64      | u64        | u32        | u32      |
//         +-------+-----------+----------+----------+------------+------------+----------+
//
// The position is that of the first record. The synced position is the one up to which the
// partition was synced when the group was written: never more than the position. Both are 0 in a
// chunk.
//
// The header has a checksum of its own, so that it can be believed when its records are torn: it
// says what was synced before it, and with that what is torn and what is damaged.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { checksumWord, hasChecksum, writeChecksum } from "./checksum.ts";
import { RECORD_ALIGNMENT, RECORD_HEADER_SIZE } from "./record.ts";

export const GROUP_HEADER_SIZE = 40;
/** With the header. What claims to be larger is refused before memory is reserved for it. */
export const GROUP_SIZE_MAX = 64 * 1024 * 1024;
export const GROUP_RECORDS_SIZE_MAX = GROUP_SIZE_MAX - GROUP_HEADER_SIZE;

/** `GRP1` and `CHK1`. */
export const GROUP_MAGIC = 0x31505247;
export const CHUNK_MAGIC = 0x314b4843;
export type GroupMagic = typeof GROUP_MAGIC | typeof CHUNK_MAGIC;

const MAGIC_OFFSET = 0;
const RECORDS_SIZE_OFFSET = 4;
const POSITION_OFFSET = 8;
const SYNCED_POSITION_OFFSET = 16;
const RECORDS_CHECKSUM_OFFSET = 24;
const RECORD_COUNT_OFFSET = 32;
const HEADER_CHECKSUM_OFFSET = 36;
const WORD = 2 ** 32;

assert(HEADER_CHECKSUM_OFFSET + 4 === GROUP_HEADER_SIZE, "its checksum ends the header");

export interface GroupFields {
  readonly recordsSize: number;
  /** Position of the first record. */
  readonly position: number;
  /** Position up to which the partition was synced when the group was written. */
  readonly syncedPosition: number;
  readonly recordCount: number;
}

/** Writes the header at `offset` of an area; the records must lie behind it already. */
export function sealGroup(
  area: ByteArea,
  offset: number,
  magic: GroupMagic,
  fields: GroupFields,
  seed: number,
): void {
  const fault = describeFields(fields);
  assert(fault === "", "a group is written as it will be read");
  const { view } = area;
  view.setUint32(offset + MAGIC_OFFSET, magic, true);
  view.setUint32(offset + RECORDS_SIZE_OFFSET, fields.recordsSize, true);
  writePosition(view, offset + POSITION_OFFSET, fields.position);
  writePosition(view, offset + SYNCED_POSITION_OFFSET, fields.syncedPosition);
  const begin = offset + GROUP_HEADER_SIZE;
  const end = begin + fields.recordsSize;
  writeChecksum(area, begin, end, seed, offset + RECORDS_CHECKSUM_OFFSET);
  view.setUint32(offset + RECORD_COUNT_OFFSET, fields.recordCount, true);
  const headerEnd = offset + HEADER_CHECKSUM_OFFSET;
  view.setUint32(headerEnd, checksumWord(area, offset, headerEnd, seed), true);
}

/** What a header says, read into fields that are used again. */
export class GroupHeader implements GroupFields {
  recordsSize = 0;
  position = 0;
  syncedPosition = 0;
  recordCount = 0;

  /** Of the group, header and records. */
  get size(): number {
    return GROUP_HEADER_SIZE + this.recordsSize;
  }

  /** Position behind the last record. */
  get endPosition(): number {
    return this.position + this.recordsSize;
  }

  /** Reads the 40 bytes at `offset`; what is wrong with them, "" = nothing. */
  read(area: ByteArea, offset: number, magic: GroupMagic, seed: number): string {
    const { view } = area;
    if (view.getUint32(offset + MAGIC_OFFSET, true) !== magic) return "there is no group";
    const headerEnd = offset + HEADER_CHECKSUM_OFFSET;
    if (view.getUint32(headerEnd, true) !== checksumWord(area, offset, headerEnd, seed)) {
      return "the checksum of a group's header is wrong";
    }
    this.recordsSize = view.getUint32(offset + RECORDS_SIZE_OFFSET, true);
    this.position = readPosition(view, offset + POSITION_OFFSET);
    this.syncedPosition = readPosition(view, offset + SYNCED_POSITION_OFFSET);
    this.recordCount = view.getUint32(offset + RECORD_COUNT_OFFSET, true);
    return describeFields(this);
  }

  /** Whether what is behind the header at `offset`, which was read, are its records. */
  hasItsRecords(area: ByteArea, offset: number, seed: number): boolean {
    const begin = offset + GROUP_HEADER_SIZE;
    const end = begin + this.recordsSize;
    return hasChecksum(area, begin, end, seed, offset + RECORDS_CHECKSUM_OFFSET);
  }
}

/** A position at an offset; one beyond 2^53 is not exact, and none that anybody has written. */
export function readPosition(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * WORD + view.getUint32(offset, true);
}

export function writePosition(view: DataView, offset: number, position: number): void {
  view.setUint32(offset, position >>> 0, true);
  view.setUint32(offset + 4, Math.floor(position / WORD), true);
}

/** Whether a number can be the position of a record. */
export function isPosition(position: number): boolean {
  return Number.isSafeInteger(position) && position >= 0 && position % RECORD_ALIGNMENT === 0;
}

/** What cannot be, whatever the checksums say; "" = nothing. */
function describeFields(fields: GroupFields): string {
  const { recordsSize, position, syncedPosition, recordCount } = fields;
  if (recordsSize > GROUP_RECORDS_SIZE_MAX) return "a group is larger than 64 MiB";
  if (recordsSize % RECORD_ALIGNMENT !== 0) return "a group's size is no multiple of 8";
  if (recordCount === 0) return "a group is empty";
  if (recordCount * RECORD_HEADER_SIZE > recordsSize) return "a group has too many records";
  if (!isPosition(position) || !isPosition(position + recordsSize)) {
    return "a group's position is none";
  }
  if (!isPosition(syncedPosition) || syncedPosition > position) {
    return "a group claims that it was synced before it was written";
  }
  return "";
}
