// One life of a server with a data directory, in the test's own thread: data threads, WAL writers,
// the keeper of snapshots and a disk, each of which goes on only when the test says so.
//
//   engines ─▶ data threads ─▶ rings ─▶ writers ─▶ disk
//                ▲  `─ messages ─▶ keeper ─────────▲
//                `──── ring ───────'

import { KEY_SCRATCH_SIZE } from "../../src/batch/receive-windows.ts";
import { Log } from "../../src/lib/log.ts";
import type { DataThread } from "../../src/server/data-thread.ts";
import type { Durability } from "../../src/server/durability.ts";
import { RESTART, SnapshotControl } from "../../src/server/snapshot-control.ts";
import type { SnapshotMessage } from "../../src/server/snapshot-job.ts";
import { SnapshotKeeper } from "../../src/server/snapshot-keeper.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { DiskError, type Disk } from "../../src/wal/disk.ts";
import { recover, type RecoveryResult } from "../../src/wal/recovery.ts";
import { CHUNK_SIZE_MIN } from "../../src/wal/snapshot-chunk.ts";
import { ringSizeFor } from "../../src/wal/journal.ts";
import type { WalProducer } from "../../src/wal/wal-buffer.ts";
import { WalWriter, type SyncPolicy } from "../../src/wal/wal-writer.ts";
import { interruptDisk } from "./interrupted-disk.ts";
import { Random } from "./random.ts";
import { ONE_THREAD, makeDataThreads, type ThreadChoice } from "./simulated-data-threads.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";
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
  /** How often, and after how many bytes of records, a snapshot is made; 0 = never. */
  readonly snapshotIntervalMs?: number;
  readonly snapshotWalBytes?: number;
  readonly thread?: TestServerOptions;
  readonly threads?: ThreadChoice;
  /** Puts something else in the place of a producer. */
  readonly wrapProducer?: (producer: WalProducer) => WalProducer;
  /** Where the new epoch begins, in the place of where it should. */
  readonly startPosition?: (result: RecoveryResult) => number;
}

/** Of each data thread. */
export const SIMULATED_CLIENTS_MAX = 6;
/** Bytes: room for the longest record of one key, twice. */
export const SIMULATED_RING_SIZE = 256 * KIB;

export class SimulatedServer {
  readonly disk: Disk;
  readonly clock: TestClock;
  readonly threads: readonly DataThread[];
  /** The first of them, which recovers and makes snapshots. */
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
  /** Snapshots that the keeper was to give their names. */
  publishedCount = 0;
  /** By data thread: somebody has rung for it. */
  readonly #isRung: boolean[];
  /** Called around every write and sync of a writer: others go on meanwhile. */
  onDiskWait: () => void = () => {};
  readonly #control: SnapshotControl;
  readonly #memory = new SimulatedMemory();

  /** Throws RecoveryError or DiskError when it cannot start. */
  constructor(options: SimulatedServerOptions = {}) {
    const { partitionCount = 1, policy = "always", threads: choice = ONE_THREAD } = options;
    this.disk = options.disk ?? new SimulatedDisk(new Random(1));
    this.clock = options.clock ?? new TestClock();
    this.directory = DataDirectory.open(this.disk, "the directory", SIMULATED_META);
    const { ringSize = ringSizeOf(choice) } = options;
    const buffers = Array.from({ length: partitionCount }, () => this.#memory.ring(ringSize));
    const control = new SnapshotControl(SnapshotControl.reserve(CHUNK_COUNT));
    this.#control = control;
    const chunks = Array.from({ length: CHUNK_COUNT }, () => new SharedArrayBuffer(CHUNK_SIZE_MIN));
    this.#isRung = Array.from({ length: choice.count }, () => false);
    const made = this.#makeThreads(options, choice, buffers, chunks);
    this.producers = made.producers;
    this.threads = made.threads;
    this.thread = this.threads[0]!;
    this.engine = this.engineOf(0);
    this.durability = this.thread.durability!;
    this.keeper = new SnapshotKeeper({
      directory: this.directory,
      control,
      chunks,
      log: SILENT,
      ring: () => this.#ringAll(),
    });
    this.writers = this.#makeWriters(options, buffers, policy);
    this.recovery = this.#start(options);
  }

  connect(thread = 0): TestConnection {
    return this.engineOf(thread).connect();
  }

  engineOf(thread: number): SimulatedEngine {
    return this.threads[thread]!.engine as SimulatedEngine;
  }

  get isRung(): boolean {
    return this.isRungFor(0);
  }

  isRungFor(thread: number): boolean {
    return this.#isRung[thread]!;
  }

  #ringAll(): void {
    this.#isRung.fill(true);
  }

