// One life of a server with a data directory, in the test's own thread: data thread, WAL writers,
// the keeper of snapshots and a disk, each of which goes on only when the test says so.
//
//   engine ─▶ data thread ─▶ rings ─▶ writers ─▶ disk
//                ▲  `─ messages ─▶ keeper ─────────▲
//                `──── ring ───────'

import { KEY_SCRATCH_SIZE } from "../../src/batch/receive-windows.ts";
import { Log } from "../../src/lib/log.ts";
import { DataThread } from "../../src/server/data-thread.ts";
import type { Durability, WalConnection } from "../../src/server/durability.ts";
import { RESTART, SnapshotControl } from "../../src/server/snapshot-control.ts";
import type { SnapshotMessage } from "../../src/server/snapshot-job.ts";
import { SnapshotKeeper } from "../../src/server/snapshot-keeper.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { DiskError, type Disk } from "../../src/wal/disk.ts";
import { recover, type RecoveryResult } from "../../src/wal/recovery.ts";
import { CHUNK_SIZE_MIN } from "../../src/wal/snapshot-chunk.ts";
import { createWalProducer, type WalProducer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { WalWriter, type SyncPolicy } from "../../src/wal/wal-writer.ts";
import { interruptDisk } from "./interrupted-disk.ts";
import { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import { SimulatedMemory } from "./simulated-memory.ts";
import { TestClock } from "./test-clock.ts";
import type { TestConnection } from "./test-engine.ts";
import { threadOptions, type TestServerOptions } from "./test-server.ts";

const KIB = 1024;
const CHUNK_COUNT = 2;
const SILENT = new Log({ level: "error", sink: () => {} });
const SETTLE_ROUNDS_MAX = 10_000;
export const SIMULATED_META = { checksumSeed: 77, hashSeeds: [4, 5, 6], segmentBits: 4 } as const;

export interface SimulatedServerOptions {
  readonly disk?: Disk;
  readonly clock?: TestClock;
  readonly policy?: SyncPolicy;
  readonly partitionCount?: number;
  /** WAL threads; each has the partitions whose number is its own modulo this. */
  readonly writerCount?: number;
  readonly ringSize?: number;
  readonly fileSizeMax?: number;
  readonly flushIntervalMs?: number;
  readonly batchRecords?: number;
  readonly timeoutMs?: number;
  readonly thread?: TestServerOptions;
  /** Puts something else in the place of a producer. */
  readonly wrapProducer?: (producer: WalProducer) => WalProducer;
  /** Where the new epoch begins, in the place of where it should. */
  readonly startPosition?: (result: RecoveryResult) => number;
}

/** Bytes: room for the longest record of one key, twice. */
export const SIMULATED_RING_SIZE = 256 * KIB;

export class SimulatedServer {
  readonly disk: Disk;
  readonly clock: TestClock;
  readonly thread: DataThread;
  readonly engine: SimulatedEngine;
  readonly durability: Durability;
  readonly directory: DataDirectory;
  readonly writers: readonly WalWriter[];
  /** As they are, whatever stands before them. */
  readonly producers: readonly WalProducer[];
  readonly keeper: SnapshotKeeper;
  readonly recovery: RecoveryResult;
  /** Of the data thread, not yet received by the keeper. */
  readonly messages: SnapshotMessage[] = [];
  /** A writer or the keeper has rung for the data thread. */
  isRung = false;
  /** Called around every write and sync of a writer: others go on meanwhile. */
  onDiskWait: () => void = () => {};
  readonly #control: SnapshotControl;
  readonly #memory = new SimulatedMemory();

  /** Throws RecoveryError or DiskError when it cannot start. */
  constructor(options: SimulatedServerOptions = {}) {
    const { partitionCount = 1, policy = "always", ringSize = SIMULATED_RING_SIZE } = options;
    this.disk = options.disk ?? new SimulatedDisk(new Random(1));
    this.clock = options.clock ?? new TestClock();
    this.directory = DataDirectory.open(this.disk, "the directory", SIMULATED_META);
    const { meta } = this.directory;
    const buffers = Array.from({ length: partitionCount }, () => this.#memory.ring(ringSize));
    const doorbell = new WalDoorbell();
    this.producers = buffers.map((buffer) => createWalProducer(buffer, doorbell, 0));
    const { wrapProducer = (producer: WalProducer) => producer } = options;
    const control = new SnapshotControl(SnapshotControl.reserve(CHUNK_COUNT));
    this.#control = control;
    const chunks = Array.from({ length: CHUNK_COUNT }, () => new SharedArrayBuffer(CHUNK_SIZE_MIN));
    this.thread = this.#makeThread(options, {
      producers: this.producers.map(wrapProducer),
      policy,
      segmentBits: meta.segmentBits,
      timeoutMs: options.timeoutMs ?? 1000,
      snapshots: {
        control,
        chunks,
        send: (message) => this.messages.push(message),
        intervalMs: 0,
        walBytes: 0,
      },
    });
    this.engine = this.thread.engine as SimulatedEngine;
    this.durability = this.thread.durability!;
    this.keeper = new SnapshotKeeper({
      directory: this.directory,
      control,
      chunks,
      log: SILENT,
      ring: () => (this.isRung = true),
    });
    this.writers = this.#makeWriters(options, buffers, policy);
    this.recovery = this.#start(options);
  }

  connect(): TestConnection {
    return this.engine.connect();
  }

  /** Its memory may be another's: it does nothing more. */
  dispose(): void {
    this.#memory.release();
  }

  /** One step of each writer; whether any had something to do. */
  stepWriters(): boolean {
    const nowMs = this.clock.elapsed;
    return this.writers.map((writer) => writer.step(nowMs)).includes("worked");
  }

  /** The data thread hears that it was rung for. */
  hearRing(): void {
    this.isRung = false;
    this.durability.progress();
    this.engine.turn();
  }

  /** The keeper takes the oldest message. */
  stepKeeper(): boolean {
    const message = this.messages.shift();
    if (message === undefined) return false;
    if (message.kind === "log-end") this.#endLog();
    else if (message.kind === "log-begin") this.#beginLog(message.epoch, message.position);
    else this.keeper.receive(message);
    return true;
  }

  /** As DataKeeper does. */
  #endLog(): void {
    for (const writer of this.writers) writer.endEpoch(this.clock.elapsed);
    this.#control.restart = RESTART.ENDED;
    this.isRung = true;
  }

  #beginLog(epoch: number, position: number): void {
    this.isRung = true;
    try {
      for (const writer of this.writers) writer.startEpoch(epoch, position, true);
      this.#control.restart = RESTART.STARTED;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#control.restart = RESTART.FAILED;
    }
  }

  /** Everything goes on until nobody has anything to do; there is no tick and no time in it. */
  settle(): void {
    this.engine.turn();
    for (let i = 0; i < SETTLE_ROUNDS_MAX; i++) {
      const hasWorked = this.stepWriters();
      const hasKept = this.stepKeeper();
      if (this.isRung) this.hearRing();
      else if (!hasWorked && !hasKept) return;
    }
    throw new Error("the server finds no rest");
  }

  /** Feeds requests, settles, and takes what was sent. */
  ask(connection: TestConnection, ...requests: readonly Buffer[]): string {
    connection.feed(Buffer.concat(requests));
    this.settle();
    return connection.take().toString("latin1");
  }

  #makeThread(options: SimulatedServerOptions, wal: WalConnection): DataThread {
    const { meta } = this.directory;
    const { maxMemoryBytes = 8 * KIB * KIB, ...rest } = options.thread ?? {};
    const settings = threadOptions({
      maxMemoryBytes,
      seeds: meta.hashSeeds,
      store: this.#memory.store(maxMemoryBytes, meta.segmentBits),
      maxClients: 6,
      spareWindows: 2,
      ...rest,
    });
    return new DataThread(
      settings,
      this.clock,
      null,
      (windows, handlers, count) => new SimulatedEngine(windows, handlers, count),
      { log: SILENT },
      wal,
    );
  }

  #makeWriters(
    options: SimulatedServerOptions,
    buffers: readonly SharedArrayBuffer[],
    policy: SyncPolicy,
  ): WalWriter[] {
    const { writerCount = 1, fileSizeMax = 64 * KIB } = options;
    const { flushIntervalMs = 10, batchRecords = 8 } = options;
    const { meta } = this.directory;
    const settings = {
      policy,
      fileSizeMax,
      flushIntervalMs,
      batchRecords,
      segmentBits: meta.segmentBits,
      partitionCount: buffers.length,
      seed: meta.checksumSeed,
    };
    return Array.from({ length: Math.min(writerCount, buffers.length) }, (_, index) => {
      const partitions = buffers
        .map((buffer, partition) => ({ partition, buffer }))
        .filter(({ partition }) => partition % writerCount === index);
      const disk = interruptDisk(this.disk, () => this.onDiskWait());
      return new WalWriter(disk, partitions, settings, () => (this.isRung = true));
    });
  }

  #start(options: SimulatedServerOptions): RecoveryResult {
    const { area, keyScratchOffset } = this.thread.windows;
    this.directory.removeTemporary();
    const result = recover({
      directory: this.directory,
      store: this.thread.store,
      scratch: { area, offset: keyScratchOffset, length: KEY_SCRATCH_SIZE },
      clock: this.clock,
    });
    const position = options.startPosition?.(result) ?? result.nextPosition;
    this.durability.start(result.nextEpoch, position, result.nextSnapshotNumber);
    for (const writer of this.writers) writer.startEpoch(result.nextEpoch, position);
    return result;
  }
}
