// The whole server as one of its data threads sees and shows it, by way of the board: figures of
// all threads added up, clients of all of them, and what commands on one mean for the others.
//
//   tick      shows figures, clients and errors; does what others want of this thread
//   INFO …    adds up what this thread has counted so far and what the others showed last
//
// What others show is as old as their last tick. Lists of clients cost their thread time, so a long
// one is shown less often: showing takes a twentieth of the thread's time at most.

import type { Clock } from "../lib/clock.ts";
import {
  readClientElsewhere,
  showClient,
  type ClientElsewhere,
} from "../redis/client-elsewhere.ts";
import type { Client } from "../redis/client.ts";
import { CommandStats } from "../redis/command-stats.ts";
import type { PersistenceFigures, ThreadFigures, ThreadsFigures } from "../redis/info-figures.ts";
import { BoardSnapshots, snapshotFigures } from "./board-snapshots.ts";
import type { ServerBoard } from "./server-board.ts";
import { readShardFigures } from "./shard-words.ts";
import { FIGURE, combineFigures, putFigures, type FigureName } from "./thread-figures.ts";

/** Parts of a thread's time that showing its clients may take: one in so many. */
const SHOW_SHARE = 20;

interface PersistenceOfThread {
  readonly isRunning: boolean;
  start(): "started" | "running";
  figures(): PersistenceFigures;
  /** Has the command of a client that waited for a snapshot executed again. */
  wake(client: Client): void;
}

export interface WholeServerParts {
  readonly clock: Clock;
  /** Of this thread, as of now. */
  readonly figures: () => Float64Array;
  readonly stats: CommandStats;
  readonly clients: () => Iterable<Client>;
  /** A client of this thread as CLIENT LIST shows it. */
  readonly describe: (client: Client) => string;
  /** Closes a client of this thread, if it is still there. */
  readonly killId: (id: number) => void;
  /** Begins this thread's statistics at zero again. */
  readonly reset: () => void;
  readonly setActiveExpiry: (isOn: boolean) => void;
  /** Of this thread; null = nothing is made durable. */
  readonly persistence: PersistenceOfThread | null;
}

export class WholeServer {
  /** Those that thread 0 makes, for the others; null = this is thread 0, or nothing is kept. */
  readonly boardSnapshots: BoardSnapshots | null;
  readonly #board: ServerBoard;
  readonly #parts: WholeServerParts;
  /** Counts of commands by thread; this thread's are those it counts. */
  readonly #stats: readonly CommandStats[];
  /** Resets that this thread has followed. */
  #resetCount = 0;
  /** Of thread 0: the number of the snapshot that it has begun for others. */
  #begunSave = 0;
  #unlistedCount = 0;
  #nextShowMs = 0;

