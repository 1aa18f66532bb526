// A data thread's figures, and INFO's (redis/info-figures.ts) made of them: counts, memory, and the
// rates of what is sampled a few times a second. With several threads INFO's are made of the
// figures of all (thread-figures.ts).

import { machine, release, totalmem, type } from "node:os";
import type { Clock } from "../lib/clock.ts";
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
import type { PersistenceService } from "./persistence-service.ts";
import {
  FIGURE,
  FIGURE_COUNT,
  RESET_COUNTS,
  collectFigures,
  putFigures,
  type CountedParts,
} from "./thread-figures.ts";

export interface RedisFigureParts extends CountedParts {
  readonly clock: Clock;
  readonly maxMemoryBytes: () => number;
  /** Null = nothing is made durable. */
  readonly persistence: PersistenceService | null;
  /** Executed commands of RESP. */
  readonly commandCount: () => number;
  /** Bytes of the windows of other threads. */
  readonly otherWindowBytes: () => number;
  /** 40 hexadecimal digits. */
  readonly runId: string;
  /** When the server started, since the epoch. */
  readonly startedMs: number;
}

export interface RedisFigureOptions {
  readonly version: string;
  readonly configFile: string;
  readonly maxClients: number;
  readonly tickHz: number;
}

const V1_WRITES = [
  OPCODE.SET,
  OPCODE.INCR,
  OPCODE.INCRBY,
  OPCODE.DECR,
  OPCODE.DECRBY,
  OPCODE.DEL,
] as const;
const RESP_WRITES = [RESP_OPCODE.SET, RESP_OPCODE.MSET, RESP_OPCODE.INCR, RESP_OPCODE.DEL] as const;

type ResetCounts = Readonly<Record<(typeof RESET_COUNTS)[number], number>>;

export class RedisFigures {
  /** What the server listens on, 0 = no TCP. */
  port = 0;
  readonly #parts: RedisFigureParts;
  readonly #options: RedisFigureOptions;
  readonly #startedElapsedMs: number;
  readonly #words = new Float64Array(FIGURE_COUNT);
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
    // By the elapsed clock of this thread, which may have started later than the server.
    this.#startedElapsedMs = parts.clock.elapsedMs() - (parts.clock.nowMs() - parts.startedMs);
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

  /** What this thread has counted, as of now; the same array each time. */
  own(): Float64Array {
    const words = this.#words;
    this.#usedPeakBytes = Math.max(this.#usedPeakBytes, this.#usedBytes());
    collectFigures(this.#parts, words);
    putFigures(words, this.#sinceReset());
    putFigures(words, {
      commandsPerSecond: this.#commandRate.perSecond,
      inputBytesPerSecond: this.#inputRate.perSecond,
      outputBytesPerSecond: this.#outputRate.perSecond,
      usedPeakBytes: this.#usedPeakBytes,
      startupBytes: this.#startupBytes,
      changeCount: this.#changeCount(),
    });
    return words;
  }

  /** INFO's figures; `words` are those of the whole server. */
  read(words: Float64Array): Omit<InfoFigures, "threads"> {
    const cpu = process.cpuUsage();
    const connectedCount = words[FIGURE.open]!;
    return {
      server: this.#server(),
      clients: { connectedCount, countMax: this.#options.maxClients },
      memory: this.#memory(words),
      stats: readStats(words),
      cpu: { system: cpu.system / 1e6, user: cpu.user / 1e6 },
      persistence: this.#parts.persistence?.figures() ?? null,
      databases: this.#databases(),
    };
  }

  /** Counts and rates begin at zero again; what `commandCount` counts has been reset before. */
  reset(): void {
    this.#base = this.#counts();
    for (const rate of [this.#commandRate, this.#inputRate, this.#outputRate]) rate.reset();
  }

  get uptimeSeconds(): number {
    return Math.floor((this.#parts.clock.elapsedMs() - this.#startedElapsedMs) / 1000);
  }

  #server(): ServerFigures {
    const { clock, engine } = this.#parts;
    return {
      fkvsVersion: this.#options.version,
      os: `${type()} ${release()} ${machine()}`,
      addressBits: 64,
      multiplexer: engine.dispatcher,
      processId: process.pid,
      runId: this.#parts.runId,
      port: this.port,
      nowMs: clock.nowMs(),
      startedMs: this.#parts.startedMs,
      uptimeSeconds: this.uptimeSeconds,
      tickHz: this.#options.tickHz,
      executable: process.execPath,
      configFile: this.#options.configFile,
    };
  }

  #memory(words: Float64Array): MemoryFigures {
    const { store, maxMemoryBytes } = this.#parts;
    const { entries, pieces } = store.memoryBytes();
    const used = this.#usedBytes();
    return {
      used,
      usedPeak: Math.max(used, words[FIGURE.usedPeakBytes]!),
      startup: words[FIGURE.startupBytes]!,
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
    const { windows, sends, otherWindowBytes } = this.#parts;
    return windows.touched.bytes + sends.touched.bytes + otherWindowBytes();
  }

  #databases(): DatabaseFigures[] {
    const { store } = this.#parts;
    return Array.from({ length: DATABASE_COUNT }, (_, database) => ({
      keyCount: store.keyCountIn(database),
      deadlineCount: store.deadlineCountIn(database),
      averageTtlMs: 0,
    }));
  }

  #sinceReset(): ResetCounts {
    const counts = this.#counts();
    const base = this.#base;
    if (base === null) return counts;
    const pairs = RESET_COUNTS.map((name) => [name, counts[name] - base[name]]);
    return Object.fromEntries(pairs) as unknown as ResetCounts;
  }

  #counts(): ResetCounts {
    const { connections, executor, commands, rows, sends, store, turn } = this.#parts;
    const counts = executor.executedCounts;
    const reads = counts[OPCODE.GET]! + counts[RESP_OPCODE.GET]! + counts[RESP_OPCODE.MGET]!;
    const v1Misses = commands.strings.missCount;
    return {
      connectionsReceived: connections.acceptedCount,
      connectionsRejected: connections.refusedCount,
      commandsProcessed: this.#commandCount(),
      inputBytes: turn.receivedBytes,
      outputBytes: sends.sentBytes,
      readCount: turn.receiveCount,
      writeCount: sends.writeCount + sends.vectoredCount,
      expiredKeys: store.expiredCount,
      keyspaceHits: reads - rows.missCount - v1Misses,
      keyspaceMisses: rows.missCount + v1Misses,
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

function readStats(words: Float64Array): StatFigures {
  const counts = Object.fromEntries(RESET_COUNTS.map((name) => [name, words[FIGURE[name]]!]));
  return {
    ...(counts as unknown as ResetCounts),
    commandsPerSecond: words[FIGURE.commandsPerSecond]!,
    inputBytesPerSecond: words[FIGURE.inputBytesPerSecond]!,
    outputBytesPerSecond: words[FIGURE.outputBytesPerSecond]!,
    changeCount: words[FIGURE.changeCount]!,
  };
}
