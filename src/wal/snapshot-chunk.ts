// A chunk of a snapshot while it is filled: memory that the data thread and a WAL thread share.
//
//   | header, the writer's | record | record | …            |        room |
//   0                 GROUP_HEADER_SIZE                    end         length
//
// The data thread lays records into it (snapshot-walk.ts); then it is the WAL thread's, who puts
// the header in front and writes it (snapshot-writer.ts), until it is empty again.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import { BLOCK_SIZE_MAX } from "../store/size-class.ts";
import { GROUP_HEADER_SIZE, GROUP_SIZE_MAX } from "./group.ts";
import {
  FLAG_MEMBER,
  RECORD_HEADER_SIZE,
  RECORD_KIND,
  payloadOffset,
  recordSize,
  writeMembership,
  writePartPlace,
  writeRecordHeader,
} from "./record.ts";

/** Which part of which value a PART is. */
export interface PartPlace {
  readonly groupId: number;
  readonly groupCount: number;
  readonly groupIndex: number;
  readonly offset: number;
  readonly wholeLength: number;
}

/** Holds any record: an entry that fills its block, or a part behind the longest key. */
export const CHUNK_SIZE_MIN = 2 * BLOCK_SIZE_MAX;

export class SnapshotChunk {
  readonly area: ByteArea;
  /** Behind the last record. */
  end = GROUP_HEADER_SIZE;
  recordCount = 0;

  constructor(buffer: ArrayBufferLike) {
    this.area = new ByteArea(buffer);
    const isSized = this.area.length >= CHUNK_SIZE_MIN && this.area.length <= GROUP_SIZE_MAX;
    assert(isSized, "a chunk holds any record and can be read as one group");
  }

  get recordsSize(): number {
    return this.end - GROUP_HEADER_SIZE;
  }

  clear(): void {
    this.end = GROUP_HEADER_SIZE;
    this.recordCount = 0;
  }

  /**
   * Begins a SET; where its key and, right behind, its value have to be written. -1 when there is
   * no room.
   */
  beginSet(
    database: number,
    keyLength: number,
    valueLength: number,
    deadlineLow: number,
    deadlineHigh: number,
  ): number {
    const size = recordSize(keyLength, valueLength, false, false);
    const { end } = this;
    if (!this.#take(size)) return -1;
    const { view } = this.area;
    const low = deadlineLow;
    const high = deadlineHigh;
    const { SET } = RECORD_KIND;
    writeRecordHeader(view, end, size, SET, database, keyLength, valueLength, 0, low, high);
    return end + payloadOffset(false, false);
  }

  /** Begins a PART; `length` is the part's. */
  beginPart(
    database: number,
    keyLength: number,
    length: number,
    deadlineLow: number,
    deadlineHigh: number,
    place: PartPlace,
  ): number {
    const size = recordSize(keyLength, length, true, true);
    const { end } = this;
    if (!this.#take(size)) return -1;
    const { view } = this.area;
    const low = deadlineLow;
    const high = deadlineHigh;
    const { PART } = RECORD_KIND;
    writeRecordHeader(view, end, size, PART, database, keyLength, length, FLAG_MEMBER, low, high);
    const { groupId, groupCount, groupIndex, offset, wholeLength } = place;
    writeMembership(view, end + RECORD_HEADER_SIZE, groupId, groupCount, groupIndex);
    writePartPlace(view, end + payloadOffset(true, false), offset, wholeLength);
    return end + payloadOffset(true, true);
  }

  /** Takes the room of a record and clears its padding. */
  #take(size: number): boolean {
    if (this.end + size > this.area.length) return false;
    this.end += size;
    this.recordCount++;
    this.area.view.setInt32(this.end - 8, 0, true);
    this.area.view.setInt32(this.end - 4, 0, true);
    return true;
  }
}
