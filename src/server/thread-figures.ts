// What a data thread counts, as an array of words that others can read and add up
// (server-board.ts): named figures first, then arrays by opcode, by reason, and by kind of work.
//
//   | named, in the order of NAMES | executed | drops | slices | longest slices |
//
// A server with one thread has the same words, for itself.

import type { SendWindows } from "../batch/send-windows.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { Commands, Executor } from "../command/executor.ts";
import type { RespRows } from "../command/resp-rows.ts";
import type { Engine } from "../net/engine.ts";
import { OPCODE_LIMIT } from "../protocol/resp-opcode.ts";
import type { ShardFigures } from "../redis/info-figures.ts";
import type { Store } from "../store/store.ts";
import { SLICE_BUCKET_COUNT, SLICE_NAMES, type Slice } from "../store/work-slices.ts";
import { DROP_NAMES, type ConnectionTable } from "./connection-table.ts";
import { shardWords } from "./shard-words.ts";
import type { Turn } from "./turn.ts";

/** Since the start. */
const COUNTS = [
  "turns",
  "receives",
  "receivedBytes",
  "sentBytes",
  "batches",
  "batchedCommands",
  "singleCommands",
  "fastCommands",
  "mixedBatches",
  "blocked",
  "resumed",
  "writes",
  "vectoredWrites",
  "partialWrites",
  "spareWindowsTaken",
  "entriesMoved",
  "expired",
  "oldMisses",
  "respMisses",
  "refusedMemoryFull",
  "accepted",
  "closed",
  "refused",
  "acceptFailures",
  "executedRows",
  "lockWaits",
  "lockSleeps",
  "structureTakes",
  "allSegmentTakes",
  "ownCommands",
  "foreignCommands",
  "localReads",
  "localWrites",
  "servedCommands",
  "publishes",
  "replyPublishes",
  "wakeUps",
  "fullRings",
  "stalledReplies",
  "shardTimeouts",
  "changeCount",
  "walTimeouts",
] as const;

/** As it is now. */
const LEVELS = [
  "open",
  "windowBytes",
  "expiryPairs",
  "heldReplies",
  "parkedConnections",
  "unlistedClients",
  "commandsPerSecond",
  "inputBytesPerSecond",
  "outputBytesPerSecond",
] as const;

