// The loops of a batch after decoding: looks ahead at what its rows will read, then runs the rows
// in order, each against the store, each with one reply.
//
// A connection that has no room for a reply is *blocked*: this request and all its later ones in
// the batch stay unexecuted, and its receive window goes back to where this request begins. The
// other connections' rows go on.

import type { Batch } from "../batch/batch.ts";
import { CONNECTION } from "../batch/connection-flag.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import type { Clock } from "../lib/clock.ts";
import { OPCODE, OPCODE_NAMES } from "../protocol/opcode.ts";
import { OPCODE_LIMIT, RESP_OPCODE_MIN } from "../protocol/resp-opcode.ts";
import type { V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";
import { VERDICT, type WriteLog } from "../store/write-log.ts";
import type { CounterCommands } from "./counter-commands.ts";
import type { DurabilityCommands } from "./durability-commands.ts";
import type { ExpiryCommands } from "./expiry-commands.ts";
import type { FastCommands } from "./fast-commands.ts";
import { createFastCounter } from "./fast-counter.ts";
import { createLockedRows } from "./locked-rows.ts";
import { ROUTE, type RowRouter } from "./row-router.ts";
import { ROW, type RespRows, type RowResult } from "./resp-rows.ts";
import type { ServerCommands } from "./server-commands.ts";
import type { StringCommands } from "./string-commands.ts";

export interface Commands {
  readonly strings: StringCommands;
  readonly counters: CounterCommands;
  readonly expiry: ExpiryCommands;
  readonly durability: DurabilityCommands;
  readonly server: ServerCommands;
}

export interface ExecutorParts {
  readonly batch: Batch;
  readonly store: Store;
  readonly replies: V1Replies;
  readonly windows: ReceiveWindows;
  readonly fast: FastCommands;
  readonly commands: Commands;
  readonly respRows: RespRows;
  /** Null = nothing is made durable. */
  readonly log: WriteLog | null;
  /** Gets the connections that are blocked because a write could not be logged yet. */
  readonly parked: number[];
  readonly sends: SendWindows;
  /** Of the connection table. */
  readonly flags: Uint8Array;
  readonly clock: Clock;
  /** Null = this thread executes every row. */
  readonly router: RowRouter | null;
}

/** By opcode. */
const IS_V1_WRITE = OPCODE_NAMES.map((name) =>
  ["set", "incr", "incrby", "decr", "decrby", "del", "expire", "persist"].includes(name),
);

/** Reading the clock twice for every batch would cost more than it tells. */
const SAMPLE_INTERVAL = 64;

export interface Executor {
  /** Batches of two rows or more, and their rows. */
  batchCount: number;
  batchedCount: number;
  /** Batches whose rows came from more than one connection. */
  mixedBatchCount: number;
  /** Rows that were a batch of their own. */
  singleCount: number;
  /** Requests that had to wait for room to reply. */
  blockedCount: number;
  /** Rows that fast-commands.ts executed. */
  fastCount: number;
  /** Executed rows by opcode: of a RESP command with several keys each is one. */
  readonly executedCounts: Float64Array;
  /** What one batch in SAMPLE_INTERVAL took: rows, and milliseconds of the elapsed clock. */
  sampledRowCount: number;
  sampledMs: number;
  /** Executed commands of RESP by opcode − RESP_OPCODE_MIN: one of several keys is one. */
  respCommandCount(index: number): number;
  /** Executed requests, of all kinds. */
  totalCount(): number;
  /** Executes the batch and empties it. */
  run(): void;
  /** Answers a v1 connection with the error frame. */
  refuse(connection: number): void;
}

export function createExecutor(parts: ExecutorParts): Executor {
  const { batch, store, replies, windows, fast, commands, respRows, flags, log } = parts;
  const { strings, counters, expiry, durability, server } = commands;
  const { connections, opcodes, frameOffsets, hashes } = batch;
  const { candidates } = store.segments;
  const found = batch.candidates;
  const { begins } = windows;
  const { clock, router } = parts;
  const counter = createFastCounter(batch, store.arena, windows, parts.sends, log);
  const executedCounts = new Float64Array(OPCODE_LIMIT);
  const { locks } = store;
  const locked =
    locks === null
      ? null
      : createLockedRows({ ...parts, locks, executeFast, execute: executeUnlocked });
  let untilSample = SAMPLE_INTERVAL;

  function run(): void {
    const count = batch.count;
    if (count === 0) return;
    if (--untilSample > 0) {
      runRows(count);
      return;
    }
    untilSample = SAMPLE_INTERVAL;
    const beginMs = clock.elapsedMs();
    runRows(count);
    executor.sampledMs += clock.elapsedMs() - beginMs;
    executor.sampledRowCount += count;
  }

  function runRows(count: number): void {
    if (router !== null) router.mark(count);
    if (locked !== null) locked.begin(count);
    if (count === 1) {
      executor.singleCount++;
      candidates.find(hashes, found, 0, 1);
    } else {
      executor.batchCount++;
      executor.batchedCount += count;
      if (connections[0] !== connections[count - 1]) executor.mixedBatchCount++;
      candidates.touchSlots(hashes, count);
      candidates.find(hashes, found, 0, count);
      candidates.touchEntries(found, count);
    }
    let hasBlocked = false;
    let fastCount = 0;
    let isFresh = true;
    for (let row = 0; row < count; row++) {
      const connection = connections[row]!;
      if (hasBlocked && (flags[connection]! & CONNECTION.BLOCKED) !== 0) continue;
      let target = connection;
      if (router !== null) target = router.route(row, connection);
      let result: RowResult;
      if (router !== null && target < 0) {
        result = ROW.ELSEWHERE;
      } else if (locked !== null) {
        result = locked.execute(row, target);
      } else {
        if (!isFresh) candidates.find(hashes, found, row, row + 1);
        result = executeUnlocked(row, target);
      }
      if (router !== null && result === ROW.ELSEWHERE) {
        if (target >= 0) target = router.pass(row, connection);
        if (target !== ROUTE.WAITS) continue;
        hasBlocked = true;
        block(row, connection);
        continue;
      }
      if (router !== null && result !== ROW.BLOCKED && result !== ROW.WAITING) {
        if (!router.executed(connection, target)) result = ROW.BLOCKED;
      }
      if (result === ROW.FAST) {
        fastCount++;
      } else {
        isFresh = false;
        if (result === ROW.BLOCKED || result === ROW.WAITING) {
          hasBlocked = true;
          block(row, connection);
          if (result === ROW.WAITING) park(connection);
          continue;
        }
      }
      executedCounts[opcodes[row]!]!++;
    }
    executor.fastCount += fastCount;
    batch.count = 0;
  }

  function block(row: number, connection: number): void {
    executor.blockedCount++;
    flags[connection]! |= CONNECTION.BLOCKED;
    begins[connection] = frameOffsets[row]!;
  }

  function park(connection: number): void {
    flags[connection]! |= CONNECTION.PARKED;
    parts.parked.push(connection);
  }

  function executeUnlocked(row: number, connection: number): RowResult {
    const isResp = opcodes[row]! >= RESP_OPCODE_MIN;
    return isResp ? respRows.execute(row, connection) : executeV1(row, connection);
  }

  /** A row by itself, on the short way or not at all. */
  function executeFast(row: number, connection: number): boolean {
    if (opcodes[row]! >= RESP_OPCODE_MIN) return respRows.executeFast(row, connection);
    if (log !== null && IS_V1_WRITE[opcodes[row]!] && log.verdict() !== VERDICT.ALLOWED)
      return false;
    if (fast.execute(row, connection)) return true;
    return isCount(opcodes[row]!) && counter.execute(row, connection);
  }

  function executeV1(row: number, connection: number): RowResult {
    if (log !== null && IS_V1_WRITE[opcodes[row]!]) {
      const verdict = log.verdict();
      if (verdict === VERDICT.WAIT) return ROW.WAITING;
      if (verdict !== VERDICT.ALLOWED) return replies.error(connection) ? ROW.DONE : ROW.BLOCKED;
    }
    if (fast.execute(row, connection)) return ROW.FAST;
    if (isCount(opcodes[row]!) && counter.execute(row, connection)) return ROW.FAST;
    if (opcodes[row] === OPCODE.DURABLE && durability.demand(batch, row, connection)) {
      // It counts as the request within.
      opcodes[row] = batch.parts[row]!;
      return executeV1(row, connection);
    }
    return execute(row, connection) ? ROW.DONE : ROW.BLOCKED;
  }

  function execute(row: number, connection: number): boolean {
    switch (opcodes[row]) {
      case OPCODE.SET:
        return strings.set(batch, row, connection);
      case OPCODE.GET:
        return strings.get(batch, row, connection);
      case OPCODE.INCR:
        return counters.addOne(batch, row, connection, 1);
      case OPCODE.INCRBY:
        return counters.addAmount(batch, row, connection, 1);
      case OPCODE.PING:
        return server.ping(batch, row, connection);
      case OPCODE.DECR:
        return counters.addOne(batch, row, connection, -1);
      case OPCODE.INFO:
        return server.info(connection);
      case OPCODE.DECRBY:
        return counters.addAmount(batch, row, connection, -1);
      case OPCODE.DEL:
        return strings.del(batch, row, connection);
      case OPCODE.EXPIRE:
        return expiry.expire(batch, row, connection);
      case OPCODE.TTL:
        return expiry.ttl(batch, row, connection);
      case OPCODE.PERSIST:
        return expiry.persist(batch, row, connection);
      case OPCODE.KEYS:
        return server.keys(connection);
      case OPCODE.DURABILITY:
        return durability.choose(batch, row, connection);
      default:
        return replies.error(connection);
    }
  }

  const executor: Executor = {
    batchCount: 0,
    batchedCount: 0,
    mixedBatchCount: 0,
    singleCount: 0,
    blockedCount: 0,
    fastCount: 0,
    sampledRowCount: 0,
    sampledMs: 0,
    executedCounts,
    respCommandCount: (index) =>
      executedCounts[RESP_OPCODE_MIN + index]! - respRows.furtherCounts[index]!,
    totalCount: () => executedCounts.reduce((sum, count) => sum + count, 0),
    run,
    refuse: (connection) => {
      replies.error(connection);
    },
  };
  return executor;
}

function isCount(opcode: number): boolean {
  return opcode === OPCODE.INCR || opcode === OPCODE.DECR;
}
