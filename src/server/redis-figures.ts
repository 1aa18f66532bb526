// Gathers INFO's figures (redis/info-figures.ts) from the parts of a data thread: counts, memory,
// and the rates of what is sampled a few times a second.

import { machine, release, totalmem, type } from "node:os";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import type { Commands, Executor } from "../command/executor.ts";
import type { RespRows } from "../command/resp-rows.ts";
import type { Clock } from "../lib/clock.ts";
import type { Engine } from "../net/engine.ts";
import { OPCODE } from "../protocol/opcode.ts";
import { RESP_OPCODE, RESP_OPCODE_MIN } from "../protocol/resp-opcode.ts";
import type {
  DatabaseFigures,
  InfoFigures,
  MemoryFigures,
  ServerFigures,
  StatFigures,
} from "../redis/info-figures.ts";
import { DATABASE_COUNT } from "../redis/keyspace.ts";
import { RateWindow } from "../redis/rate-window.ts";
import type { Store } from "../store/store.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { PersistenceService } from "./persistence-service.ts";
import type { Turn } from "./turn.ts";

export interface RedisFigureParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly executor: Executor;
  /** Of v1. */
  readonly commands: Commands;
  readonly rows: RespRows;
  readonly connections: ConnectionTable;
  readonly turn: Turn;
  readonly engine: Engine;
  readonly maxMemoryBytes: () => number;
  /** Null = nothing is made durable. */
  readonly persistence: PersistenceService | null;
  /** Executed commands of RESP. */
  readonly commandCount: () => number;
}

export interface RedisFigureOptions {
  readonly version: string;
  readonly configFile: string;
  readonly maxClients: number;
  readonly tickHz: number;
}

const RUN_ID_BYTES = 20;
const V1_WRITES = [
  OPCODE.SET,
  OPCODE.INCR,
  OPCODE.INCRBY,
  OPCODE.DECR,
  OPCODE.DECRBY,
  OPCODE.DEL,
] as const;
const RESP_WRITES = [RESP_OPCODE.SET, RESP_OPCODE.MSET, RESP_OPCODE.INCR, RESP_OPCODE.DEL] as const;

/** Those that CONFIG RESETSTAT sets to zero. */
const RESET_COUNTS = [
  "connectionsReceived",
  "connectionsRejected",
  "commandsProcessed",
  "inputBytes",
  "outputBytes",
  "readCount",
  "writeCount",
  "expiredKeys",
  "keyspaceHits",
  "keyspaceMisses",
] as const;
type ResetCounts = Readonly<Record<(typeof RESET_COUNTS)[number], number>>;