/** Since CONFIG RESETSTAT. */
export const RESET_COUNTS = [
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

/** Of all threads' the highest counts. */
const PEAKS = ["usedPeakBytes"] as const;

/** Of thread 0, which answers for what there is once. */
const FIRST_ONLY = [
  "startupBytes",
  "isSaving",
  "lastSaveSeconds",
  "lastSaveFailed",
  "lastSaveDurationSeconds",
  "runningSaveSeconds",
  "saveCount",
  "changesSinceSave",
  "logBytes",
  "recoveredKeys",
] as const;

const NAMES = [...COUNTS, ...LEVELS, ...RESET_COUNTS, ...PEAKS, ...FIRST_ONLY, "resets"] as const;
export type FigureName = (typeof NAMES)[number];

/** Places of the named figures. */
export const FIGURE = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Readonly<
  Record<FigureName, number>
>;

export const EXECUTED = NAMES.length;
export const DROPS = EXECUTED + OPCODE_LIMIT;
export const SLICES = DROPS + DROP_NAMES.length;
export const SLICE_MAXIMA = SLICES + SLICE_NAMES.length * SLICE_BUCKET_COUNT;
export const FIGURE_COUNT = SLICE_MAXIMA + SLICE_NAMES.length;

export interface CountedParts {
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
  /** Connections that had to wait for room, and went on. */
  readonly resumedCount: () => number;
  /** Null = threads, if there are several, share all keys. */
  readonly shard: () => ShardFigures | null;
}

/** What the parts of a thread have counted; the words that others fill in stay as they are. */
export function collectFigures(parts: CountedParts, words: Float64Array): void {
  const { store, executor, connections } = parts;
  putFigures(words, pathFigures(parts));
  putFigures(words, sharingFigures(parts));
  putFigures(words, {
    windowBytes: parts.windows.touched.bytes + parts.sends.touched.bytes,
    entriesMoved: store.compactor.movedCount,
    expired: store.expiredCount,
    expiryPairs: store.expiry.pairCount,
    open: connections.openCount,
    accepted: connections.acceptedCount,
    closed: connections.closedCount,
    refused: connections.refusedCount,
    acceptFailures: parts.engine.acceptFailureCount(),
  });
  words.set(executor.executedCounts, EXECUTED);
  words.set(connections.droppedCounts, DROPS);
  for (const kind of SLICE_NAMES.keys()) {
    const slice = kind as Slice;
    for (let bucket = 0; bucket < SLICE_BUCKET_COUNT; bucket++) {
      words[SLICES + kind * SLICE_BUCKET_COUNT + bucket] = store.slices.count(slice, bucket);
    }
    words[SLICE_MAXIMA + kind] = store.slices.maxUs(slice);
  }
}

export function putFigures(
  words: Float64Array,
  figures: Readonly<Partial<Record<FigureName, number>>>,
): void {
  for (const [name, value] of Object.entries(figures)) words[FIGURE[name as FigureName]] = value;
}

/** All threads' figures in one, the first being thread 0's. */
export function combineFigures(threads: readonly Float64Array[]): Float64Array {
  const first = threads[0]!;
  const resets = Math.max(...threads.map((words) => words[FIGURE.resets]!));
  const sum = new Float64Array(FIGURE_COUNT);
  for (const words of threads) {
    for (let word = 0; word < FIGURE_COUNT; word++) sum[word]! += words[word]!;
    if (words[FIGURE.resets] === resets) continue;
    // It has not noticed yet that its statistics were reset.
    for (const name of RESET_COUNTS) sum[FIGURE[name]]! -= words[FIGURE[name]]!;
  }
  for (const word of highestWords()) sum[word] = Math.max(...threads.map((words) => words[word]!));
  for (const name of FIRST_ONLY) sum[FIGURE[name]] = first[FIGURE[name]]!;
  sum[FIGURE.resets] = resets;
  return sum;
}

function highestWords(): number[] {
  return [
    ...PEAKS.map((name) => FIGURE[name]),
    ...SLICE_NAMES.map((_, kind) => SLICE_MAXIMA + kind),
  ];
}

function pathFigures(parts: CountedParts): Partial<Record<FigureName, number>> {
  const { executor, turn, sends, commands, rows } = parts;
  const { strings, counters, expiry } = commands;
  return {
    turns: turn.turnCount,
    receives: turn.receiveCount,
    receivedBytes: turn.receivedBytes,
    sentBytes: sends.sentBytes,
    batches: executor.batchCount,
    batchedCommands: executor.batchedCount,
    singleCommands: executor.singleCount,
    fastCommands: executor.fastCount,
    mixedBatches: executor.mixedBatchCount,
    blocked: executor.blockedCount,
    resumed: parts.resumedCount(),
    writes: sends.writeCount,
    vectoredWrites: sends.vectoredCount,
    partialWrites: sends.partialCount,
    spareWindowsTaken: sends.spareTakenCount,
    executedRows: executor.totalCount(),
    oldMisses: strings.missCount,
    respMisses: rows.missCount,
    refusedMemoryFull: strings.refusedCount + counters.refusedCount + expiry.refusedCount,
  };
}

function sharingFigures({ store, shard }: CountedParts): Partial<Record<FigureName, number>> {
  const { locks } = store;
  return {
    lockWaits: locks?.waitCount ?? 0,
    lockSleeps: locks?.sleepCount ?? 0,
    structureTakes: locks?.structureCount ?? 0,
    allSegmentTakes: locks?.allCount ?? 0,
    ...shardWords(shard()),
  };
}
