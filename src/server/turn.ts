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
import { PROTOCOL, chooseProtocol } from "../protocol/first-bytes.ts";
import { RESP_DECODED, type RespDecoded, type RespDecoder } from "../protocol/resp-decoder.ts";
import { DECODED, type V1Decoder } from "../protocol/v1-decoder.ts";
import type { Clock } from "../lib/clock.ts";
import type { Shards } from "../shard/shards.ts";
import type { Store } from "../store/store.ts";
import { DROP, type ConnectionTable } from "./connection-table.ts";
import type { CommitGate } from "./commit-gate.ts";
import type { RespFront } from "./resp-front.ts";

export interface TurnParts {
  readonly batch: Batch;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly decoder: V1Decoder;
  readonly respDecoder: RespDecoder;
  readonly front: RespFront;
  /** Null = nothing is made durable. */
  readonly gate: CommitGate | null;
  /** Gets the connections that are blocked because a write could not be logged yet. */
  readonly parked: number[];
  readonly executor: Executor;
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly store: Store;
  /** Null = the keys are not divided among threads. */
  readonly shards: Shards | null;
}

/** Requests of the connection are not executed for now. */
const STANDING = CONNECTION.BLOCKED | CONNECTION.HELD;

export interface Turn {
  /** Turns of the engine, idle ones of the ticker included. */
  turnCount: number;
  /** Received pieces of the stream, of all connections, and their bytes. */
  receiveCount: number;
  receivedBytes: number;
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
  /** Flushes a connection whose replies were held, before more are written. */
  flush(connection: number): void;
}

