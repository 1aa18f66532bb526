// The life of a request, between the engine and the store (docs/ARCHITECTURE.md follows one):
//
//   engine ─▶ receive window ─▶ decoder ─▶ batch ─▶ executor ─▶ send window ─▶ engine
//             received()         #decode()  #run()               #flush() in turnEnded()
//
// A batch takes requests of any connections and runs when it is full or the turn ends. Every
// connection touched in a turn is flushed once, at its end.
//
// A connection without room for its next reply is blocked: its window keeps what is not executed,
// `roomFor` answers 0, so that its socket is not read, and it resumes when enough has been sent.
//
// Offsets in a batch die when their window is compacted or given to another connection, so both wait
// for the batch to run first; `#rowsOf` knows whose rows are in it.

import { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { FLUSH, type SendWindows } from "../batch/send-windows.ts";
import type { Executor } from "../command/executor.ts";
import type { Clock } from "../lib/clock.ts";
import type { Engine, EngineHandlers } from "../net/engine.ts";
import { DECODED, type V1Decoder } from "../protocol/v1-decoder.ts";
import type { Store } from "../store/store.ts";
import { DROP, type ConnectionTable, type Drop } from "./connection-table.ts";

/** A peer that we have said goodbye to has this long to close. */
const LINGER_MS = 2000;
/** Maintenance may take a quarter of the time: a slice waits three times as long as the last took. */
const MAINTENANCE_PAUSE_RATIO = 3;

export interface PipelineParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly decoder: V1Decoder;
  readonly executor: Executor;
  readonly connections: ConnectionTable;
}

export interface PipelineOptions {
  readonly connectionCount: number;
  readonly sendLimitBytes: number;
  /** 0 = never. */
  readonly stallTimeoutMs: number;
}

export class Pipeline implements EngineHandlers {
  /** Turns of the engine, idle ones of the ticker included. */
  turnCount = 0;
  /** Received pieces of the stream, of all connections. */
  receiveCount = 0;
  /** Connections that resumed after they had been blocked. */
  resumedCount = 0;

  readonly #parts: PipelineParts;
  readonly #options: PipelineOptions;
  readonly #batch = new Batch();
  /** Serial number of the batch being filled, and of the last batch with rows of a connection. */
  #serial = 1;
  readonly #rowsOf: Int32Array;
  /** Connections to flush at the end of the turn. */
  readonly #touched: Int32Array;
  readonly #isTouched: Uint8Array;
  #touchedCount = 0;
  #isInTurn = false;
  #engine!: Engine;
  /** Connections with unsent replies, or finishing: what the sweep looks at. */
  readonly #waiting = new Set<number>();
  readonly #resuming: number[] = [];
  /** Whether something was received in this turn. */
  #isBusy = false;
  /** Whether a tick is due, or the last slice of maintenance left work. */
  #isMaintenanceDue = false;
  #maintenanceNotBeforeMs = 0;
  #isStopping = false;

  constructor(parts: PipelineParts, options: PipelineOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#rowsOf = new Int32Array(options.connectionCount);
    this.#touched = new Int32Array(options.connectionCount);
    this.#isTouched = new Uint8Array(options.connectionCount);
  }

  /** Engine and pipeline know each other; this joins them, once, before the engine listens. */
  attach(engine: Engine): void {
    this.#engine = engine;
  }

  opened(): number {
    const connection = this.#parts.connections.open();
    if (connection < 0) return connection;
    this.#parts.windows.open(connection);
    this.#parts.sends.open(connection);
    this.#parts.executor.isBlocked[connection] = 0;
    return connection;
  }

