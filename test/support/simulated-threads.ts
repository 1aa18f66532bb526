// Two data threads of one server with a data directory, in the test's own thread: they are called
// one after the other, and so are the WAL writer and the keeper of snapshots.

import { KEY_SCRATCH_SIZE } from "../../src/batch/receive-windows.ts";
import { Log } from "../../src/lib/log.ts";
import { DataThread } from "../../src/server/data-thread.ts";
import { DURABILITY } from "../../src/server/connection-table.ts";
import type { WalConnection } from "../../src/server/durability.ts";
import { RESTART, SnapshotControl } from "../../src/server/snapshot-control.ts";
import type { SnapshotMessage } from "../../src/server/snapshot-job.ts";
import { SnapshotKeeper } from "../../src/server/snapshot-keeper.ts";
import { reserveStore } from "../../src/store/store-buffers.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { createJoinedProducer } from "../../src/wal/joined-producer.ts";
import { ringSizeFor } from "../../src/wal/journal.ts";
import { JournalShare } from "../../src/wal/journal-share.ts";
import { recover } from "../../src/wal/recovery.ts";
import { CHUNK_SIZE_MIN } from "../../src/wal/snapshot-chunk.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { WalWriter, type SyncPolicy } from "../../src/wal/wal-writer.ts";
import { Random } from "./random.ts";
import { encodeCommand } from "./resp-client.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import { SIMULATED_META } from "./simulated-server.ts";
import { TestClock } from "./test-clock.ts";
import type { TestConnection } from "./test-engine.ts";
import { threadOptions } from "./test-server.ts";

const KIB = 1024;
const MEMORY_SIZE = 8 * KIB * KIB;
const THREAD_COUNT = 2;
const CHUNK_COUNT = 2;
const SETTLE_ROUNDS_MAX = 10_000;

export interface SimulatedThreadsOptions {
  readonly policy?: SyncPolicy;
  readonly partitionCount?: number;
  readonly timeoutMs?: number;
}

export class SimulatedThreads {
  readonly disk = new SimulatedDisk(new Random(1));
  readonly clock = new TestClock();
  readonly threads: readonly DataThread[];
  readonly writer: WalWriter;
  /** Of thread 0, not yet received by the keeper. */
  readonly messages: SnapshotMessage[] = [];
  readonly logged: string[] = [];
  isRung = false;
  /** Whether thread 1 hears when it is rung for. */
  isSecondDeaf = false;
  readonly #keeper: SnapshotKeeper;
  readonly #control = new SnapshotControl(SnapshotControl.reserve(CHUNK_COUNT));
  readonly #directory: DataDirectory;
  readonly #log = new Log({ level: "info", sink: (line) => this.logged.push(line) });

  constructor(options: SimulatedThreadsOptions = {}) {
    const { policy = "always", partitionCount = 1 } = options;
    this.#directory = DataDirectory.open(this.disk, "the directory", SIMULATED_META);
    const ringSize = ringSizeFor(0, THREAD_COUNT);
    const buffers = Array.from({ length: partitionCount }, () => reserveWalBuffer(ringSize));
    const chunks = Array.from({ length: CHUNK_COUNT }, () => new SharedArrayBuffer(CHUNK_SIZE_MIN));
    this.threads = this.#makeThreads(options, buffers, chunks);
    const ring = () => (this.isRung = true);
    const log = this.#log;
    const directory = this.#directory;
    this.#keeper = new SnapshotKeeper({ directory, control: this.#control, chunks, log, ring });
    const settings = {
      policy,
      fileSizeMax: 64 * KIB,
      flushIntervalMs: 10,
      batchRecords: 8,
      segmentBits: SIMULATED_META.segmentBits,
      partitionCount,
      seed: SIMULATED_META.checksumSeed,
    };
    const partitions = buffers.map((buffer, partition) => ({ partition, buffer }));
    this.writer = new WalWriter(this.disk, partitions, settings, ring);
    this.#start();
  }

  connect(thread: number): TestConnection {
    return this.engineOf(thread).connect();
  }

  /** One whose replies are never held. */
  connectRelaxed(thread: number): TestConnection {
    const connection = this.connect(thread);
    this.threads[thread]!.connections.durabilities[connection.number] = DURABILITY.RELAXED;
    return connection;
  }

  engineOf(thread: number): SimulatedEngine {
    return this.threads[thread]!.engine as SimulatedEngine;
  }

  durabilityOf(thread: number) {
    return this.threads[thread]!.durability!;
  }

