// A journal between a store and its rings, and what a WAL thread would find in them.

import { ByteArea } from "../../src/lib/byte-area.ts";
import { createJournal, type Journal } from "../../src/wal/journal.ts";
import { RECORD_STEP, RecordReader } from "../../src/wal/record-reader.ts";
import { createWalProducer } from "../../src/wal/staged-producer.ts";
import { reserveWalBuffer, type WalProducer } from "../../src/wal/wal-buffer.ts";
import { WalConsumer } from "../../src/wal/wal-consumer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { KeyspaceFixture, bytesOf } from "./keyspace-fixture.ts";
import { copyRecord, type PlainRecord } from "./plain-wal.ts";

const MIB = 2 ** 20;
const START = 4096;

export interface JournalFixtureOptions {
  readonly partitionCount?: number;
  readonly ringSize?: number;
}

export class JournalFixture {
  readonly keyspace = new KeyspaceFixture({ sizeBytes: 32 * MIB });
  readonly producers: readonly WalProducer[];
  readonly consumers: readonly WalConsumer[];
  readonly journal: Journal;
  /** Everything that was taken out of the rings, by partition. */
  readonly taken: PlainRecord[][];

  constructor({ partitionCount = 1, ringSize = MIB }: JournalFixtureOptions = {}) {
    const doorbell = new WalDoorbell();
    const buffers = Array.from({ length: partitionCount }, () => reserveWalBuffer(ringSize));
    this.producers = buffers.map((buffer) => createWalProducer(buffer, doorbell, START));
    this.consumers = buffers.map((buffer) => new WalConsumer(buffer));
    this.taken = buffers.map(() => []);
    const { store, windows } = this.keyspace;
    const segmentBits = 2;
    const { producers } = this;
    this.journal = createJournal({ store, source: windows.area, producers, segmentBits });
    this.startEpoch(1, START);
    store.writeLog = this.journal;
  }

  startEpoch(epoch: number, position: number): void {
    this.journal.startEpoch(epoch, position);
    for (const consumer of this.consumers) consumer.restart(position);
  }

  /** What a key's partition is. */
  partitionOf(database: number, key: string): number {
    const { store, windows } = this.keyspace;
    const bytes = bytesOf(key);
    windows.area.bytes.set(bytes, windows.keyScratchOffset);
    store.database = database;
    const hash = store.hashOf(windows.keyScratchOffset, bytes.length);
    store.database = 0;
    return (hash >>> 30) % this.producers.length;
  }

  /** Keys of database 0 whose partitions are 0, 1 … */
  keysByPartition(): string[] {
    return this.producers.map((_, partition) => {
      for (let i = 0; ; i++) if (this.partitionOf(0, `key${i}`) === partition) return `key${i}`;
    });
  }

  /** Takes what a partition's ring shows, once; its records. */
  take(partition = 0): PlainRecord[] {
    const found = takeRecords(this.consumers[partition]!);
    this.taken[partition]!.push(...found);
    return found;
  }

  /** Shows and takes until nothing is left; the records of each partition. */
  drain(): PlainRecord[][] {
    const all: PlainRecord[][] = this.producers.map(() => []);
    let hasFound = true;
    while (hasFound) {
      this.journal.publish();
      hasFound = false;
      for (const [partition, list] of all.entries()) {
        const found = this.take(partition);
        list.push(...found);
        if (found.length > 0) hasFound = true;
      }
    }
    return all;
  }

  /** The same of the only partition. */
  records(): PlainRecord[] {
    return this.drain()[0]!;
  }

  group(work: () => void): void {
    this.journal.beginGroup();
    work();
    this.journal.endGroup();
  }
}

/** What a ring shows. */
export function takeRecords(consumer: WalConsumer): PlainRecord[] {
  consumer.look();
  const area = new ByteArea(new ArrayBuffer(consumer.length));
  consumer.take(area.bytes, 0);
  const records = new RecordReader(area);
  records.open(area, 0, area.length);
  const found: PlainRecord[] = [];
  while (records.next() === RECORD_STEP.RECORD) found.push(copyRecord(records));
  if (records.fault !== "") throw new Error(records.fault);
  return found;
}
