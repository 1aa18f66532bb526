// The WAL of one epoch, written by hand: records are laid into groups and files as a test wants
// them. Keys and values are text of one byte a character.

import { ByteArea } from "../../src/lib/byte-area.ts";
import { formatWalName } from "../../src/wal/file-names.ts";
import { GROUP_HEADER_SIZE, GROUP_MAGIC, sealGroup } from "../../src/wal/group.ts";
import type { Meta } from "../../src/wal/meta.ts";
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
import { WAL_FILE_HEADER_SIZE, writeWalFileHeader } from "../../src/wal/wal-file-header.ts";
import { highWord, lowWord } from "./store-fixture.ts";

export const TEST_META: Meta = { checksumSeed: 0xfeedbeef, hashSeeds: [1, 2, 3], segmentBits: 2 };

export interface RecordText {
  readonly kind: RecordKind;
  readonly database?: number;
  readonly key?: string;
  readonly value?: string;
  readonly deadlineMs?: number;
  readonly member?: { readonly id: number; readonly count: number; readonly index: number };
  readonly part?: { readonly offset: number; readonly whole: number };
}

export function recordBytes(record: RecordText): Buffer {
  const { kind, database = 0, key = "", value = "", deadlineMs = 0, member, part } = record;
  const isMember = member !== undefined;
  const isPart = kind === RECORD_KIND.PART;
  const size = recordSize(key.length, value.length, isMember, isPart);
  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const flags = isMember ? FLAG_MEMBER : 0;
  const deadline = [lowWord(deadlineMs), highWord(deadlineMs)] as const;
  writeRecordHeader(view, 0, size, kind, database, key.length, value.length, flags, ...deadline);
  if (isMember) writeMembership(view, RECORD_HEADER_SIZE, member.id, member.count, member.index);
  if (part !== undefined)
    writePartPlace(view, payloadOffset(isMember, false), part.offset, part.whole);
  const offset = payloadOffset(isMember, isPart);
  bytes.write(key, offset, "latin1");
  bytes.write(value, offset + key.length, "latin1");
  return bytes;
}

interface PartitionText {
  sequence: number;
  position: number;
  synced: number;
  /** Records that are in no group yet. */
  pending: Buffer[];
  pendingCount: number;
}

export class WalFiles {
  readonly epoch: number;
  readonly startPosition: number;
  readonly isAfterFailure: boolean;
  readonly #meta: Meta;
  readonly #blocks = new Map<string, Buffer[]>();
  readonly #partitions: PartitionText[];

  constructor(
    partitionCount: number,
    epoch = 1,
    startPosition = 8,
    { meta = TEST_META, isAfterFailure = false } = {},
  ) {
    this.epoch = epoch;
    this.startPosition = startPosition;
    this.isAfterFailure = isAfterFailure;
    this.#meta = meta;
    this.#partitions = Array.from({ length: partitionCount }, () => ({
      sequence: 1,
      position: startPosition,
      synced: startPosition,
      pending: [],
      pendingCount: 0,
    }));
    for (let i = 0; i < partitionCount; i++) this.#beginFile(i);
  }

  get partitionCount(): number {
    return this.#partitions.length;
  }

  /** What has been sealed. */
  get files(): Record<string, Uint8Array> {
    const entries = [...this.#blocks].map(([name, blocks]) => [
      name,
      new Uint8Array(Buffer.concat(blocks)),
    ]);
    return Object.fromEntries(entries) as Record<string, Uint8Array>;
  }

  /** Where the next record of each partition will begin. */
  get positions(): number[] {
    return this.#partitions.map(({ position, pending }) =>
      pending.reduce((sum, { length }) => sum + length, position),
    );
  }

  get endPosition(): number {
    return Math.max(...this.positions);
  }

  append(partition: number, record: RecordText): void {
    const place = this.#partitions[partition]!;
    place.pending.push(recordBytes(record));
    place.pendingCount++;
  }

  /** Makes a group of what was appended. `isSynced`: what was written before is known as synced. */
  seal(partition: number, isSynced = false): void {
    const place = this.#partitions[partition]!;
    if (place.pendingCount === 0) return;
    if (isSynced) place.synced = place.position;
    const records = Buffer.concat(place.pending);
    const area = new ByteArea(new ArrayBuffer(GROUP_HEADER_SIZE + records.length));
    area.bytes.set(records, GROUP_HEADER_SIZE);
    const fields = {
      recordsSize: records.length,
      position: place.position,
      syncedPosition: place.synced,
      recordCount: place.pendingCount,
    };
    sealGroup(area, 0, GROUP_MAGIC, fields, this.#meta.checksumSeed);
    this.#keep(partition, area);
    place.position += records.length;
    place.pending = [];
    place.pendingCount = 0;
  }

  sealAll(): void {
    for (let i = 0; i < this.partitionCount; i++) this.seal(i);
  }

  /** Goes on in another file. */
  rotate(partition: number): void {
    this.seal(partition);
    this.#partitions[partition]!.sequence++;
    this.#partitions[partition]!.synced = this.#partitions[partition]!.position;
    this.#beginFile(partition);
  }

  nameOf(partition: number, sequence = this.#partitions[partition]!.sequence): string {
    return formatWalName(this.epoch, partition, sequence);
  }

  #beginFile(partition: number): void {
    const place = this.#partitions[partition]!;
    const area = new ByteArea(new ArrayBuffer(WAL_FILE_HEADER_SIZE));
    const fields = {
      epoch: this.epoch,
      partition,
      sequence: place.sequence,
      partitionCount: this.partitionCount,
      position: place.position,
      segmentBits: this.#meta.segmentBits,
      isAfterFailure: this.isAfterFailure,
    };
    writeWalFileHeader(area, 0, fields, this.#meta.checksumSeed);
    this.#keep(partition, area);
  }

  #keep(partition: number, { bytes }: ByteArea): void {
    const name = this.nameOf(partition);
    this.#blocks.set(name, [...(this.#blocks.get(name) ?? []), bytes]);
  }
}