  /** Sends a command and ends its thread's turn; nothing of the log moves. */
  send(thread: number, connection: TestConnection, ...args: readonly string[]): string {
    connection.feed(encodeCommand(args));
    this.engineOf(thread).turn();
    return connection.take().toString("latin1");
  }

  /** Ticks of both threads after some time. */
  tickAfter(durationMs: number): void {
    this.clock.elapsed += durationMs;
    this.clock.now += durationMs;
    for (const [thread, { durability }] of this.threads.entries()) {
      durability!.tick();
      this.engineOf(thread).turn();
    }
  }

  /** The log goes on until nobody has anything to do. */
  settle(): void {
    for (let i = 0; i < SETTLE_ROUNDS_MAX; i++) {
      const hasWorked = this.writer.step(this.clock.elapsed) === "worked";
      const hasKept = this.stepKeeper();
      if (this.isRung) this.hearRing();
      else if (!hasWorked && !hasKept) return;
    }
    throw new Error("the server finds no rest");
  }

  hearRing(): void {
    this.isRung = false;
    for (const [thread, { durability }] of this.threads.entries()) {
      if (thread === 1 && this.isSecondDeaf) continue;
      durability!.progress();
      this.engineOf(thread).turn();
    }
  }

  /** The keeper takes the oldest message, as DataKeeper does. */
  stepKeeper(): boolean {
    const message = this.messages.shift();
    if (message === undefined) return false;
    this.isRung = true;
    if (message.kind === "log-end") {
      this.writer.endEpoch(this.clock.elapsed);
      this.#control.restart = RESTART.ENDED;
    } else if (message.kind === "log-begin") {
      this.writer.startEpoch(message.epoch, message.position, true);
      this.#control.restart = RESTART.STARTED;
    } else this.#keeper.receive(message);
    return true;
  }

  /** Keys that are there after a loss of power now. */
  recoveredKeyCount(): number {
    const directory = DataDirectory.open(this.disk.crash(), "the directory", SIMULATED_META);
    const thread = this.#makeThread(reserveStore(MEMORY_SIZE, SIMULATED_META.segmentBits));
    this.#recover(thread, directory);
    return thread.store.keyCount;
  }

  #makeThreads(
    options: SimulatedThreadsOptions,
    buffers: readonly SharedArrayBuffer[],
    chunks: readonly SharedArrayBuffer[],
  ): DataThread[] {
    const { policy = "always", timeoutMs = 1000 } = options;
    const doorbell = new WalDoorbell();
    const share = JournalShare.reserve(THREAD_COUNT);
    const snapshots = {
      control: this.#control,
      chunks,
      send: (message: SnapshotMessage) => void this.messages.push(message),
      intervalMs: 0,
      walBytes: 0,
    };
    const store = reserveStore(MEMORY_SIZE, SIMULATED_META.segmentBits, true);
    return Array.from({ length: THREAD_COUNT }, (_, index) =>
      this.#makeThread(store, index, {
        producers: buffers.map((buffer) => createJoinedProducer(buffer, doorbell)),
        share: new JournalShare(share, index),
        policy,
        segmentBits: SIMULATED_META.segmentBits,
        timeoutMs,
        snapshots: index === 0 ? snapshots : null,
      }),
    );
  }

  #makeThread(
    store: ReturnType<typeof reserveStore>,
    index = 0,
    wal: WalConnection | null = null,
  ): DataThread {
    const settings = threadOptions({
      maxMemoryBytes: MEMORY_SIZE,
      seeds: SIMULATED_META.hashSeeds,
      store,
      maxClients: 6,
      spareWindows: 2,
      threads: { index, count: wal === null ? 1 : THREAD_COUNT, mode: "shared" },
    });
    return new DataThread(
      settings,
      this.clock,
      null,
      (windows, handlers, count) => new SimulatedEngine(windows, handlers, count),
      { log: this.#log },
      wal,
    );
  }

  #start(): void {
    const [first, second] = this.threads;
    const result = this.#recover(first!, this.#directory);
    const { nextEpoch, nextPosition, nextSnapshotNumber } = result;
    first!.durability!.start(nextEpoch, nextPosition, nextSnapshotNumber);
    second!.durability!.join();
    this.writer.startEpoch(nextEpoch, nextPosition);
  }

  #recover({ store, windows }: DataThread, directory: DataDirectory) {
    const { area, keyScratchOffset: offset } = windows;
    const scratch = { area, offset, length: KEY_SCRATCH_SIZE };
    return recover({ directory, store, scratch, clock: this.clock });
  }
}
