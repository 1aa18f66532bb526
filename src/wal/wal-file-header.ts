// The first 64 bytes of a WAL file: which file it is, and with which position it begins.
//
//   byte  0         8         12      16         20          22           24
//         +---------+---------+-------+----------+-----------+------------+---- …
//         | magic   | version | epoch | sequence | partition | partitions |
//         | 8 bytes | u32     | u32   | u32      | u16       | u16        |
//         +---------+---------+-------+----------+-----------+------------+---- …
//
//   byte  24         32        36      40              56         64
//         +----------+---------+-------+---------------+----------+
//         | position | segment | flags | 16 bytes of 0 | checksum |
//         | u64      | bits u32| u32   |               | u64      |
//         +----------+---------+-------+---------------+----------+
//
// Epoch, sequence and partition are those of the file's name: a file that was renamed is noticed.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { CHECKSUM_SIZE, writeChecksum } from "./checksum.ts";
import { isPosition, readPosition, writePosition } from "./group.ts";
import { findHeaderFault, type HeaderFormat } from "./header-fault.ts";

export const WAL_FILE_HEADER_SIZE = 64;
export const WAL_FILE_VERSION = 1;

/** `FKVSWAL` and LF. */
const MAGIC = Buffer.from("FKVSWAL\n", "latin1");
const VERSION_OFFSET = 8;
const EPOCH_OFFSET = 12;
const SEQUENCE_OFFSET = 16;
const PARTITION_OFFSET = 20;
const PARTITION_COUNT_OFFSET = 22;
const POSITION_OFFSET = 24;
const SEGMENT_BITS_OFFSET = 32;
const FLAGS_OFFSET = 36;
const RESERVED_OFFSET = 40;
const CHECKSUM_OFFSET = 56;
const SEGMENT_BITS_MAX = 31;
const FLAG_AFTER_FAILURE = 1;

const FORMAT: HeaderFormat = {
  magic: MAGIC,
  version: WAL_FILE_VERSION,
  versionOffset: VERSION_OFFSET,
  checksumOffset: CHECKSUM_OFFSET,
  name: "a WAL file",
  owner: "the file",
};

assert(CHECKSUM_OFFSET + CHECKSUM_SIZE === WAL_FILE_HEADER_SIZE, "its checksum ends the header");

export interface WalFileFields {
  readonly epoch: number;
  readonly partition: number;
  /** Within epoch and partition, from 1. */
  readonly sequence: number;
  readonly partitionCount: number;
  /** Position of the first record. */
  readonly position: number;
  readonly segmentBits: number;
  /** The epoch was begun because the log had failed: the one before need not reach up to it. */
  readonly isAfterFailure: boolean;
}

export function writeWalFileHeader(
  area: ByteArea,
  offset: number,
  fields: WalFileFields,
  seed: number,
): void {
  assert(describeFields(fields) === "", "a file's header is written as it will be read");
  const { view, bytes } = area;
  bytes.set(MAGIC, offset);
  view.setUint32(offset + VERSION_OFFSET, WAL_FILE_VERSION, true);
  view.setUint32(offset + EPOCH_OFFSET, fields.epoch, true);
  view.setUint32(offset + SEQUENCE_OFFSET, fields.sequence, true);
  view.setUint16(offset + PARTITION_OFFSET, fields.partition, true);
  view.setUint16(offset + PARTITION_COUNT_OFFSET, fields.partitionCount, true);
  writePosition(view, offset + POSITION_OFFSET, fields.position);
  view.setUint32(offset + SEGMENT_BITS_OFFSET, fields.segmentBits, true);
  view.setUint32(offset + FLAGS_OFFSET, fields.isAfterFailure ? FLAG_AFTER_FAILURE : 0, true);
  bytes.fill(0, offset + RESERVED_OFFSET, offset + CHECKSUM_OFFSET);
  const checksumOffset = offset + CHECKSUM_OFFSET;
  writeChecksum(area, offset, checksumOffset, seed, checksumOffset);
}

/** What a header says, read into fields that are used again. */
export class WalFileHeader implements WalFileFields {
  epoch = 0;
  partition = 0;
  sequence = 0;
  partitionCount = 0;
  position = 0;
  segmentBits = 0;
  isAfterFailure = false;
  /**
   * Whether what the last `read` found is no header at all, which a crash may leave. A header of an
   * unknown version is one, and not ours to judge, let alone to cut.
   */
  isBroken = false;

  /** Reads the 64 bytes at `offset`; what is wrong with them, "" = nothing. */
  read(area: ByteArea, offset: number, seed: number): string {
    const { view } = area;
    const fault = findHeaderFault(area, offset, FORMAT, seed);
    this.isBroken = fault !== null && !fault.isOfUnknownVersion;
    if (fault !== null) return fault.reason;
    this.epoch = view.getUint32(offset + EPOCH_OFFSET, true);
    this.sequence = view.getUint32(offset + SEQUENCE_OFFSET, true);
    this.partition = view.getUint16(offset + PARTITION_OFFSET, true);
    this.partitionCount = view.getUint16(offset + PARTITION_COUNT_OFFSET, true);
    this.position = readPosition(view, offset + POSITION_OFFSET);
    this.segmentBits = view.getUint32(offset + SEGMENT_BITS_OFFSET, true);
    const flags = view.getUint32(offset + FLAGS_OFFSET, true);
    this.isAfterFailure = (flags & FLAG_AFTER_FAILURE) !== 0;
    return describeFields(this);
  }
}

/** What cannot be, whatever the checksum says; "" = nothing. */
function describeFields(fields: WalFileFields): string {
  if (fields.epoch < 1) return "its epoch is none";
  if (fields.sequence < 1) return "its sequence is none";
  if (fields.partition >= fields.partitionCount) return "its partition is none of the partitions";
  if (!isPosition(fields.position)) return "its position is none";
  if (fields.segmentBits > SEGMENT_BITS_MAX) return "its segment bits are too many";
  return "";
}