export class RedisFigures {
  /** What the server listens on, 0 = no TCP. */
  port = 0;
  readonly #parts: RedisFigureParts;
  readonly #options: RedisFigureOptions;
  readonly #startedMs: number;
  readonly #startedElapsedMs: number;
  readonly #runId = Buffer.from(crypto.getRandomValues(new Uint8Array(RUN_ID_BYTES))).toString(
    "hex",
  );
  readonly #startupBytes: number;
  readonly #commandRate: RateWindow;
  readonly #inputRate: RateWindow;
  readonly #outputRate: RateWindow;
  #usedPeakBytes: number;
  /** What the counts had reached at the last `reset`. */
  #base: ResetCounts | null = null;

  constructor(parts: RedisFigureParts, options: RedisFigureOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#startedMs = parts.clock.nowMs();
    this.#startedElapsedMs = parts.clock.elapsedMs();
    this.#commandRate = new RateWindow(this.#startedElapsedMs);
    this.#inputRate = new RateWindow(this.#startedElapsedMs);
    this.#outputRate = new RateWindow(this.#startedElapsedMs);
    this.#startupBytes = this.#usedBytes();
    this.#usedPeakBytes = this.#startupBytes;
  }

  /** To be called a few times a second. */
  sample(): void {
    const nowMs = this.#parts.clock.elapsedMs();
    const { commandsProcessed, inputBytes, outputBytes } = this.#sinceReset();
    this.#commandRate.sample(commandsProcessed, nowMs);
    this.#inputRate.sample(inputBytes, nowMs);
    this.#outputRate.sample(outputBytes, nowMs);
    this.#usedPeakBytes = Math.max(this.#usedPeakBytes, this.#usedBytes());
  }

  read(): InfoFigures {
    const cpu = process.cpuUsage();
    const { connections } = this.#parts;
    return {
      server: this.#server(),
      clients: { connectedCount: connections.openCount, countMax: this.#options.maxClients },
      memory: this.#memory(),
      stats: this.#sinceReset(),
      cpu: { system: cpu.system / 1e6, user: cpu.user / 1e6 },
      persistence: this.#parts.persistence?.figures() ?? null,
      databases: this.#databases(),
    };
  }

  /** Counts and rates begin at zero again; what `commandCount` counts has been reset before. */
  reset(): void {
    this.#base = this.#stats();
    for (const rate of [this.#commandRate, this.#inputRate, this.#outputRate]) rate.reset();
  }

  #server(): ServerFigures {
    const { clock, engine } = this.#parts;
    return {
      fkvsVersion: this.#options.version,
      os: `${type()} ${release()} ${machine()}`,
      addressBits: 64,
      multiplexer: engine.dispatcher,
      processId: process.pid,
      runId: this.#runId,
      port: this.port,
      nowMs: clock.nowMs(),
      startedMs: this.#startedMs,
      uptimeSeconds: Math.floor((clock.elapsedMs() - this.#startedElapsedMs) / 1000),
      tickHz: this.#options.tickHz,
      executable: process.execPath,
      configFile: this.#options.configFile,
    };
  }

  #memory(): MemoryFigures {
    const { store, maxMemoryBytes } = this.#parts;
    const { entries, pieces } = store.memoryBytes();
    const used = this.#usedBytes();
    this.#usedPeakBytes = Math.max(this.#usedPeakBytes, used);
    return {
      used,
      usedPeak: this.#usedPeakBytes,
      startup: this.#startupBytes,
      dataset: entries + pieces,
      windows: this.#windowBytes(),
      resident: process.memoryUsage().rss,
      limit: maxMemoryBytes(),
      system: totalmem(),
    };
  }

  #usedBytes(): number {
    const { entries, slots, expiry, unused, pieces } = this.#parts.store.memoryBytes();
    return entries + slots + expiry + unused + pieces + this.#windowBytes();
  }

  #windowBytes(): number {
    return this.#parts.windows.touched.bytes + this.#parts.sends.touched.bytes;
  }

  #databases(): DatabaseFigures[] {
    const { store } = this.#parts;
    return Array.from({ length: DATABASE_COUNT }, (_, database) => ({
      keyCount: store.keyCountIn(database),
      deadlineCount: store.deadlineCountIn(database),
      averageTtlMs: 0,
    }));
  }

  #sinceReset(): StatFigures {
    const stats = this.#stats();
    if (this.#base === null) return stats;
    const base = this.#base;
    const counts = RESET_COUNTS.map((name) => [name, stats[name] - base[name]]);
    return { ...stats, ...Object.fromEntries(counts) };
  }

  #stats(): StatFigures {
    const { connections, executor, commands, rows, sends, store, turn } = this.#parts;
    const counts = executor.executedCounts;
    const reads = counts[OPCODE.GET]! + counts[RESP_OPCODE.GET]! + counts[RESP_OPCODE.MGET]!;
    const v1Misses = commands.strings.missCount;
    return {
      connectionsReceived: connections.acceptedCount,
      connectionsRejected: connections.refusedCount,
      commandsProcessed: this.#commandCount(),
      commandsPerSecond: this.#commandRate.perSecond,
      inputBytes: turn.receivedBytes,
      outputBytes: sends.sentBytes,
      inputBytesPerSecond: this.#inputRate.perSecond,
      outputBytesPerSecond: this.#outputRate.perSecond,
      readCount: turn.receiveCount,
      writeCount: sends.writeCount + sends.vectoredCount,
      expiredKeys: store.expiredCount,
      keyspaceHits: reads - rows.missCount - v1Misses,
      keyspaceMisses: rows.missCount + v1Misses,
      changeCount: this.#changeCount(),
    };
  }

  /** Of every protocol. */
  #commandCount(): number {
    const { executor, commandCount } = this.#parts;
    let count = commandCount();
    for (let opcode = 0; opcode < RESP_OPCODE_MIN; opcode++) {
      count += executor.executedCounts[opcode]!;
    }
    return count;
  }

  /** Commands that may have changed something: writes are not looked at one by one. */
  #changeCount(): number {
    const { executor } = this.#parts;
    let count = 0;
    for (const opcode of V1_WRITES) count += executor.executedCounts[opcode]!;
    for (const opcode of RESP_WRITES) {
      count += executor.respCommandCount(opcode - RESP_OPCODE_MIN);
    }
    return count;
  }
}