/** Calls `settle` after each flush that leaves something to be done about the connection. */
export function createTurn(
  parts: TurnParts,
  settle: (connection: number, flush: Flush) => void,
): Turn {
  const { batch, windows, sends, decoder, executor, connections, clock, store } = parts;
  const { respDecoder, front, gate, parked, shards } = parts;
  const { flags, protocols, lastReceivedMs } = connections;
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
    if (shards !== null) shards.begin();
  }

  function roomFor(connection: number): number {
    if ((flags[connection]! & (STANDING | CONNECTION.CLOSING)) !== 0) {
      if ((flags[connection]! & STANDING) !== 0) return 0;
      begins[connection] = ends[connection]!;
    }
    if (rowsOf[connection] !== serial) windows.makeRoom(connection);
    const room = windows.room(connection);
    if (room > 0) return room;
    run();
    if ((flags[connection]! & STANDING) !== 0) return 0;
    windows.makeRoom(connection);
    if (windows.room(connection) === 0) takeLongCommand(connection);
    return windows.room(connection);
  }

  function received(connection: number, length: number): void {
    turn.receiveCount++;
    turn.receivedBytes += length;
    if (!isInTurn) begin();
    windows.advance(connection, length);
    touch(connection);
    lastReceivedMs[connection] = store.nowMs;
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
    // A receive that was under way when it was blocked: who lets it go on decodes what came.
    if ((flags[connection]! & STANDING) !== 0) return;
    if (shards !== null && !shards.goOn(connection)) return;
    if ((flags[connection]! & CONNECTION.CLOSING) !== 0) {
      begins[connection] = ends[connection]!;
      return;
    }
    if (shards !== null && shards.isVirtual(connection)) decodeVirtual(connection, shards);
    else if (protocols[connection] === PROTOCOL.V1) decodeV1(connection);
    else if (protocols[connection] === PROTOCOL.RESP) decodeResp(connection);
    else choose(connection);
  }

  function choose(connection: number): void {
    const { bytes } = windows.area;
    const protocol = chooseProtocol(bytes, begins[connection]!, ends[connection]!);
    if (protocol === PROTOCOL.UNKNOWN) return;
    protocols[connection] = protocol;
    if (protocol === PROTOCOL.RESP) {
      front.open(connection);
      decodeResp(connection);
    } else if (front.refusesV1) {
      executor.refuse(connection);
      connections.beginClosing(connection, DROP.PROTOCOL);
    } else {
      decodeV1(connection);
    }
  }

  function decodeV1(connection: number): void {
    for (;;) {
      const begin = begins[connection]!;
      const decoded = decoder.decode(connection, begin, ends[connection]!);
      const position = decoder.position();
      if (position !== begin) rowsOf[connection] = serial;
      begins[connection] = position;
      if (decoded === DECODED.ALL) return;
      if (decoded === DECODED.TOO_LONG) {
        if (mayEnd(connection)) connections.beginClosing(connection, DROP.PROTOCOL);
        return;
      }
      run();
      if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return;
    }
  }

  /** False when replies to what stands before the frame are to come first. */
  function mayEnd(connection: number): boolean {
    if (shards === null) return true;
    release(connection);
    if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return false;
    return mayExecute(connection) || wait(connection, begins[connection]!);
  }

  /** Requests that another thread has sent. */
  function decodeVirtual(connection: number, from: Shards): void {
    for (;;) {
      const begin = begins[connection]!;
      const isAll = from.decode(connection);
      if (begins[connection] !== begin) rowsOf[connection] = serial;
      if (isAll) return;
      run();
      if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return;
    }
  }

  function decodeResp(connection: number): void {
    for (;;) {
      if (front.isInLongCommand(connection) && !goOnWithLongCommand(connection)) return;
      const begin = begins[connection]!;
      const rowCount = batch.count;
      const decoded = respDecoder.decode(connection, begin, ends[connection]!);
      if (batch.count !== rowCount) rowsOf[connection] = serial;
      begins[connection] = respDecoder.position();
      if (decoded === RESP_DECODED.ALL) return;
      // Whatever follows comes after what is in the batch.
      if (batch.count > 0) run();
      if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) {
        respDecoder.forget();
        return;
      }
      if (decoded === RESP_DECODED.BATCH_FULL) continue;
      if (!answer(connection, decoded)) return;
    }
  }

  /** What is not for the batch; whether there may be more. */
  function answer(connection: number, decoded: RespDecoded): boolean {
    if (!mayExecute(connection)) return wait(connection, respDecoder.frame());
    switch (decoded) {
      case RESP_DECODED.COMMAND:
      case RESP_DECODED.INLINE:
        if (!sends.canBegin(connection)) return wait(connection, respDecoder.frame());
        if (!executeNext(connection, decoded)) return waitForLog(connection, respDecoder.frame());
        begins[connection] = respDecoder.next();
        break;
      case RESP_DECODED.TOO_LARGE:
        front.beginLongCommand(connection);
        break;
      default:
        front.refuse(connection, respDecoder.args.error);
    }
    if ((flags[connection]! & CONNECTION.CLOSING) === 0) return true;
    begins[connection] = ends[connection]!;
    return false;
  }

  /** False when replies of the connection have to come from other threads first. */
  function mayExecute(connection: number): boolean {
    return shards === null || shards.mayExecute(connection);
  }

  /** False when it would write what cannot be logged yet, or waits for a snapshot. */
  function executeNext(connection: number, decoded: RespDecoded): boolean {
    if (decoded === RESP_DECODED.COMMAND) return front.execute(connection);
    return front.executeInline(connection);
  }

  function waitForLog(connection: number, begin: number): false {
    // The end of the snapshot wakes who waits for that.
    if (!front.isAwaitingSave(connection)) parked.push(connection);
    connections.set(connection, CONNECTION.PARKED);
    return wait(connection, begin);
  }

  /** False as long as the command is not executed. */
  function goOnWithLongCommand(connection: number): boolean {
    begins[connection] = front.feedLongCommand(connection, begins[connection]!, ends[connection]!);
    if ((flags[connection]! & CONNECTION.CLOSING) !== 0) {
      begins[connection] = ends[connection]!;
      return false;
    }
    if (!front.isLongCommandComplete(connection)) return false;
    if (!sends.canBegin(connection)) return wait(connection, begins[connection]!);
    if (!front.executeLongCommand(connection)) {
      return waitForLog(connection, begins[connection]!);
    }
    return (flags[connection]! & CONNECTION.CLOSING) === 0;
  }

  /** The window is full of a command that is not whole. */
  function takeLongCommand(connection: number): void {
    if (protocols[connection] !== PROTOCOL.RESP) return;
    if (!mayExecute(connection)) {
      wait(connection, begins[connection]!);
      return;
    }
    if (!front.isInLongCommand(connection)) front.beginLongCommand(connection);
    decodeResp(connection);
    release(connection);
    windows.makeRoom(connection);
  }

  /** The connection has no room for a reply: it goes on at `begin` when it has. */
  function wait(connection: number, begin: number): false {
    executor.blockedCount++;
    flags[connection]! |= CONNECTION.BLOCKED;
    begins[connection] = begin;
    return false;
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
    const hasWritten = shards !== null && shards.takeHasDeliveredWrites();
    const isHolding = gate !== null && gate.mustHold(hasWritten);
    let keptCount = 0;
    for (let i = 0; i < touchedCount; i++) {
      const connection = touched[i]!;
      if (!isHolding && shards !== null && shards.isWaitingForMore(connection)) {
        touched[keptCount++] = connection;
        continue;
      }
      isTouched[connection] = 0;
      if (flags[connection] === 0 || (flags[connection]! & CONNECTION.HELD) !== 0) continue;
      if (isHolding && sends.unsentBytes(connection) > 0 && gate.wants(connection)) {
        gate.hold(connection);
        continue;
      }
      flush(connection);
    }
    touchedCount = keptCount;
    isInTurn = false;
    if (isHolding) gate.seal();
  }

  function flush(connection: number): void {
    const result = sends.flush(connection);
    if (result > FLUSH.STARTED || flags[connection] !== CONNECTION.OPEN) {
      settle(connection, result);
    }
  }

  const turn: Turn = {
    turnCount: 0,
    receiveCount: 0,
    receivedBytes: 0,
    roomFor,
    received,
    sent,
    touch,
    decode,
    release,
    begin,
    end,
    flush,
  };
  return turn;
}
