// One data thread's side of the board (board-memory.ts): what it shows, what the others show, and
// what they want of each other. There is none with one thread.

import { CommandStats, commandStatsWords } from "../redis/command-stats.ts";
import { LIVE_SETTING_COUNT, LiveSettings } from "../redis/live-settings.ts";
import { assert } from "../lib/assert.ts";
import {
  CLIENT_LINES_BYTES,
  COMMAND_COUNT_MAX,
  ERROR_LINES_BYTES,
  RESET_COUNT,
  SAVES_ENDED,
  SAVES_WANTED,
  SHARED_PLACES,
  headerWords,
  runIdOf,
  threadPlaces,
} from "./board-memory.ts";
import { KillRequests } from "./kill-requests.ts";
import { SharedLines } from "./shared-lines.ts";
import { SharedSlowLog } from "./shared-slow-log.ts";
import { FIGURE_COUNT } from "./thread-figures.ts";
import type { ThreadSetup } from "./thread-setup.ts";

/** What one thread shows. */
export interface ThreadBoard {
  /** Words of thread-figures.ts. */
  readonly figures: Float64Array;
  /** Ids of its clients that are to be closed. */
  readonly kills: KillRequests;
  /** Its clients (client-lines.ts), and its errors by code. */
  readonly clients: SharedLines;
  readonly errors: SharedLines;
}

export class ServerBoard {
  readonly setup: ThreadSetup;
  /** The same on all threads, other ones with each start. */
  readonly runId: string;
  readonly live: LiveSettings;
  readonly slowLog: SharedSlowLog;
  /** By the index of the thread. */
  readonly threads: readonly ThreadBoard[];
  readonly #buffer: SharedArrayBuffer;
  readonly #header: Int32Array;

  constructor(buffer: SharedArrayBuffer, setup: ThreadSetup) {
    this.setup = setup;
    this.#buffer = buffer;
    this.#header = headerWords(buffer);
    this.runId = runIdOf(buffer);
    const { LIVE_SETTINGS, SLOW_LOG } = SHARED_PLACES;
    this.live = new LiveSettings(new Float64Array(buffer, LIVE_SETTINGS, LIVE_SETTING_COUNT));
    this.slowLog = new SharedSlowLog(buffer, SLOW_LOG);
    this.threads = Array.from({ length: setup.count }, (_, thread) => openThread(buffer, thread));
  }

  /** What this thread shows. */
  get own(): ThreadBoard {
    return this.threads[this.setup.index]!;
  }

  /** Indexes of the other threads. */
  get others(): number[] {
    return [...this.threads.keys()].filter((thread) => thread !== this.setup.index);
  }

  /** Of a figure that the other threads show. */
  sumOfOthers(figure: number): number {
    return this.others.reduce((sum, thread) => sum + this.threads[thread]!.figures[figure]!, 0);
  }

  /** Counts of commands that this thread makes. */
  ownStats(names: readonly string[]): CommandStats {
    return this.commandStats(this.setup.index, names);
  }

  /** Counts of commands that thread `thread` makes, and the others read. */
  commandStats(thread: number, names: readonly string[]): CommandStats {
    assert(names.length <= COMMAND_COUNT_MAX, "the board has room for the counts of all commands");
    const { commands } = threadPlaces(thread);
    const words = new Float64Array(this.#buffer, commands, commandStatsWords(names.length));
    return new CommandStats(names, this.live, words);
  }

  /** When the first thread of the server started; `nowMs` if that is the caller. */
  startedMs(nowMs: number): number {
    const word = new BigInt64Array(this.#buffer, SHARED_PLACES.STARTED_MS, 1);
    const known = Atomics.compareExchange(word, 0, 0n, BigInt(Math.floor(nowMs)));
    return known === 0n ? nowMs : Number(known);
  }

  /** How often statistics were reset: what was counted before the last time counts no more. */
  get resetCount(): number {
    return Atomics.load(this.#header, RESET_COUNT);
  }

  addReset(): void {
    Atomics.add(this.#header, RESET_COUNT, 1);
  }

  /** Has thread 0 make a snapshot; the number under which it is wanted. */
  wantSave(): number {
    return Atomics.add(this.#header, SAVES_WANTED, 1) + 1;
  }

  /** The number of the snapshot that was wanted last. */
  get wantedSave(): number {
    return Atomics.load(this.#header, SAVES_WANTED);
  }

  /** All snapshots up to this number have been made, or have failed. */
  get endedSave(): number {
    return Atomics.load(this.#header, SAVES_ENDED);
  }

  set endedSave(number: number) {
    Atomics.store(this.#header, SAVES_ENDED, number);
  }
}

function openThread(buffer: SharedArrayBuffer, thread: number): ThreadBoard {
  const places = threadPlaces(thread);
  return {
    figures: new Float64Array(buffer, places.figures, FIGURE_COUNT),
    kills: new KillRequests(buffer, places.kills),
    clients: new SharedLines(buffer, places.clients, CLIENT_LINES_BYTES),
    errors: new SharedLines(buffer, places.errors, ERROR_LINES_BYTES),
  };
}
