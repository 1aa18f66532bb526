// WAL files for tests, byte by byte through the functions that the writer uses, and records as
// plain objects on either side: the same object that was encoded is compared with what was read.

import fc from "fast-check";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { formatWalName, parseWalName, type WalFileName } from "../../src/wal/file-names.ts";
import { GROUP_HEADER_SIZE, GROUP_MAGIC, sealGroup } from "../../src/wal/group.ts";
import {
  FLAG_MEMBER,
  RECORD_HEADER_SIZE,
  RECORD_KIND,
  payloadOffset,
  recordSize,
  writeMembership,
  writePartPlace,
  writeRecordHeader,
  type RecordKind,
} from "../../src/wal/record.ts";
import type { RecordReader } from "../../src/wal/record-reader.ts";
import { WAL_FILE_HEADER_SIZE, writeWalFileHeader } from "../../src/wal/wal-file-header.ts";

export const SEED = 0xfeedbeef;
export const SEGMENT_BITS = 10;

export interface PlainRecord {
  readonly kind: RecordKind;
  readonly database: number;
  readonly key: string;
  readonly value: string;
  readonly deadlineMs: number;
  readonly group: { readonly id: number; readonly count: number; readonly index: number } | null;
  readonly part: { readonly offset: number; readonly wholeLength: number } | null;
}

export function set(key: string, value: string, more: Partial<PlainRecord> = {}): PlainRecord {
  const kind = RECORD_KIND.SET;
  return { kind, database: 0, key, value, deadlineMs: 0, group: null, part: null, ...more };
}

export function encodeRecord(record: PlainRecord): Uint8Array {
  const { kind, database, deadlineMs, group, part } = record;
  const key = Buffer.from(record.key, "latin1");
  const value = Buffer.from(record.value, "latin1");
  const size = recordSize(key.length, value.length, group !== null, part !== null);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const flags = group === null ? 0 : FLAG_MEMBER;
  const low = (deadlineMs % 2 ** 32) | 0;
  const high = Math.floor(deadlineMs / 2 ** 32) | 0;
  writeRecordHeader(view, 0, size, kind, database, key.length, value.length, flags, low, high);
  if (group !== null) {
    writeMembership(view, RECORD_HEADER_SIZE, group.id, group.count, group.index);
  }
  const begin = payloadOffset(group !== null, part !== null);
  if (part !== null) writePartPlace(view, begin - 8, part.offset, part.wholeLength);
  bytes.set(key, begin);
  bytes.set(value, begin + key.length);
  return bytes;
}

/** A copy of the record that a reader is at. */
export function copyRecord(records: RecordReader): PlainRecord {
  const { kind, database, deadlineMs, keyOffset, valueOffset } = records;
  const text = (begin: number, length: number) =>
    records.area.bytes.toString("latin1", begin, begin + length);
  const { groupId, groupCount, groupIndex, partOffset, wholeLength } = records;
  return {
    kind,
    database,
    key: text(keyOffset, records.keyLength),
    value: text(valueOffset, records.valueLength),
    deadlineMs,
    group: records.isMember ? { id: groupId, count: groupCount, index: groupIndex } : null,
    part: kind === RECORD_KIND.PART ? { offset: partOffset, wholeLength } : null,
  };
}

export interface PlainGroup {
  readonly records: readonly PlainRecord[];
  readonly syncedPosition: number;
}

export interface PlainFile {
  readonly epoch?: number;
  readonly partition?: number;
  readonly sequence?: number;
  readonly partitionCount?: number;
  readonly position?: number;
  readonly groups: readonly PlainGroup[];
}

export interface BuiltFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where each group begins in the file, and at last its end. */
  readonly offsets: readonly number[];
  /** Position of each group, and at last the position behind them. */
  readonly positions: readonly number[];
}

export function buildGroup(group: PlainGroup, position: number, seed = SEED): Uint8Array {
  const records = Buffer.concat(group.records.map(encodeRecord));
  const area = new ByteArea(new ArrayBuffer(GROUP_HEADER_SIZE + records.length));
  area.bytes.set(records, GROUP_HEADER_SIZE);
  const { syncedPosition } = group;
  const recordCount = group.records.length;
  const fields = { recordsSize: records.length, position, syncedPosition, recordCount };
  sealGroup(area, 0, GROUP_MAGIC, fields, seed);
  return area.bytes;
}

export function buildWalFile(file: PlainFile): BuiltFile {
  const { epoch = 1, partition = 0, sequence = 1, partitionCount = 2, position = 0 } = file;
  const header = new ByteArea(new ArrayBuffer(WAL_FILE_HEADER_SIZE));
  const isAfterFailure = false;
  const fields = { epoch, partition, sequence, partitionCount, position, isAfterFailure };
  writeWalFileHeader(header, 0, { ...fields, segmentBits: SEGMENT_BITS }, SEED);
  const parts: Uint8Array[] = [header.bytes];
  const offsets = [WAL_FILE_HEADER_SIZE];
  const positions = [position];
  for (const group of file.groups) {
    const bytes = buildGroup(group, positions.at(-1)!);
    parts.push(bytes);
    offsets.push(offsets.at(-1)! + bytes.length);
    positions.push(positions.at(-1)! + bytes.length - GROUP_HEADER_SIZE);
  }
  const name = formatWalName(epoch, partition, sequence);
  // No Buffer: a slice of one is no copy.
  return { name, bytes: new Uint8Array(Buffer.concat(parts)), offsets, positions };
}

/** Files of a disk by their names. */
export function filesOf(...files: readonly BuiltFile[]): Record<string, Uint8Array> {
  return Object.fromEntries(files.map(({ name, bytes }) => [name, bytes]));
}

export function namesOf(...files: readonly { name: string }[]): WalFileName[] {
  return files.map(({ name }) => parseWalName(name)!);
}

const bytesText = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));

/** Any record that may be written. */
export const anyRecord: fc.Arbitrary<PlainRecord> = fc
  .record({
    kind: fc.constantFrom(...Object.values(RECORD_KIND)),
    database: fc.nat(15),
    key: bytesText(40),
    value: bytesText(200),
    deadlineMs: fc.oneof(fc.constant(0), fc.maxSafeNat()),
    group: fc.option(
      fc.record({
        id: fc.maxSafeNat(),
        count: fc.integer({ min: 5, max: 9 }),
        index: fc.nat(4),
      }),
    ),
    part: fc.record({
      offset: fc.nat(1000),
      wholeLength: fc.integer({ min: 1300, max: 512 * 1024 * 1024 }),
    }),
  })
  .map((record) => {
    const isPart = record.kind === RECORD_KIND.PART;
    const hasValue = isPart || record.kind === RECORD_KIND.SET;
    const hasKey = hasValue || record.kind === RECORD_KIND.DELETE;
    return {
      ...record,
      database: record.kind === RECORD_KIND.FLUSH_ALL ? 0 : record.database,
      key: hasKey ? record.key : "",
      value: hasValue ? `${record.value}${isPart ? "." : ""}` : "",
      deadlineMs: hasValue ? record.deadlineMs : 0,
      part: isPart ? record.part : null,
    };
  });
