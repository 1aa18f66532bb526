// A WalWriter over a simulated disk, with producers and a clock that a test turns, and what can be
// read back of it.

import type { Disk } from "../../src/wal/disk.ts";
import { compareWalNames, parseWalName } from "../../src/wal/file-names.ts";
import { RECORD_STEP } from "../../src/wal/record-reader.ts";
import { createWalProducer } from "../../src/wal/staged-producer.ts";
import { reserveWalBuffer, type WalProducer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { WalReader, type WalFault } from "../../src/wal/wal-reader.ts";
import { WalWriter, type StepResult, type WalWriterOptions } from "../../src/wal/wal-writer.ts";
import { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { appendSet, setRecordBytes } from "./wal-records.ts";

export const CHECKSUM_SEED = 0x5eed;
export const SEGMENT_BITS = 4;
export const START_POSITION = 4096;

/** One partition as the data thread sees it. */
export class TestPartition {
  readonly producer: WalProducer;
  /** Everything appended in this epoch, from `begin` on. */
  sent: Buffer[] = [];
  begin = 0;
  /** The furthest that was ever published as synced, and as written. */
  synced = 0;
  written = 0;

  constructor(buffer: SharedArrayBuffer, doorbell: WalDoorbell, position: number) {
    this.producer = createWalProducer(buffer, doorbell, position);
    this.restart(position);
  }

  /** Whether there was room. */
  append(key: string, value: string): boolean {
    const bytes = setRecordBytes(key, value);
    if (!this.producer.hasRoom(bytes.length)) return false;
    appendSet(this.producer, key, value);
    this.sent.push(bytes);
    return true;
  }

  /** Appends and publishes; there is room. */
  put(key: string, value: string): void {
    if (!this.append(key, value)) throw new Error("there is no room");
    this.producer.publish();
  }

  observe(): void {
    this.synced = Math.max(this.synced, this.producer.syncedPosition());
    this.written = Math.max(this.written, this.producer.writtenPosition());
  }

  restart(position: number): void {
    this.producer.restart(position);
    this.sent = [];
    this.begin = position;
    this.synced = position;
    this.written = position;
  }
}

export interface WalFixtureOptions extends Partial<WalWriterOptions> {
  readonly ringSize?: number;
  readonly disk?: SimulatedDisk;
}

export class WalFixture {
  readonly disk: SimulatedDisk;
  readonly partitions: readonly TestPartition[];
  readonly writer: WalWriter;
  readonly doorbell = new WalDoorbell();
  nowMs = 0;
  ringCount = 0;

  constructor(options: WalFixtureOptions = {}) {
    this.disk = options.disk ?? new SimulatedDisk(new Random(1));
    const { partitionCount = 1, ringSize = 16 * 1024 } = options;
    const buffers = Array.from({ length: partitionCount }, () => reserveWalBuffer(ringSize));
    this.partitions = buffers.map(
      (buffer) => new TestPartition(buffer, this.doorbell, START_POSITION),
    );
    const settings: WalWriterOptions = {
      policy: "always",
      fileSizeMax: 2 ** 20,
      flushIntervalMs: 100,
      batchRecords: 8,
      segmentBits: SEGMENT_BITS,
      seed: CHECKSUM_SEED,
      ...options,
      partitionCount,
    };
    const partitions = buffers.map((buffer, partition) => ({ partition, buffer }));
    this.writer = new WalWriter(this.disk, partitions, settings, () => this.ringCount++);
  }

  /** With the first epoch begun. */
  static started(options: WalFixtureOptions = {}): WalFixture {
    const fixture = new WalFixture(options);
    fixture.writer.startEpoch(1, START_POSITION);
    return fixture;
  }

  get first(): TestPartition {
    return this.partitions[0]!;
  }

  step(): StepResult {
    const result = this.writer.step(this.nowMs);
    for (const partition of this.partitions) partition.observe();
    return result;
  }

  /** Steps until there is nothing to do, which has to come. */
  settle(): void {
    for (let i = 0; i < 10_000; i++) if (this.step() === "idle") return;
    throw new Error("the writer finds no end");
  }
}

export interface ReadBack {
  readonly bytes: Buffer;
  readonly fault: WalFault | null;
  readonly groupCount: number;
}

/** All records of a partition in an epoch, as recovery would read them. */
export function readBack(disk: Disk, partition: number, epoch = 1): ReadBack {
  const files = disk
    .list()
    .flatMap((name) => parseWalName(name) ?? [])
    .filter((file) => file.partition === partition && file.epoch === epoch)
    .toSorted(compareWalNames);
  if (files.length === 0) return { bytes: Buffer.alloc(0), fault: null, groupCount: 0 };
  const reader = new WalReader(disk, files, {
    checksumSeed: CHECKSUM_SEED,
    segmentBits: SEGMENT_BITS,
    fromPosition: null,
    provenPosition: 0,
    isLastEpoch: true,
  });
  const parts: Buffer[] = [];
  let groupCount = 0;
  while (reader.next()) {
    groupCount++;
    const { records } = reader;
    while (records.next() === RECORD_STEP.RECORD) {
      const { bytes } = records.area;
      // A copy: the reader's memory is used again.
      parts.push(Buffer.copyBytesFrom(bytes, records.offset, records.size));
    }
  }
  const { fault } = reader;
  reader.close();
  return { bytes: Buffer.concat(parts), fault, groupCount };
}

/**
 * What is wrong with what a disk has of a partition, which must be the beginning of what was sent,
 * at least up to `position`; "" = nothing.
 */
export function findLoss(
  disk: Disk,
  index: number,
  partition: TestPartition,
  position: number,
  epoch = 1,
): string {
  const { bytes, fault } = readBack(disk, index, epoch);
  const sent = Buffer.concat(partition.sent);
  const where = `partition ${index}`;
  if (fault?.kind === "damage") return `${where} is damaged: ${JSON.stringify(fault)}`;
  if (!sent.subarray(0, bytes.length).equals(bytes)) return `${where} has what nobody sent`;
  const end = partition.begin + bytes.length;
  return end >= position ? "" : `${where} ends at ${end}, and ${position} was promised`;
}
