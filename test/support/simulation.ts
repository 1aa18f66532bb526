// A history of a server, from one seed: clients that come, ask and vanish, over a network that cuts
// everything into pieces; a log, snapshots and a disk that go on, fail and lose their power at any
// moment; and several lives, each recovered from what the last one has left.
//
//   Simulation ─▶ SimulatedLife (one start to its end) ─▶ SimulatedServer, SimulatedClient …
//        `──────▶ checkRecovery: what the next life has, against what the last one had promised

import { FOREIGN_LOCAL } from "../../src/lib/thread-mode.ts";
import { DiskError, type Disk } from "../../src/wal/disk.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import type { RecoveryResult } from "../../src/wal/recovery.ts";
import type { SyncPolicy } from "../../src/wal/wal-writer.ts";
import { Random } from "./random.ts";
import { ONE_THREAD, type ThreadChoice } from "./simulated-data-threads.ts";
import { PowerLoss, SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedLife, type LifeOptions } from "./simulated-life.ts";
import { SimulatedServer, type SimulatedServerOptions } from "./simulated-server.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { readContents } from "./simulation-model.ts";
import { TestClock } from "./test-clock.ts";
import { findDifference, livingAt, type Ends } from "./write-history.ts";

/** One of so many histories is that of several data threads. */
const SEVERAL_THREADS_SHARE = 4;
const STARTS_MAX = 20;
const STEP_COUNT_MAX = 160;
const MIB = 1024 * 1024;
/** The smallest that requests of the largest window fit, and more. */
const SHARD_RING_SIZES = [128 * 1024, 1024 * 1024];
const NOTHING: Ends = [];

/** What is planted, so that it is found out. */
export interface SimulationPlant {
  readonly server?: Partial<SimulatedServerOptions>;
  /** Of each new disk. */
  readonly disk?: (disk: SimulatedDisk) => void;
  /** Of each server, before its history listens to it. */
  readonly started?: (server: SimulatedServer) => void;
  readonly policy?: SyncPolicy;
  /** In the place of what the seed says. */
  readonly threads?: ThreadChoice;
  readonly hasLongValues?: boolean;
}

/** What a history had in it, so that a run can tell what it has tried. */
export interface SimulationFigures {
  lives: number;
  crashes: number;
  kills: number;
  faults: number;
  restarts: number;
  snapshots: number;
  events: number;
  acknowledged: number;
  droppedGroups: number;
  torn: number;
  parked: number;
  timeouts: number;
  crashedStarts: number;
  newEpochs: number;
  /** Requests that data threads have sent to the owners of their keys. */
  sentToOwners: number;
  /** Times that a data thread went on in the middle of what another one did. */
  interruptions: number;
  /** Those in which it came to a lock that the other one had. */
  lockWaits: number;
}

/** Two or three data threads in either mode, every fourth time. */
export function threadsOf(seed: number): ThreadChoice {
  if (seed % SEVERAL_THREADS_SHARE !== 0) return ONE_THREAD;
  const number = Math.floor(seed / SEVERAL_THREADS_SHARE);
  return {
    count: 2 + (number % 2),
    mode: (number & 2) === 0 ? "shared" : "sharded",
    foreignLocal: FOREIGN_LOCAL[(number >>> 2) % FOREIGN_LOCAL.length]!,
  };
}

export class Simulation {
  readonly threads: ThreadChoice;
  readonly figures: SimulationFigures = {
    lives: 0,
    crashes: 0,
    kills: 0,
    faults: 0,
    restarts: 0,
    snapshots: 0,
    events: 0,
    acknowledged: 0,
    droppedGroups: 0,
    torn: 0,
    parked: 0,
    timeouts: 0,
    crashedStarts: 0,
    newEpochs: 0,
    sentToOwners: 0,
    interruptions: 0,
    lockWaits: 0,
  };
  readonly #random: Random;
  readonly #plant: SimulationPlant;
  /** So long that they come in parts, or fill the ring. */
  readonly #hasLongValues: boolean;
  readonly #clock = new TestClock();
  #disk: SimulatedDisk;
  #last: SimulatedLife | null = null;

  constructor(seed: number, plant: SimulationPlant = {}) {
    this.#random = new Random(seed);
    const hasLongValues = this.#random.oneIn(6);
    this.#hasLongValues = plant.hasLongValues ?? hasLongValues;
    this.#plant = plant;
    this.threads = plant.threads ?? threadsOf(seed);
    this.#disk = new SimulatedDisk(this.#random);
    this.#plant.disk?.(this.#disk);
  }

  /** Throws when anything is not as it should be. */
  run(): void {
    const lifeCount = this.#random.between(1, 4);
    for (let i = 0; i < lifeCount; i++) this.#live();
    // What the last one has left has to be sound as well.
    this.#start(this.#makeOptions()).dispose();
  }

  /** For the message of a failure. */
  describe(): string {
    return this.#disk.trace.slice(-60).join("\n");
  }

  #live(): void {
    const options = this.#makeOptions();
    const server = this.#start(options);
    const life = new SimulatedLife(server, this.#disk, this.#random, options, this.figures);
    this.#last = life;
    this.figures.lives++;
    this.#disk = life.run(this.#random.between(5, STEP_COUNT_MAX));
    server.dispose();
    this.#plant.disk?.(this.#disk);
    this.figures.events += life.history.length;
    this.figures.acknowledged += life.promises.acknowledgedCount;
    for (const { durability } of server.threads) {
      this.figures.timeouts += durability!.timeoutCount;
    }
  }

