// One partition on the WAL thread's side: takes what its ring has, writes it as a group to its
// files, syncs them, and publishes how far it has come. When is wal-writer.ts's matter.
//
//   synced ≤ written = begin of the ring ≤ published
//
// A failure of the disk ends the partition for this epoch: it is published, the positions stay
// where they are, and the disk is not asked again. A sync that failed may have thrown away what it
// was to save, and the next would know nothing of it.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { DISK_BLOCK_SIZE, DiskError, type Disk } from "./disk.ts";
import { GROUP_HEADER_SIZE, GROUP_MAGIC, sealGroup } from "./group.ts";
import { PartitionFiles, type PartitionIdentity } from "./partition-files.ts";
import { WAL_RECORD_SIZE_MAX } from "./wal-buffer.ts";
import { WalConsumer } from "./wal-consumer.ts";
import { failureOf } from "./wal-control.ts";

/**
 * Bytes of the memory in which groups are formed, one for all partitions of a thread. A group lies
 * there as it will in its file, counted from a block's beginning: real-file.ts can write it without
 * a copy then.
 */
export const GROUP_AREA_SIZE = DISK_BLOCK_SIZE + GROUP_HEADER_SIZE + WAL_RECORD_SIZE_MAX;

/** How full a file is when the next one is made. */
const PREPARE_AT = 3 / 4;

/** Since the start. */
export interface PartitionFigures {
  groupCount: number;
  syncCount: number;
  switchCount: number;
  shortWriteCount: number;
}

export class PartitionWriter {
  readonly figures: PartitionFigures = {
    groupCount: 0,
    syncCount: 0,
    switchCount: 0,
    shortWriteCount: 0,
  };
  readonly ring: WalConsumer;
  /** Why it has failed. */
  error: DiskError | null = null;
  /** When the first write was that has not been synced; Infinity = all has. */
  unsyncedSinceMs = Infinity;
  readonly #files: PartitionFiles;
  readonly #groupArea: ByteArea;
  readonly #fileSizeMax: number;
  readonly #seed: number;
  #written = 0;
  #synced = 0;
  /** Up to where a sync has been asked for. */
  #syncWanted = 0;
  #hasMoved = false;

  constructor(
    disk: Disk,
    identity: PartitionIdentity,
    buffer: SharedArrayBuffer,
    groupArea: ByteArea,
    fileSizeMax: number,
  ) {
    assert(groupArea.length >= GROUP_AREA_SIZE, "a group fits the memory for it");
    this.ring = new WalConsumer(buffer);
    this.#files = new PartitionFiles(disk, identity);
    this.#groupArea = groupArea;
    this.#fileSizeMax = fileSizeMax;
    this.#seed = identity.seed;
  }

  get written(): number {
    return this.#written;
  }

  get synced(): number {
    return this.#synced;
  }

  get isSyncWanted(): boolean {
    return this.#syncWanted > this.#synced;
  }

  /** Whether everything has been written that a sync was asked for. */
  get isWantedWritten(): boolean {
    return this.#written >= this.#syncWanted;
  }

  /** Makes the first file of an epoch. Throws DiskError, and then there is none. */
  makeFirstFile(epoch: number, position: number, isAfterFailure: boolean): void {
    this.#files.begin(epoch, position, isAfterFailure);
  }

  /** Begins to take from the ring, once all first files are durable. */
  beginEpoch(position: number): void {
    this.#written = position;
    this.#synced = position;
    this.#syncWanted = position;
    this.unsyncedSinceMs = Infinity;
    this.error = null;
    this.ring.restart(position);
  }

  /** Looks what has gathered and what is wanted. */
  look(): void {
    const isSyncRequested = this.ring.takeSyncRequest();
    this.ring.look();
    if (isSyncRequested) this.#syncWanted = this.ring.published;
  }

  /** Writes what has gathered as one group. */
  write(nowMs: number): void {
    const { ring } = this;
    this.#attempt(() => {
      const size = GROUP_HEADER_SIZE + ring.length;
      if (this.#files.hasGroups && this.#files.size + size > this.#fileSizeMax) this.#switch();
      const fields = {
        recordsSize: ring.length,
        recordCount: ring.recordCount,
        position: ring.begin,
        syncedPosition: this.#synced,
      };
      const begin = this.#files.size % DISK_BLOCK_SIZE;
      ring.take(this.#groupArea.bytes, begin + GROUP_HEADER_SIZE);
      sealGroup(this.#groupArea, begin, GROUP_MAGIC, fields, this.#seed);
      this.#files.append(this.#groupArea.bytes, begin, begin + size);
      this.#written = ring.begin;
      this.unsyncedSinceMs = Math.min(this.unsyncedSinceMs, nowMs);
      this.figures.groupCount++;
      ring.publishWritten(this.#written);
      this.#hasMoved = true;
    });
    this.figures.shortWriteCount = this.#files.shortWriteCount;
  }

  /** Everything written is durable when this has not failed. */
  sync(): void {
    this.#attempt(() => {
      this.#files.sync();
      this.#publishSync();
    });
  }

  /** Whether it is time to make the next file. */
  get wantsNextFile(): boolean {
    const isTime = this.#files.size > this.#fileSizeMax * PREPARE_AT;
    return this.error === null && isTime && !this.#files.hasNext;
  }

  makeNextFile(): void {
    this.#attempt(() => this.#files.prepareNext());
  }

  /** Closes the files. */
  endEpoch(): void {
    try {
      this.#files.end();
    } catch (error) {
      // What was synced is durable, and nothing else was promised.
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** Whether something was published since the last call that the data thread is to be rung for. */
  takeProgress(): boolean {
    if (!this.#hasMoved) return false;
    this.#hasMoved = false;
    return this.ring.takeAwaited() || this.error !== null;
  }

  #switch(): void {
    const isSynced = this.#synced === this.#written;
    this.#files.switch(this.#written);
    if (!isSynced) this.#publishSync();
    this.figures.switchCount++;
  }

  #publishSync(): void {
    this.#synced = this.#written;
    this.unsyncedSinceMs = Infinity;
    this.figures.syncCount++;
    this.ring.publishSynced(this.#synced);
    this.#hasMoved = true;
  }

  #attempt(ask: () => void): void {
    assert(this.error === null, "a disk that has failed is not asked again");
    try {
      ask();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.error = error;
      this.unsyncedSinceMs = Infinity;
      this.#hasMoved = true;
      this.ring.publishFailure(failureOf(error.code));
    }
  }
}
