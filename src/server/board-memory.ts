// The memory of the board, on which data threads show one another what concerns the whole server:
//
//   +--------+---------------+----------+----------+----------+---
//   | header | live settings | slow log | thread 0 | thread 1 | …
//   +--------+---------------+----------+----------+----------+---
//
//   header   counts of resets, of snapshots wanted and ended · when the server started · its run id
//   thread   figures · requests to kill · clients · errors · counts of commands
//
// Reserved once by the main thread. Pages that nobody has written take no memory, so the parts may
// be larger than most servers need.

import { commandStatsWords } from "../redis/command-stats.ts";
import { LIVE_SETTING_COUNT, writeLiveDefaults } from "../redis/live-settings.ts";
import { KILL_REQUESTS_BYTES } from "./kill-requests.ts";
import { SHARED_SLOW_LOG_BYTES } from "./shared-slow-log.ts";
import { FIGURE_COUNT } from "./thread-figures.ts";

/** Int32 words of the header. */
export const RESET_COUNT = 0;
export const SAVES_WANTED = 1;
export const SAVES_ENDED = 2;
const HEADER_WORDS = 4;

const RUN_ID_BYTES = 20;
/** Commands and subcommands; more than there are. */
export const COMMAND_COUNT_MAX = 256;

/** Some ten thousand clients; INFO tells how many there was no room for. */
export const CLIENT_LINES_BYTES = 4 * 2 ** 20;
export const ERROR_LINES_BYTES = 2 ** 16;

const HEADER = 0;
const STARTED_MS = HEADER + 4 * HEADER_WORDS;
const RUN_ID = STARTED_MS + 8;
const LIVE_SETTINGS = roundUp(RUN_ID + RUN_ID_BYTES);
const SLOW_LOG = LIVE_SETTINGS + 8 * LIVE_SETTING_COUNT;
const THREADS = roundUp(SLOW_LOG + SHARED_SLOW_LOG_BYTES);

const FIGURES = 0;
const KILLS = FIGURES + 8 * FIGURE_COUNT;
const CLIENTS = KILLS + KILL_REQUESTS_BYTES;
const ERRORS = CLIENTS + CLIENT_LINES_BYTES;
const COMMANDS = ERRORS + ERROR_LINES_BYTES;
const COMMAND_WORDS = commandStatsWords(COMMAND_COUNT_MAX);
const THREAD_BYTES = COMMANDS + 8 * COMMAND_WORDS;

/** Offsets of what all threads have together. */
export const SHARED_PLACES = { HEADER, STARTED_MS, RUN_ID, LIVE_SETTINGS, SLOW_LOG } as const;

/** Offsets of what thread `thread` shows. */
export function threadPlaces(thread: number) {
  const begin = THREADS + thread * THREAD_BYTES;
  return {
    figures: begin + FIGURES,
    kills: begin + KILLS,
    clients: begin + CLIENTS,
    errors: begin + ERRORS,
    commands: begin + COMMANDS,
  };
}

export function headerWords(board: SharedArrayBuffer): Int32Array {
  return new Int32Array(board, HEADER, HEADER_WORDS);
}

/** 40 hexadecimal digits. */
export function runIdOf(board: SharedArrayBuffer): string {
  return Buffer.from(new Uint8Array(board, RUN_ID, RUN_ID_BYTES).slice()).toString("hex");
}

/** The board of a server with `count` data threads; every one of them is handed it. */
export function reserveBoard(count: number): SharedArrayBuffer {
  const board = new SharedArrayBuffer(THREADS + count * THREAD_BYTES);
  const runId = crypto.getRandomValues(new Uint8Array(RUN_ID_BYTES));
  new Uint8Array(board, RUN_ID, RUN_ID_BYTES).set(runId);
  writeLiveDefaults(new Float64Array(board, LIVE_SETTINGS, LIVE_SETTING_COUNT));
  return board;
}

/** To where words of 8 bytes may begin. */
function roundUp(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
