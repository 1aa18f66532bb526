// A snapshot file, little-endian:
//
//   header, 64 bytes | positions | chunk | chunk | … | trailer, 40 bytes
//
//   byte  0         8         12     16        20         22   24    28   32     40   56
//         +---------+---------+------+---------+----------+----+-----+----+------+----+----------+
//         | magic   | version | num- | segment | parti-   | 0  | ep- | 0  | time | 0  | checksum |
//         | 8 bytes | u32     | ber  | bits u32| tions u16|    | och |    | u64  |    | of 0–55  |
//         +---------+---------+------+---------+----------+----+-----+----+------+----+----------+
//
// Positions: for each partition of the epoch where the WAL has to be replayed from, u64, and behind
// them their checksum, u64.
//
// A chunk is a group (group.ts) with another magic; its records are SETs and PARTs.
//
//   byte  0       4           8            16              24          32
//         +-------+-----------+------------+---------------+-----------+----------+
//         | END1  | number of | number of  | checksum of   | size of   | checksum |
//         | u32   | chunks u32| records u64| the chunks u64| file u64  | of 0–31  |
//         +-------+-----------+------------+---------------+-----------+----------+
//
// The checksum of the chunks goes over all their headers in order (ChunkDigest): a chunk that is
// missing, or comes twice, or from another snapshot, is noticed.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import { CHECKSUM_SIZE, checksum, hasChecksum, writeChecksum } from "./checksum.ts";
import { GROUP_HEADER_SIZE, isPosition, readPosition, writePosition } from "./group.ts";
import { findHeaderFault, type HeaderFormat } from "./header-fault.ts";

export const SNAPSHOT_HEADER_SIZE = 64;
export const SNAPSHOT_VERSION = 1;
/** As long as a chunk's header, so that one read tells which of both it is. */
export const TRAILER_SIZE = GROUP_HEADER_SIZE;
/** `END1`. */
export const TRAILER_MAGIC = 0x31444e45;

const MAGIC = Buffer.from("FKVSSNAP", "latin1");
const VERSION_OFFSET = 8;
const NUMBER_OFFSET = 12;
const SEGMENT_BITS_OFFSET = 16;
const PARTITION_COUNT_OFFSET = 20;
const EPOCH_OFFSET = 24;
const TIME_OFFSET = 32;
const CHECKSUM_OFFSET = 56;
const SEGMENT_BITS_MAX = 31;

const CHUNK_COUNT_OFFSET = 4;
const RECORD_COUNT_OFFSET = 8;
const DIGEST_OFFSET = 16;
const FILE_SIZE_OFFSET = 24;
const TRAILER_CHECKSUM_OFFSET = 32;

const POSITION_SIZE = 8;

const FORMAT: HeaderFormat = {
  magic: MAGIC,
  version: SNAPSHOT_VERSION,
  versionOffset: VERSION_OFFSET,
  checksumOffset: CHECKSUM_OFFSET,
  name: "a snapshot",
  owner: "the snapshot",
};

assert(CHECKSUM_OFFSET + CHECKSUM_SIZE === SNAPSHOT_HEADER_SIZE, "its checksum ends the header");
assert(TRAILER_CHECKSUM_OFFSET + CHECKSUM_SIZE === TRAILER_SIZE, "its checksum ends the trailer");

export interface SnapshotFields {
  readonly number: number;
  /** The epoch of the WAL that the positions belong to. */
  readonly epoch: number;
  readonly segmentBits: number;
  /** When it was begun, in ms since the epoch. */
  readonly timeMs: number;
  /** By partition: where the WAL has to be replayed from. */
  readonly positions: readonly number[];
}

/** Header, positions and their checksum. */
export function snapshotHeadSize(partitionCount: number): number {
  return SNAPSHOT_HEADER_SIZE + partitionCount * POSITION_SIZE + CHECKSUM_SIZE;
}

export function writeSnapshotHead(
  area: ByteArea,
  offset: number,
  fields: SnapshotFields,
  seed: number,
): void {
  const { positions } = fields;
  assert(positions.length > 0 && positions.every(isPosition), "a snapshot has its positions");
  const { view, bytes } = area;
  bytes.fill(0, offset, offset + SNAPSHOT_HEADER_SIZE);
  bytes.set(MAGIC, offset);
  view.setUint32(offset + VERSION_OFFSET, SNAPSHOT_VERSION, true);
  view.setUint32(offset + NUMBER_OFFSET, fields.number, true);
  view.setUint32(offset + SEGMENT_BITS_OFFSET, fields.segmentBits, true);
  view.setUint16(offset + PARTITION_COUNT_OFFSET, positions.length, true);
  view.setUint32(offset + EPOCH_OFFSET, fields.epoch, true);
  writePosition(view, offset + TIME_OFFSET, fields.timeMs);
  writeChecksum(area, offset, offset + CHECKSUM_OFFSET, seed, offset + CHECKSUM_OFFSET);
  const begin = offset + SNAPSHOT_HEADER_SIZE;
  const end = begin + positions.length * POSITION_SIZE;
  for (const [i, position] of positions.entries()) {
    writePosition(view, begin + i * POSITION_SIZE, position);
  }
  writeChecksum(area, begin, end, seed, end);
}

