// Journals of two data threads over one store and the same rings, called one after the other, and
// what a WAL thread would find there.

import { VERDICT } from "../../src/store/write-log.ts";
import { createJoinedProducer } from "../../src/wal/joined-producer.ts";
import { createJournal, type Journal } from "../../src/wal/journal.ts";
import { JournalShare } from "../../src/wal/journal-share.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { WalConsumer } from "../../src/wal/wal-consumer.ts";
import { PRODUCER_LOCK, WalDoorbell } from "../../src/wal/wal-control.ts";
import { takeRecords } from "./journal-fixture.ts";
import type { KeyspaceFixture } from "./keyspace-fixture.ts";
import type { PlainRecord } from "./plain-wal.ts";
import { ThreadPair, withAllLocks } from "./thread-pair.ts";

const MIB = 2 ** 20;
const START = 4096;
const SEGMENT_BITS = 2;
const THREAD_COUNT = 2;

export interface JournalThread {
  readonly keyspace: KeyspaceFixture;
  readonly journal: Journal;
}

export class JournalThreads {
  readonly threads: readonly JournalThread[];
  readonly consumers: readonly WalConsumer[];
  /** Everything that was taken out of the rings, by partition. */
  readonly taken: PlainRecord[][];
  readonly #shareBuffer = JournalShare.reserve(THREAD_COUNT);
  readonly #rings: readonly SharedArrayBuffer[];

  constructor({ partitionCount = 1, ringSize = MIB } = {}) {
    const doorbell = new WalDoorbell();
    const buffers = Array.from({ length: partitionCount }, () => reserveWalBuffer(ringSize));
    this.#rings = buffers;
    this.consumers = buffers.map((buffer) => new WalConsumer(buffer));
    this.taken = buffers.map(() => []);
    const pair = new ThreadPair(32 * MIB);
    this.threads = pair.both.map((keyspace, index) => {
      const { store, windows } = keyspace;
      const producers = buffers.map((buffer) => createJoinedProducer(buffer, doorbell));
      const share = new JournalShare(this.#shareBuffer, index);
      const source = windows.area;
      const segmentBits = SEGMENT_BITS;
      const journal = createJournal({ store, source, producers, segmentBits, share });
      return { keyspace, journal };
    });
    this.startEpoch(1, START);
    for (const { journal } of this.threads.slice(1)) journal.joinEpoch();
    for (const { keyspace, journal } of this.threads) keyspace.store.writeLog = journal;
  }

  get first(): JournalThread {
    return this.threads[0]!;
  }

  get second(): JournalThread {
    return this.threads[1]!;
  }

  /** Whether one of them keeps the other out of a ring. */
  isRingHeld(partition: number): boolean {
    return new Int32Array(this.#rings[partition]!)[PRODUCER_LOCK] !== 0;
  }

  /** By the first; the other is behind until it joins. */
  startEpoch(epoch: number, position: number): void {
    const { keyspace, journal } = this.first;
    withAllLocks(keyspace, () => journal.startEpoch(epoch, position));
    for (const consumer of this.consumers) consumer.restart(position);
  }

  /** As an ordinary command writes: under all locks, if the verdict allows it; whether it does. */
  write({ keyspace, journal }: JournalThread, work: (keyspace: KeyspaceFixture) => void): boolean {
    return withAllLocks(keyspace, () => {
      if (journal.verdict() !== VERDICT.ALLOWED) return false;
      journal.beginGroup();
      work(keyspace);
      journal.endGroup();
      return true;
    });
  }

  take(partition = 0): PlainRecord[] {
    const found = takeRecords(this.consumers[partition]!);
    this.taken[partition]!.push(...found);
    return found;
  }

  /** Shows and takes until nothing is left and nothing waits. */
  drain(): void {
    let hasFound = true;
    while (hasFound) {
      for (const { journal } of this.threads) journal.publish();
      hasFound = false;
      for (const partition of this.consumers.keys()) {
        if (this.take(partition).length > 0) hasFound = true;
      }
    }
  }
}