  constructor(board: ServerBoard, parts: WholeServerParts) {
    const { index } = board.setup;
    const { names } = parts.stats;
    this.#board = board;
    this.#parts = parts;
    this.#resetCount = board.resetCount;
    this.#stats = [...board.threads.keys()].map((thread) =>
      thread === index ? parts.stats : board.commandStats(thread, names),
    );
    const { persistence } = parts;
    this.boardSnapshots =
      persistence === null || index === 0
        ? null
        : new BoardSnapshots(board, (client) => persistence.wake(client));
  }

  /** A few times a second. */
  tick(): void {
    this.answer();
    this.#parts.setActiveExpiry(this.#board.live.isExpiryActive);
    this.#show();
    this.#endSave();
    this.boardSnapshots?.tick();
    this.clientsChanged();
    this.#showErrors();
  }

  /** A client has come or gone: those who ask elsewhere should soon know. */
  clientsChanged(): void {
    if (this.#parts.clock.elapsedMs() >= this.#nextShowMs) this.#showClients();
  }

  /** Does what other threads want of this one. */
  answer(): void {
    this.#followReset();
    for (const id of this.#board.own.kills.take()) this.#parts.killId(id);
    const { index } = this.#board.setup;
    if (index === 0) this.#beginSave();
  }

  /** Figures of all threads in one. */
  figures(): Float64Array {
    this.#followReset();
    this.#show();
    return combineFigures(this.#board.threads.map(({ figures }) => figures));
  }

  /** For INFO, after `figures`. */
  threadFigures(): ThreadsFigures {
    const { mode } = this.#board.setup;
    const threads = this.#board.threads.map(({ figures }) => readThread(figures, mode));
    return { mode, threads };
  }

  /** For INFO: what this thread knows of the log, what thread 0 does, and what all do. */
  persistence(words: Float64Array): PersistenceFigures | null {
    const own = this.#parts.persistence?.figures();
    if (own === undefined) return null;
    return {
      ...own,
      snapshots: this.boardSnapshots ?? own.snapshots,
      logBytes: words[FIGURE.logBytes]!,
      recoveredKeyCount: words[FIGURE.recoveredKeys]!,
      heldCount: words[FIGURE.heldReplies]!,
      parkedCount: words[FIGURE.parkedConnections]!,
      refusedCount: words[FIGURE.walTimeouts]!,
    };
  }

  /** What all threads have counted of commands. */
  stats(): CommandStats {
    this.#followReset();
    const { names } = this.#parts.stats;
    const sum = new CommandStats(names, this.#board.live);
    sum.add(this.#parts.stats, this.#parts.stats.errorCounts());
    for (const thread of this.#board.others) {
      const { figures, errors } = this.#board.threads[thread]!;
      // Until it has followed the last reset, what it has counted is gone.
      if (figures[FIGURE.resets] !== this.#resetCount) continue;
      const pairs = errors.read().map((line) => JSON.parse(line) as [string, number]);
      sum.add(this.#stats[thread]!, pairs);
    }
    return sum;
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.#board.addReset();
    this.#followReset();
    this.#show();
  }

  clientsElsewhere(): ClientElsewhere[] {
    return this.#board.others.flatMap((thread) => {
      return this.#board.threads[thread]!.clients.read().map(readClientElsewhere);
    });
  }

  killElsewhere(clients: readonly ClientElsewhere[]): number {
    let count = 0;
    for (const thread of this.#board.others) {
      const ids = clients.map(({ id }) => id).filter((id) => this.#threadOf(id) === thread);
      if (ids.length > 0) count += this.#board.threads[thread]!.kills.post(ids);
    }
    return count;
  }

  /** As ClientTable gives ids. */
  #threadOf(id: number): number {
    return (id - 1) % this.#board.setup.count;
  }

  #followReset(): void {
    const { resetCount } = this.#board;
    if (resetCount === this.#resetCount) return;
    this.#resetCount = resetCount;
    this.#parts.reset();
    this.#showErrors();
  }

  /** One that is under way may lack what was written before this one was wanted. */
  #beginSave(): void {
    const { wantedSave } = this.#board;
    if (wantedSave === this.#begunSave) return;
    if (this.#parts.persistence?.start() === "started") this.#begunSave = wantedSave;
  }

  /** Of thread 0, once its figures show how it ended. */
  #endSave(): void {
    const { index } = this.#board.setup;
    if (index === 0 && this.#parts.persistence?.isRunning === false) {
      this.#board.endedSave = this.#begunSave;
    }
  }

  #show(): void {
    const words = this.#parts.figures();
    putFigures(words, { resets: this.#resetCount, unlistedClients: this.#unlistedCount });
    const persistence = this.#parts.persistence?.figures();
    if (persistence !== undefined) putFigures(words, persistenceFigures(persistence));
    this.#board.own.figures.set(words);
  }

  #showErrors(): void {
    const counts = this.#parts.stats.errorCounts();
    this.#board.own.errors.write(counts.map((pair) => JSON.stringify(pair)));
  }

  #showClients(): void {
    const { clock, clients, describe } = this.#parts;
    const beginMs = clock.elapsedMs();
    const lines = [...clients()].map((client) => showClient(client, describe(client)));
    this.#unlistedCount = this.#board.own.clients.write(lines);
    const endMs = clock.elapsedMs();
    this.#nextShowMs = endMs + (SHOW_SHARE - 1) * (endMs - beginMs);
  }
}

function readThread(figures: Float64Array, mode: ThreadsFigures["mode"]): ThreadFigures {
  const read = (name: FigureName): number => figures[FIGURE[name]]!;
  return {
    connectionCount: read("open"),
    unlistedCount: read("unlistedClients"),
    commandCount: read("commandsProcessed"),
    lockWaitCount: read("lockWaits"),
    lockSleepCount: read("lockSleeps"),
    structureCount: read("structureTakes"),
    allSegmentsCount: read("allSegmentTakes"),
    shard: mode === "shared" ? null : readShardFigures(read),
  };
}

function persistenceFigures(figures: PersistenceFigures): Partial<Record<FigureName, number>> {
  return {
    ...snapshotFigures(figures.snapshots),
    logBytes: figures.logBytes,
    recoveredKeys: figures.recoveredKeyCount,
    heldReplies: figures.heldCount,
    parkedConnections: figures.parkedCount,
    walTimeouts: figures.refusedCount,
  };
}