/** What the head says, in two steps: how long it is stands in its first 64 bytes. */
export class SnapshotHead implements SnapshotFields {
  number = 0;
  epoch = 0;
  segmentBits = 0;
  timeMs = 0;
  partitionCount = 0;
  positions: number[] = [];
  /** Whether the last `readHeader` found a format that is not ours to judge. */
  isOfUnknownVersion = false;

  /** Reads the first 64 bytes; what is wrong with them, "" = nothing. */
  readHeader(area: ByteArea, offset: number, seed: number): string {
    const { view } = area;
    const fault = findHeaderFault(area, offset, FORMAT, seed);
    this.isOfUnknownVersion = fault?.isOfUnknownVersion ?? false;
    if (fault !== null) return fault.reason;
    this.number = view.getUint32(offset + NUMBER_OFFSET, true);
    this.segmentBits = view.getUint32(offset + SEGMENT_BITS_OFFSET, true);
    this.partitionCount = view.getUint16(offset + PARTITION_COUNT_OFFSET, true);
    this.epoch = view.getUint32(offset + EPOCH_OFFSET, true);
    this.timeMs = readPosition(view, offset + TIME_OFFSET);
    if (this.number < 1) return "its number is none";
    if (this.epoch < 1) return "its epoch is none";
    if (this.segmentBits > SEGMENT_BITS_MAX) return "its segment bits are too many";
    return this.partitionCount < 1 ? "it has no partition" : "";
  }

  /** Reads the positions behind the 64 bytes at `offset`; what is wrong, "" = nothing. */
  readPositions(area: ByteArea, offset: number, seed: number): string {
    const begin = offset + SNAPSHOT_HEADER_SIZE;
    const end = begin + this.partitionCount * POSITION_SIZE;
    if (!hasChecksum(area, begin, end, seed, end)) {
      return "the checksum of the snapshot's positions is wrong";
    }
    this.positions = Array.from({ length: this.partitionCount }, (_, i) =>
      readPosition(area.view, begin + i * POSITION_SIZE),
    );
    return this.positions.every(isPosition) ? "" : "one of its positions is none";
  }
}

/** A checksum that goes over one chunk's header after the other. */
export class ChunkDigest {
  value = 0n;
  readonly #seed: number;
  readonly #area = new ByteArea(new ArrayBuffer(CHECKSUM_SIZE + GROUP_HEADER_SIZE));

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Takes the header of a chunk, which has the checksum of its records. */
  add(area: ByteArea, offset: number): void {
    const { bytes, view, length } = this.#area;
    view.setBigUint64(0, this.value, true);
    area.bytes.copy(bytes, CHECKSUM_SIZE, offset, offset + GROUP_HEADER_SIZE);
    this.value = checksum(this.#area, 0, length, this.#seed);
  }
}

export interface SnapshotTotals {
  readonly chunkCount: number;
  readonly recordCount: number;
  readonly digest: bigint;
  /** Bytes of the whole file. */
  readonly fileSize: number;
}

export function writeTrailer(
  area: ByteArea,
  offset: number,
  totals: SnapshotTotals,
  seed: number,
): void {
  const { view } = area;
  view.setUint32(offset, TRAILER_MAGIC, true);
  view.setUint32(offset + CHUNK_COUNT_OFFSET, totals.chunkCount, true);
  writePosition(view, offset + RECORD_COUNT_OFFSET, totals.recordCount);
  view.setBigUint64(offset + DIGEST_OFFSET, totals.digest, true);
  writePosition(view, offset + FILE_SIZE_OFFSET, totals.fileSize);
  const end = offset + TRAILER_CHECKSUM_OFFSET;
  writeChecksum(area, offset, end, seed, end);
}

export function isTrailer(area: ByteArea, offset: number): boolean {
  return area.view.getUint32(offset, true) === TRAILER_MAGIC;
}

/** What is wrong with a trailer behind chunks with these totals, "" = nothing. */
export function describeTrailer(
  area: ByteArea,
  offset: number,
  totals: SnapshotTotals,
  seed: number,
): string {
  const { view } = area;
  const end = offset + TRAILER_CHECKSUM_OFFSET;
  if (!hasChecksum(area, offset, end, seed, end)) return "the checksum of the trailer is wrong";
  if (readPosition(view, offset + FILE_SIZE_OFFSET) !== totals.fileSize) {
    return "the file has not the size that the trailer says";
  }
  const isWhole =
    view.getUint32(offset + CHUNK_COUNT_OFFSET, true) === totals.chunkCount &&
    readPosition(view, offset + RECORD_COUNT_OFFSET) === totals.recordCount &&
    view.getBigUint64(offset + DIGEST_OFFSET, true) === totals.digest;
  return isWhole ? "" : "the chunks are not those that were written";
}