  /** Its memory may be another's: it does nothing more. */
  dispose(): void {
    for (const { shards } of this.threads) shards?.close();
    this.#memory.release();
  }

  /** One step of each writer; whether any had something to do. */
  stepWriters(): boolean {
    const nowMs = this.clock.elapsed;
    return this.writers.map((writer) => writer.step(nowMs)).includes("worked");
  }

  /** A data thread hears that it was rung for; without `isTurnOver` its engine has more to do. */
  hearRing(thread = 0, isTurnOver = true): void {
    this.#isRung[thread] = false;
    this.threads[thread]!.durability!.progress();
    if (isTurnOver) this.engineOf(thread).turn();
  }

  /** All of them do; whether any was rung for. */
  #hearRings(): boolean {
    const rung = [...this.threads.keys()].filter((thread) => this.isRungFor(thread));
    for (const thread of rung) this.hearRing(thread);
    return rung.length > 0;
  }

  /** The keeper takes the oldest message. */
  stepKeeper(): boolean {
    const message = this.messages.shift();
    if (message === undefined) return false;
    if (message.kind === "log-end") this.#endLog();
    else if (message.kind === "log-begin") this.#beginLog(message.epoch, message.position);
    else this.keeper.receive(message);
    if (message.kind === "snapshot-publish") this.publishedCount++;
    return true;
  }

  /** As DataKeeper does. */
  #endLog(): void {
    for (const writer of this.writers) writer.endEpoch(this.clock.elapsed);
    this.#control.restart = RESTART.ENDED;
    this.#ringAll();
  }

  #beginLog(epoch: number, position: number): void {
    this.#ringAll();
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
    for (const thread of this.threads.keys()) this.engineOf(thread).turn();
    for (let i = 0; i < SETTLE_ROUNDS_MAX; i++) {
      const hasWorked = this.stepWriters();
      const hasKept = this.stepKeeper();
      const hasHeard = this.#hearRings();
      if (!hasHeard && !hasWorked && !hasKept) return;
    }
    throw new Error("the server finds no rest");
  }

  /** Feeds requests, settles, and takes what was sent. */
  ask(connection: TestConnection, ...requests: readonly Buffer[]): string {
    connection.feed(Buffer.concat(requests));
    this.settle();
    return connection.take().toString("latin1");
  }

  #makeThreads(
    options: SimulatedServerOptions,
    choice: ThreadChoice,
    buffers: readonly SharedArrayBuffer[],
    chunks: readonly SharedArrayBuffer[],
  ) {
    const { meta } = this.directory;
    const { maxMemoryBytes = 8 * KIB * KIB, ...rest } = options.thread ?? {};
    const { policy = "always", timeoutMs = 1000, wrapProducer = (producer) => producer } = options;
    return makeDataThreads({
      choice,
      options: threadOptions({
        maxMemoryBytes,
        seeds: meta.hashSeeds,
        store: this.#memory.store(maxMemoryBytes, meta.segmentBits, choice.count > 1),
        maxClients: SIMULATED_CLIENTS_MAX,
        spareWindows: 2,
        ...rest,
      }),
      clock: this.clock,
      log: SILENT,
      buffers,
      wal: { policy, segmentBits: meta.segmentBits, timeoutMs },
      snapshots: {
        control: this.#control,
        chunks,
        send: (message) => this.messages.push(message),
        intervalMs: options.snapshotIntervalMs ?? 0,
        walBytes: options.snapshotWalBytes ?? 0,
      },
      wrapProducer,
      ring: (thread) => (this.#isRung[thread] = true),
    });
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
      return new WalWriter(disk, partitions, settings, () => this.#ringAll());
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
    for (const { durability } of this.threads.slice(1)) durability!.join();
    for (const writer of this.writers) writer.startEpoch(result.nextEpoch, position);
    return result;
  }
}

/** Of several threads: room for a record of each, and a little more. */
function ringSizeOf({ count }: ThreadChoice): number {
  return count === 1 ? SIMULATED_RING_SIZE : ringSizeFor(SIMULATED_RING_SIZE, count) / 2;
}
