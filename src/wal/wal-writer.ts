// Makes the records of one or several partitions durable, a step at a time: when to write, when to
// sync, when to ring. It has no thread and no clock; wal-worker.ts gives it both, and a simulation
// gives it its own.
//
//   policy     written                              synced
//   always     at once                              at once: all writes of a step, then all syncs
//   everysec   when `batchRecords` have gathered,   a second after the first write that is not
//              or `flushIntervalMs` have passed
//   none       likewise                             when a file is full, and at the end
//
// Whatever the policy: everything is written at once when its ring is half full, when somebody
// waits for room or asks for a sync; what a sync was asked for is synced at once; and no more than
// SYNC_LAG_MAX bytes are left unsynced (wal-control.ts needs that).
//
// Partitions fail one by one (partition-writer.ts). Those that have not go on: what they were given
// before the server heard of the failure can still be answered truthfully.

import { reserveAlignedArea } from "../lib/aligned-area.ts";
import { assert } from "../lib/assert.ts";
import { DISK_BLOCK_SIZE, type Disk, type DiskError } from "./disk.ts";
import type { PartitionIdentity } from "./partition-files.ts";
import { GROUP_AREA_SIZE, PartitionWriter } from "./partition-writer.ts";
import { SYNC_LAG_MAX } from "./wal-control.ts";

export const SYNC_POLICIES = ["always", "everysec", "none"] as const;
export type SyncPolicy = (typeof SYNC_POLICIES)[number];

const SYNC_INTERVAL_MS = 1000;

export interface WalWriterOptions {
  readonly policy: SyncPolicy;
  /** A file that has this many bytes is followed by the next; a group may take it beyond. */
  readonly fileSizeMax: number;
  /** How long records gather at most before they are written. */
  readonly flushIntervalMs: number;
  /** How many records of a partition are written without waiting for more. */
  readonly batchRecords: number;
  readonly segmentBits: number;
  /** Of the server; this writer may serve some of them. */
  readonly partitionCount: number;
  /** Of the directory's checksums (META). */
  readonly seed: number;
}

/** A partition and its ring (`reserveWalBuffer`). */
export interface WalPartition {
  readonly partition: number;
  readonly buffer: SharedArrayBuffer;
}

export type StepResult = "worked" | "idle";

export class WalWriter {
  readonly partitions: readonly PartitionWriter[];
  readonly #disk: Disk;
  readonly #options: WalWriterOptions;
  readonly #ring: () => void;
  #isOpen = false;
  /** When records were first seen that are still gathering; Infinity = there are none. */
  #gatheringSinceMs = Infinity;

  /** `ring` is called at most once a step, when something was published that somebody waits for. */
  constructor(
    disk: Disk,
    partitions: readonly WalPartition[],
    options: WalWriterOptions,
    ring: () => void,
  ) {
    this.#disk = disk;
    this.#options = options;
    this.#ring = ring;
    const groupArea = reserveAlignedArea(GROUP_AREA_SIZE, DISK_BLOCK_SIZE);
    const { partitionCount, segmentBits, seed, fileSizeMax } = options;
    this.partitions = partitions.map(({ partition, buffer }) => {
      const identity: PartitionIdentity = { partition, partitionCount, segmentBits, seed };
      return new PartitionWriter(disk, identity, buffer, groupArea, fileSizeMax);
    });
  }