  roomFor(connection: number): number {
    const { windows, connections, executor } = this.#parts;
    if (executor.isBlocked[connection] === 1) return 0;
    if (connections.isClosing[connection] === 1)
      windows.begins[connection] = windows.ends[connection]!;
    if (this.#rowsOf[connection] !== this.#serial) windows.makeRoom(connection);
    const room = windows.room(connection);
    if (room > 0) return room;
    this.#run();
    if (executor.isBlocked[connection] === 1) return 0;
    windows.makeRoom(connection);
    return windows.room(connection);
  }

  received(connection: number, length: number): void {
    this.receiveCount++;
    this.#isBusy = true;
    this.#beginTurn();
    this.#parts.windows.advance(connection, length);
    this.#touch(connection);
    this.#decode(connection);
  }

  ended(connection: number): void {
    this.#parts.connections.hasEnded[connection] = 1;
    this.#touch(connection);
    this.#engine.requestTurn();
  }

  writable(connection: number): void {
    this.#touch(connection);
    this.#engine.requestTurn();
  }

  closed(connection: number): void {
    if (this.#rowsOf[connection] === this.#serial) this.#run();
    this.#parts.sends.close(connection);
    this.#waiting.delete(connection);
    this.#parts.connections.close(connection);
  }

  turnEnded(): void {
    this.#beginTurn();
    this.#resumeBlocked();
    if (this.#batch.count > 0) this.#run();
    for (let i = 0; i < this.#touchedCount; i++) {
      const connection = this.#touched[i]!;
      this.#isTouched[connection] = 0;
      if (this.#parts.connections.isOpen[connection] === 1) this.#flush(connection);
    }
    this.#touchedCount = 0;
    this.#isInTurn = false;
    if (this.#isMaintenanceDue) this.#maintain();
    this.#isBusy = false;
  }

  /** To be called a few times a second: expired keys, stalled clients, memory for the system. */
  tick(): void {
    this.#isMaintenanceDue = true;
    this.#sweepWaiting();
    this.#engine.requestTurn();
  }

  /** Lets every connection go as soon as all that it has asked is answered and sent. */
  closeAll(): void {
    this.#isStopping = true;
    const { connections } = this.#parts;
    for (let connection = 0; connection < this.#options.connectionCount; connection++) {
      if (connections.isOpen[connection] === 0) continue;
      connections.hasEnded[connection] = 1;
      if (connections.isFinishing[connection] === 1) this.#engine.close(connection);
      else this.#touch(connection);
    }
    this.turnEnded();
  }

  destroyAll(): void {
    for (let connection = 0; connection < this.#options.connectionCount; connection++) {
      if (this.#parts.connections.isOpen[connection] === 1) this.#engine.destroy(connection);
    }
  }

  /** Reads the clock for the first thing that happens in a turn. */
  #beginTurn(): void {
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    this.turnCount++;
    this.#parts.store.nowMs = this.#parts.clock.nowMs();
  }

  #touch(connection: number): void {
    if (this.#isTouched[connection] === 1) return;
    this.#isTouched[connection] = 1;
    this.#touched[this.#touchedCount++] = connection;
  }

  #decode(connection: number): void {
    const { windows, decoder, connections, executor } = this.#parts;
    if (connections.isClosing[connection] === 1) {
      windows.begins[connection] = windows.ends[connection]!;
      return;
    }
    for (;;) {
      const begin = windows.begins[connection]!;
      const decoded = decoder.decode(this.#batch, connection, begin, windows.ends[connection]!);
      if (decoder.position !== begin) this.#rowsOf[connection] = this.#serial;
      windows.begins[connection] = decoder.position;
      if (decoded === DECODED.ALL) return;
      if (decoded === DECODED.TOO_LONG) {
        connections.isClosing[connection] = 1;
        return;
      }
      this.#run();
      if (executor.isBlocked[connection] === 1) return;
    }
  }

  #run(): void {
    this.#serial++;
    this.#parts.executor.run(this.#batch);
  }

  #flush(connection: number): void {
    const { sends, connections, executor, clock } = this.#parts;
    const unsentBefore = sends.unsentBytes(connection);
    const flush = sends.flush(connection);
    if (flush === FLUSH.FAILED) {
      this.#drop(connection, DROP.FAILED);
      return;
    }
    const unsent = sends.unsentBytes(connection);
    if (flush === FLUSH.PARTIAL) {
      const hasMoved = unsent !== unsentBefore || connections.unsentSinceMs[connection] === 0;
      if (hasMoved) connections.unsentSinceMs[connection] = clock.elapsedMs();
      this.#waiting.add(connection);
    } else if (connections.unsentSinceMs[connection] !== 0) {
      connections.unsentSinceMs[connection] = 0;
      this.#waiting.delete(connection);
    }
    if (executor.isBlocked[connection] === 1) {
      // Without progress there is still no room for what it waits for: it would ask again for ever.
      const hasProgress = flush === FLUSH.SENT || unsent < unsentBefore;
      if (hasProgress && unsent <= this.#options.sendLimitBytes / 2) {
        this.#resuming.push(connection);
        this.#engine.requestTurn();
      }
    } else if (flush === FLUSH.SENT) {
      this.#finishIfDone(connection);
    }
  }

  #finishIfDone(connection: number): void {
    const { connections, clock } = this.#parts;
    if (connections.isFinishing[connection] === 1) return;
    const isClosing = connections.isClosing[connection] === 1;
    if (!isClosing && connections.hasEnded[connection] === 0) return;
    if (isClosing) connections.droppedCounts[DROP.PROTOCOL]!++;
    if (this.#isStopping) {
      this.#engine.close(connection);
      return;
    }
    connections.isFinishing[connection] = 1;
    connections.unsentSinceMs[connection] = clock.elapsedMs();
    this.#waiting.add(connection);
    this.#engine.finish(connection);
  }

  #drop(connection: number, reason: Drop): void {
    this.#parts.connections.droppedCounts[reason]!++;
    this.#engine.destroy(connection);
  }

  /** Goes on with connections that were blocked and have room again. */
  #resumeBlocked(): void {
    const { connections, executor } = this.#parts;
    const count = this.#resuming.length;
    for (let i = 0; i < count; i++) {
      const connection = this.#resuming[i]!;
      const isBlocked = executor.isBlocked[connection] === 1;
      if (connections.isOpen[connection] === 0 || !isBlocked) continue;
      executor.isBlocked[connection] = 0;
      this.resumedCount++;
      // A frame that is too long comes again: the window went back to before it.
      connections.isClosing[connection] = 0;
      this.#touch(connection);
      this.#decode(connection);
      if (executor.isBlocked[connection] === 0) this.#engine.resumeReceiving(connection);
    }
    this.#resuming.splice(0, count);
  }

  /** One slice, and a turn to come for the next; an idle server goes on without a pause. */
  #maintain(): void {
    const { clock, store } = this.#parts;
    const startMs = clock.elapsedMs();
    if (this.#isBusy && startMs < this.#maintenanceNotBeforeMs) return;
    this.#isMaintenanceDue = store.runMaintenance();
    if (!this.#isMaintenanceDue) return;
    const endMs = clock.elapsedMs();
    this.#maintenanceNotBeforeMs = endMs + MAINTENANCE_PAUSE_RATIO * (endMs - startMs);
    this.#engine.requestTurn();
  }

  #sweepWaiting(): void {
    const { connections, clock } = this.#parts;
    const nowMs = clock.elapsedMs();
    for (const connection of this.#waiting) {
      const waitedMs = nowMs - connections.unsentSinceMs[connection]!;
      if (connections.isFinishing[connection] === 1) {
        if (waitedMs >= LINGER_MS) this.#engine.destroy(connection);
      } else if (this.#options.stallTimeoutMs > 0 && waitedMs >= this.#options.stallTimeoutMs) {
        this.#drop(connection, DROP.STALLED);
      }
    }
  }
}
