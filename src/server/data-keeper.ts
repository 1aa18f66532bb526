// The main thread's part of durability: the directory and its lock, the rings, the WAL threads, the
// files of snapshots, and their end.
//
//   open ─▶ setup for the data thread ─▶ it recovers ─▶ startLog ─▶ it serves … ─▶ close

import type { Log } from "../lib/log.ts";
import type { Options } from "../options/option-table.ts";
import { STORE_DEFAULTS } from "../store/store-buffers.ts";
import { DataDirectory } from "../wal/data-directory.ts";
import { DiskError } from "../wal/disk.ts";
import { makeMeta } from "../wal/meta.ts";
import { RealDisk, makeDirectory } from "../wal/real-disk.ts";
import { ringSizeFor } from "../wal/journal.ts";
import { JournalShare } from "../wal/journal-share.ts";
import { RecoveryError } from "../wal/recovery-error.ts";
import { reserveWalBuffer } from "../wal/wal-buffer.ts";
import { WalDoorbell } from "../wal/wal-control.ts";
import { LogThreads } from "./log-threads.ts";
import { RESTART, SnapshotControl, type Restart } from "./snapshot-control.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";
import type { SnapshotMessage } from "./snapshot-job.ts";
import { StartError } from "./start-error.ts";
import { SNAPSHOT_CHUNK_COUNT, SNAPSHOT_CHUNK_SIZE, type WalSetup } from "./wal-setup.ts";

const BATCH_RECORDS_MIN = 8;

export interface DataKeeperParts {
  readonly options: Options;
  /** Data threads. */
  readonly threadCount: number;
  readonly log: Log;
  /** Has the data threads look at the log. */
  readonly ring: () => void;
  readonly onDeath: (reason: string) => void;
}

export class DataKeeper {
  readonly setup: WalSetup;
  readonly #parts: DataKeeperParts;
  readonly #directory: DataDirectory;
  readonly #snapshots: SnapshotKeeper;
  readonly #control: SnapshotControl;
  #threads: LogThreads | null = null;

  private constructor(parts: DataKeeperParts, path: string, directory: DataDirectory) {
    this.#parts = parts;
    this.#directory = directory;
    this.setup = makeSetup(parts, path, directory);
    const { log, ring } = parts;
    const control = new SnapshotControl(this.setup.snapshotControl);
    this.#control = control;
    const chunks = this.setup.snapshotChunks;
    this.#snapshots = new SnapshotKeeper({ directory, control, chunks, log, ring });
  }

  /** Locks the directory. Throws StartError when it cannot be used. */
  static open(parts: DataKeeperParts, path: string): DataKeeper {
    try {
      makeDirectory(path);
      const fresh = makeMeta(STORE_DEFAULTS.segmentBits);
      const directory = DataDirectory.open(new RealDisk(path), path, fresh);
      directory.removeTemporary();
      return new DataKeeper(parts, path, directory);
    } catch (error) {
      const isExpected = error instanceof RecoveryError || error instanceof DiskError;
      if (!isExpected) throw error;
      throw new StartError(`cannot use the data directory ${path}: ${error.message}`);
    }
  }

  get hashSeeds(): readonly [number, number, number] {
    return this.#directory.meta.hashSeeds;
  }

  /** Starts the WAL threads; `ringDescriptors` are the eventfds of data threads that have one. */
  async startLog(
    epoch: number,
    position: number,
    ringDescriptors: readonly number[],
  ): Promise<void> {
    const { options, log, ring, onDeath } = this.#parts;
    this.#threads = await LogThreads.start({
      setup: this.setup,
      threadCount: options.walThreads,
      options: {
        policy: options.durability,
        fileSizeMax: options.walFileSizeBytes,
        flushIntervalMs: options.walFlushIntervalMs,
        batchRecords: Math.max(BATCH_RECORDS_MIN, Math.floor(options.walBatch / options.walShards)),
        segmentBits: this.#directory.meta.segmentBits,
        partitionCount: options.walShards,
        seed: this.#directory.meta.checksumSeed,
      },
      ringDescriptors,
      log,
      ring,
      onDeath,
    });
    await this.#threads.startEpoch(epoch, position);
  }

  receive(message: SnapshotMessage): void {
    if (message.kind === "log-end") {
      void this.#restart(async () => {
        await this.#threads!.endEpoch();
        return RESTART.ENDED;
      });
    } else if (message.kind === "log-begin") {
      void this.#restart(async () => {
        await this.#threads!.startEpoch(message.epoch, message.position, true);
        return RESTART.STARTED;
      });
    } else {
      this.#snapshots.receive(message);
    }
  }

  /** A step of going on after a failure; the data thread hears how it went. */
  async #restart(step: () => Promise<Restart>): Promise<void> {
    const { log, ring } = this.#parts;
    try {
      this.#control.restart = await step();
    } catch (error) {
      log.error("the log cannot be begun anew", { error: (error as Error).message });
      this.#control.restart = RESTART.FAILED;
    }
    ring();
  }

  /** Everything recorded is written and synced when this settles: it takes as long as that does. */
  async close(): Promise<string> {
    const failure = (await this.#threads?.endEpoch()) ?? "";
    this.#threads?.close();
    this.#directory.close();
    return failure;
  }
}

function makeSetup(parts: DataKeeperParts, path: string, directory: DataDirectory): WalSetup {
  const { options, threadCount } = parts;
  const ringSize = ringSizeFor(options.walBufferBytes, threadCount);
  const buffers = Array.from({ length: options.walShards }, () => reserveWalBuffer(ringSize));
  const doorbells = Array.from({ length: options.walThreads }, () => new WalDoorbell().buffer);
  return {
    path,
    meta: directory.meta,
    policy: options.durability,
    buffers,
    doorbells,
    journalShare: threadCount === 1 ? null : JournalShare.reserve(threadCount),
    timeoutMs: options.walTimeoutMs,
    isBestEffort: options.recover === "best-effort",
    snapshotControl: SnapshotControl.reserve(SNAPSHOT_CHUNK_COUNT),
    snapshotChunks: Array.from(
      { length: SNAPSHOT_CHUNK_COUNT },
      () => new SharedArrayBuffer(SNAPSHOT_CHUNK_SIZE),
    ),
    snapshotIntervalMs: options.snapshotIntervalSeconds * 1000,
    snapshotWalBytes: options.snapshotWalSizeBytes,
  };
}
