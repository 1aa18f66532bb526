// The part of the pipeline that every request goes through, between the engine and the store:
//
//   engine ─▶ receive window ─▶ decoder ─▶ batch ─▶ executor ─▶ send window ─▶ engine
//             received()         decode()   run()               flush() at the turn's end
//
// A batch takes requests of any connections and runs when it is full or the turn ends. Every
// connection touched in a turn is flushed once, at its end. What is not ordinary about a connection
// after that is `settle`'s matter.
//
// Offsets in a batch die when their window is compacted or given to another connection, so both
// wait for the batch to run first; `rowsOf` knows whose rows are in it.
//
// A closure over constants rather than a class: see src/command/fast-commands.ts.

import type { Batch } from "../batch/batch.ts";
import { CONNECTION } from "../batch/connection-flag.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { FLUSH, type Flush, type SendWindows } from "../batch/send-windows.ts";
import type { Executor } from "../command/executor.ts";
import { DECODED, type V1Decoder } from "../protocol/v1-decoder.ts";
import type { Clock } from "../lib/clock.ts";
import type { Store } from "../store/store.ts";
import type { ConnectionTable } from "./connection-table.ts";

export interface TurnParts {
  readonly batch: Batch;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly decoder: V1Decoder;
  readonly executor: Executor;
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly store: Store;
}

export interface Turn {
  /** Turns of the engine, idle ones of the ticker included. */
  turnCount: number;
  /** Received pieces of the stream, of all connections. */
  receiveCount: number;
  /** Bytes that can be received at the end of the connection's window, 0 = not now. */
  roomFor(connection: number): number;
  /** Takes bytes that have been written there. */
  received(connection: number, length: number): void;
  /** Takes what became of a write that was under way: bytes gone, or -1. */
  sent(connection: number, length: number): void;
  /** Has the connection flushed and settled at the end of the turn. */
  touch(connection: number): void;
  /** Decodes what the window holds, and executes whenever the batch is full. */
  decode(connection: number): void;
  /** Executes the batch if it has rows of the connection. */
  release(connection: number): void;
  /** Reads the clock, unless something else has begun the turn. */
  begin(): void;
  /** Executes the batch and flushes every touched connection. */
  end(): void;
}

/** Calls `settle` after each flush that leaves something to be done about the connection. */
export function createTurn(
  parts: TurnParts,
  settle: (connection: number, flush: Flush) => void,
): Turn {
  const { batch, windows, sends, decoder, executor, connections, clock, store } = parts;
  const { flags } = connections;
  const { begins, ends } = windows;
  /** Serial number of the batch being filled, and of the last batch with rows of a connection. */
  let serial = 1;
  const rowsOf = new Int32Array(flags.length);
  /** Connections to flush at the end of the turn. */
  const touched = new Int32Array(flags.length);
  const isTouched = new Uint8Array(flags.length);
  let touchedCount = 0;
  let isInTurn = false;

  function begin(): void {
    if (isInTurn) return;
    isInTurn = true;
    turn.turnCount++;
    store.nowMs = clock.nowMs();
  }

  function roomFor(connection: number): number {
    if ((flags[connection]! & (CONNECTION.BLOCKED | CONNECTION.CLOSING)) !== 0) {
      if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return 0;
      begins[connection] = ends[connection]!;
    }
    if (rowsOf[connection] !== serial) windows.makeRoom(connection);
    const room = windows.room(connection);
    if (room > 0) return room;
    run();
    if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return 0;
    windows.makeRoom(connection);
    return windows.room(connection);
  }

  function received(connection: number, length: number): void {
    turn.receiveCount++;
    if (!isInTurn) begin();
    windows.advance(connection, length);
    touch(connection);
    decode(connection);
  }

  function sent(connection: number, length: number): void {
    if (!isInTurn) begin();
    const flush = sends.completed(connection, length);
    if (flush === FLUSH.SENT && flags[connection] === CONNECTION.OPEN) return;
    if (flush === FLUSH.PARTIAL || flush === FLUSH.FAILED) settle(connection, flush);
    if (flush !== FLUSH.FAILED) touch(connection);
  }

  function touch(connection: number): void {
    if (isTouched[connection] === 1) return;
    isTouched[connection] = 1;
    touched[touchedCount++] = connection;
  }

  function decode(connection: number): void {
    if ((flags[connection]! & CONNECTION.CLOSING) !== 0) {
      begins[connection] = ends[connection]!;
      return;
    }
    for (;;) {
      const begin = begins[connection]!;
      const decoded = decoder.decode(connection, begin, ends[connection]!);
      const position = decoder.position();
      if (position !== begin) rowsOf[connection] = serial;
      begins[connection] = position;
      if (decoded === DECODED.ALL) return;
      if (decoded === DECODED.TOO_LONG) {
        connections.set(connection, CONNECTION.CLOSING);
        return;
      }
      run();
      if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return;
    }
  }

  function run(): void {
    serial = (serial + 1) | 0;
    executor.run();
  }

  function release(connection: number): void {
    if (rowsOf[connection] === serial) run();
  }

  function end(): void {
    if (batch.count > 0) run();
    for (let i = 0; i < touchedCount; i++) {
      const connection = touched[i]!;
      isTouched[connection] = 0;
      if (flags[connection] === 0) continue;
      const flush = sends.flush(connection);
      if (flush > FLUSH.STARTED || flags[connection] !== CONNECTION.OPEN) {
        settle(connection, flush);
      }
    }
    touchedCount = 0;
    isInTurn = false;
  }

  const turn: Turn = {
    turnCount: 0,
    receiveCount: 0,
    roomFor,
    received,
    sent,
    touch,
    decode,
    release,
    begin,
    end,
  };
  return turn;
}