  /**
   * Begins an epoch: new files, whose first record is at `position`, where the producers have been
   * (re)started. They may append before this, too. Throws DiskError, and then nothing has begun: an
   * earlier failure stays published, and the epoch's number is used up. `isAfterFailure`: the log
   * has failed, here or in another thread, since the last snapshot.
   */
  startEpoch(epoch: number, position: number, isAfterFailure = false): void {
    assert(!this.#isOpen, "an epoch begins after the last has ended");
    try {
      for (const partition of this.partitions) {
        partition.makeFirstFile(epoch, position, isAfterFailure);
      }
      this.#disk.syncDirectory();
    } catch (error) {
      for (const partition of this.partitions) partition.endEpoch();
      throw error;
    }
    for (const partition of this.partitions) partition.beginEpoch(position);
    this.#gatheringSinceMs = Infinity;
    this.#isOpen = true;
  }

  /** Writes and syncs what is due; `nowMs` is a time that does not go back. */
  step(nowMs: number): StepResult {
    if (!this.#isOpen) return "idle";
    const live = this.#live();
    for (const partition of live) partition.look();
    const hasWritten = this.#writeDue(live, nowMs);
    const hasSynced = this.#syncDue(nowMs);
    this.#ringIfMoved();
    if (hasWritten || hasSynced) return "worked";
    return this.#makeNextFile() ? "worked" : "idle";
  }

  /** When a step has something to do even if nothing is published until then; Infinity = never. */
  nextDueMs(): number {
    let dueMs = this.#gatheringSinceMs + this.#options.flushIntervalMs;
    if (!this.#isOpen || this.#options.policy !== "everysec") return dueMs;
    for (const { unsyncedSinceMs } of this.partitions) {
      dueMs = Math.min(dueMs, unsyncedSinceMs + SYNC_INTERVAL_MS);
    }
    return dueMs;
  }

  /** Tells the producers how many records have to be there for a sleeping thread to be woken. */
  armWakeUps(): void {
    const isGathering = this.#gatheringSinceMs < Infinity;
    const count = isGathering ? this.#options.batchRecords : 1;
    for (const { ring } of this.partitions) ring.setWakeCount(count);
  }

  /** Everything published before the call is written and synced, but what failed. */
  drain(nowMs: number): void {
    if (!this.#isOpen) return;
    for (const partition of this.#live()) {
      partition.look();
      const { published } = partition.ring;
      while (partition.error === null && partition.written < published) {
        partition.write(nowMs);
        if (partition.error === null) partition.look();
      }
    }
    for (const partition of this.#live()) {
      if (partition.synced < partition.written) partition.sync();
    }
    this.#gatheringSinceMs = Infinity;
    this.#ringIfMoved();
  }

  /** Drains and closes the files. Until the next epoch no ring is looked at. */
  endEpoch(nowMs: number): void {
    if (!this.#isOpen) return;
    this.drain(nowMs);
    this.#isOpen = false;
    for (const partition of this.partitions) partition.endEpoch();
  }

  /** What the first partition that has failed in this epoch has met. */
  get error(): DiskError | null {
    return this.partitions.find(({ error }) => error !== null)?.error ?? null;
  }

  /** Whether an epoch has begun and not ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  #live(): PartitionWriter[] {
    return this.partitions.filter(({ error }) => error === null);
  }

  #writeDue(live: readonly PartitionWriter[], nowMs: number): boolean {
    const isTime = nowMs >= this.#gatheringSinceMs + this.#options.flushIntervalMs;
    let hasWritten = false;
    let isGathering = false;
    for (const partition of live) {
      if (partition.ring.length === 0) continue;
      if (isTime || this.#isBatch(partition)) {
        partition.write(nowMs);
        hasWritten = true;
      } else isGathering = true;
    }
    if (!isGathering) this.#gatheringSinceMs = Infinity;
    else if (this.#gatheringSinceMs === Infinity) this.#gatheringSinceMs = nowMs;
    return hasWritten;
  }

  /** Whether what has gathered is written without waiting for more. */
  #isBatch({ ring, isSyncWanted }: PartitionWriter): boolean {
    if (this.#options.policy === "always" || ring.recordCount >= this.#options.batchRecords) {
      return true;
    }
    return isSyncWanted || ring.isAwaited || ring.published - ring.begin > ring.size / 2;
  }

  #syncDue(nowMs: number): boolean {
    let hasSynced = false;
    for (const partition of this.#live()) {
      if (partition.synced === partition.written || !this.#isSyncDue(partition, nowMs)) continue;
      partition.sync();
      hasSynced = true;
    }
    return hasSynced;
  }

  #isSyncDue(partition: PartitionWriter, nowMs: number): boolean {
    const { policy } = this.#options;
    if (policy === "always") return true;
    if (partition.isSyncWanted && partition.isWantedWritten) return true;
    if (partition.written - partition.synced >= SYNC_LAG_MAX) return true;
    return policy === "everysec" && nowMs >= partition.unsyncedSinceMs + SYNC_INTERVAL_MS;
  }

  #ringIfMoved(): void {
    let isAwaited = false;
    for (const partition of this.partitions) isAwaited = partition.takeProgress() || isAwaited;
    if (isAwaited) this.#ring();
  }

  /** In a step with nothing else to do, one at a time. */
  #makeNextFile(): boolean {
    const partition = this.partitions.find(({ wantsNextFile }) => wantsNextFile);
    if (partition === undefined) return false;
    partition.makeNextFile();
    this.#ringIfMoved();
    return true;
  }
}