  #makeOptions(): LifeOptions {
    const random = this.#random;
    return {
      policy: this.#plant.policy ?? random.pick(["always", "always", "always", "everysec", "none"]),
      partitionCount: random.between(1, 4),
      writerCount: random.between(1, 3),
      fileSizeMax: random.pick([600, 3000, 20_000, 1_000_000]),
      batchRecords: random.between(1, 10),
      flushIntervalMs: random.between(1, 30),
      timeoutMs: random.pick([50, 500, 5000]),
      hasLongValues: this.#hasLongValues,
      threads: this.threads.count === 1 ? ONE_THREAD : this.#makeThreadChoice(),
      thread: {
        maxMemoryBytes:
          (this.#hasLongValues ? 16 + 8 * this.threads.count : 4 + this.threads.count) * MIB,
        windowSizeBytes: random.pick([1, 2]) * 32 * 1024,
        sendLimitBytes: random.pick([4000, 1_000_000]),
      },
    };
  }

  #makeThreadChoice(): ThreadChoice {
    return { ...this.threads, shardRingSize: this.#random.pick(SHARD_RING_SIZES) };
  }

  /** Starts until a start succeeds, and holds what is there against what was promised. */
  #start(options: LifeOptions): SimulatedServer {
    for (let i = 0; i < STARTS_MAX; i++) {
      const isLastTry = i === STARTS_MAX - 1;
      if (!isLastTry && this.#random.oneIn(5)) this.#plantFault();
      const files = this.#disk.snapshot();
      const server = this.#tryStart(options);
      this.#disk.powerLossAt = Infinity;
      if (server === null) continue;
      this.#check(server, files);
      this.#plant.started?.(server);
      return server;
    }
    throw new Error("no start succeeds");
  }

  #plantFault(): void {
    const disk = this.#disk;
    if (this.#random.oneIn(2)) disk.powerLossAt = disk.operationCount + this.#random.between(1, 60);
    else {
      const operation = this.#random.pick(["read", "sync", "create", "sync-directory"] as const);
      disk.failAt(operation, this.#random.between(1, 6), "EIO", 1000);
    }
  }

  #tryStart(options: LifeOptions): SimulatedServer | null {
    const { server = {} } = this.#plant;
    const disk: Disk = this.#disk;
    try {
      return new SimulatedServer({ ...options, ...server, disk, clock: this.#clock });
    } catch (error) {
      this.figures.crashedStarts++;
      const isFault = this.#disk.trace.some((line) => line.startsWith("  failed: EIO"));
      const isExpected = error instanceof PowerLoss || (isFault && isDiskFault(error));
      if (!isExpected) throw error;
      this.#disk = error instanceof PowerLoss ? this.#disk.crash() : this.#disk.kill();
      this.#plant.disk?.(this.#disk);
      return null;
    }
  }

  #check(server: SimulatedServer, files: Readonly<Record<string, Uint8Array>>): void {
    const { recovery } = server;
    this.figures.droppedGroups += recovery.droppedGroupCount;
    this.figures.torn += recovery.torn.length;
    if (recovery.snapshot !== null) this.figures.restarts++;
    const { store, windows } = server.thread;
    store.locks?.enterAll();
    const found = readContents(new StoreKeyspace(store, windows));
    store.locks?.leave();
    const life = this.#last;
    if (life === null) {
      if (found.size > 0) throw new Error("an empty directory has keys");
      return;
    }
    const endsOf = makeEndsOf(recovery, files, life);
    const nowMs = server.thread.store.nowMs;
    const isRecovered = life.history.listRecovered(endsOf);
    const expected = livingAt(life.history.contentsOf(isRecovered), nowMs);
    const difference = findDifference(found, expected);
    if (difference !== "") throw new Error(`after recovery: ${difference}`);
    life.promises.check(endsOf, isRecovered);
  }
}

/** Where the partitions of an epoch end on the disk that a start has found. */
function makeEndsOf(
  recovery: RecoveryResult,
  files: Readonly<Record<string, Uint8Array>>,
  life: SimulatedLife,
): (epoch: number) => Ends {
  const all = Array.from({ length: life.partitionCount }, () => Infinity);
  const none = all.map(() => 0);
  const found = (epoch: number): Ends => {
    // A snapshot of a later epoch has everything that was before.
    if ((recovery.snapshot?.epoch ?? 0) > epoch) return all;
    if (recovery.nextEpoch - 1 < epoch) return none;
    if (recovery.nextEpoch - 1 === epoch) return recovery.endPositions;
    return recoverUpTo(epoch, files) ?? NOTHING;
  };
  const known = new Map<number, Ends>();
  return (epoch) => {
    const ends = known.get(epoch) ?? found(epoch);
    known.set(epoch, ends);
    return ends;
  };
}

/** The ends of an epoch by a recovery without the files of later ones. */
function recoverUpTo(epoch: number, files: Readonly<Record<string, Uint8Array>>): Ends | null {
  const names = Object.keys(files).filter((name) => {
    const match = /^wal-(\d+)-/.exec(name);
    return match === null || Number(match[1]) <= epoch;
  });
  const kept = Object.fromEntries(names.map((name) => [name, files[name]!]));
  const server = new SimulatedServer({ disk: new SimulatedDisk(new Random(1), kept) });
  const { nextEpoch, endPositions } = server.recovery;
  server.dispose();
  return nextEpoch - 1 === epoch ? endPositions : null;
}

function isDiskFault(error: unknown): boolean {
  return error instanceof DiskError || error instanceof RecoveryError;
}
