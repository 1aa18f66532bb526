// What the engine talks to: the life of every connection, around the turn that its requests are
// executed in (turn.ts; docs/ARCHITECTURE.md follows one).
//
// A connection without room for its next reply is blocked: its window keeps what is not executed,
// `roomFor` answers 0, so that its socket is not read, and it resumes when enough has been sent.

import { CONNECTION } from "../batch/connection-flag.ts";
import { FLUSH, type Flush } from "../batch/send-windows.ts";
import type { Engine, EngineHandlers } from "../net/engine.ts";
import { DROP, type Drop } from "./connection-table.ts";
import type { Durability, HeldConnections } from "./durability.ts";
import { createTurn, type Turn, type TurnParts } from "./turn.ts";

/** A peer that we have said goodbye to, and that has all replies, has this long to close. */
const LINGER_MS = 2000;
/** Our goodbye is acknowledged like a byte. */
const FIN_LENGTH = 1;
/** Of unacknowledged bytes: nobody has looked since the wait began. */
const UNKNOWN = -1;
/** Maintenance may take a quarter of the time: a slice waits three times as long as the last. */
const MAINTENANCE_PAUSE_RATIO = 3;

export interface PipelineOptions {
  readonly connectionCount: number;
  readonly sendLimitBytes: number;
  /** 0 = never. */
  readonly stallTimeoutMs: number;
}

export interface PipelineParts extends TurnParts {
  /** Null = nothing is made durable. */
  readonly durability: Durability | null;
}

export class Pipeline implements EngineHandlers, HeldConnections {
  /** Connections that resumed after they had been blocked. */
  resumedCount = 0;

  readonly turn: Turn;
  readonly roomFor: Turn["roomFor"];
  readonly received: Turn["received"];
  readonly sent: Turn["sent"];
  readonly #parts: PipelineParts;
  readonly #options: PipelineOptions;
  #engine!: Engine;
  /** Connections with unsent replies, or finishing: what the sweep looks at. */
  readonly #waiting = new Set<number>();
  /** What the kernel had of each one's replies when its wait was first looked at. */
  readonly #unacknowledgedBytes: Int32Array;
  readonly #resuming: number[] = [];
  /** Connections whose replies were held, and may leave. */
  readonly #released: number[] = [];
  /** Pieces received until the end of the last turn: what tells a busy turn from an idle one. */
  #receivedBefore = 0;
  /** Whether a tick is due, or the last slice of maintenance left work. */
  #isMaintenanceDue = false;
  #maintenanceNotBeforeMs = 0;
  #isStopping = false;

  constructor(parts: PipelineParts, options: PipelineOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#unacknowledgedBytes = new Int32Array(options.connectionCount);
    this.turn = createTurn(parts, (connection, flush) => this.#settle(connection, flush));
    this.roomFor = this.turn.roomFor;
    this.received = this.turn.received;
    this.sent = this.turn.sent;
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
    return connection;
  }

  ended(connection: number): void {
    this.#parts.connections.set(connection, CONNECTION.ENDED);
    this.turn.touch(connection);
    this.#engine.requestTurn();
  }

  writable(connection: number): void {
    this.turn.touch(connection);
    this.#engine.requestTurn();
  }

  closed(connection: number): void {
    this.turn.release(connection);
    this.#parts.shards?.forget(connection);
    this.#parts.front.close(connection);
    this.#parts.sends.close(connection);
    this.#waiting.delete(connection);
    this.#parts.durability?.choices.forget(connection);
    this.#parts.connections.close(connection);
  }

  turnEnded(): void {
    this.turn.begin();
    if (this.#released.length > 0) this.#resumeReleased();
    if (this.#resuming.length > 0) this.#resumeBlocked();
    const { shards } = this.#parts;
    if (shards !== null) shards.drain();
    this.turn.end();
    // Not before the turn's records are shown: whoever gets a reply waits for them.
    if (shards !== null) shards.end();
    this.#parts.durability?.turnEnded();
    if (this.#isMaintenanceDue) this.#maintain();
    this.#receivedBefore = this.turn.receiveCount;
  }

  /** To be called a few times a second: expired keys, stalled clients, memory for the system. */
  tick(): void {
    this.#isMaintenanceDue = true;
    this.#parts.shards?.tick();
    this.#watchWritesUnderWay();
    this.#sweepWaiting();
    this.#engine.requestTurn();
  }

  release(connection: number): void {
    this.#released.push(connection);
    this.#engine.requestTurn();
  }

  /** Nothing of what is held can be promised: the connection is told so if it can be, and goes. */
  fail(connection: number): void {
    const { sends, connections } = this.#parts;
    this.#parts.shards?.forget(connection);
    // Nothing more of it is executed, whatever it waits for.
    connections.clear(connection, CONNECTION.HELD | CONNECTION.BLOCKED | CONNECTION.PARKED);
    if (!sends.takeBack(connection)) {
      this.#drop(connection, DROP.FAILED);
      return;
    }
    this.#parts.front.explainFailure(connection);
    connections.beginClosing(connection, DROP.FAILED);
    this.turn.touch(connection);
    this.#engine.requestTurn();
  }

  unpark(connection: number): void {
    this.#resuming.push(connection);
    this.#engine.requestTurn();
  }

  runTurn(): void {
    this.turnEnded();
  }

  requestTurn(): void {
    this.#engine.requestTurn();
  }

  /** Lets every connection go as soon as all that it has asked is answered and sent. */
  closeAll(): void {
    this.#isStopping = true;
    const { connections } = this.#parts;
    for (let connection = 0; connection < this.#options.connectionCount; connection++) {
      if (!connections.is(connection, CONNECTION.OPEN)) continue;
      connections.set(connection, CONNECTION.ENDED);
      if (connections.is(connection, CONNECTION.FINISHING)) this.#engine.close(connection);
      else this.turn.touch(connection);
    }
    this.turnEnded();
  }

  destroyAll(): void {
    const { connections } = this.#parts;
    for (let connection = 0; connection < this.#options.connectionCount; connection++) {
      if (connections.is(connection, CONNECTION.OPEN)) this.#engine.destroy(connection);
    }
  }

  /** What follows from a flush: waiting, resuming, finishing. */
  #settle(connection: number, flush: Flush): void {
    const { sends, connections } = this.#parts;
    if (flush === FLUSH.FAILED) {
      this.#drop(connection, DROP.FAILED);
      return;
    }
    // The rest follows when the write is completed.
    if (flush === FLUSH.STARTED) return;
    if (flush === FLUSH.SENT) this.#endWait(connection);
    else this.#wait(connection, flush === FLUSH.PARTIAL);
    if (connections.is(connection, CONNECTION.BLOCKED)) {
      // Whoever waits for the log is woken by it.
      if (connections.is(connection, CONNECTION.PARKED)) return;
      // Without progress there is still no room for what it waits for: it would ask again for ever.
      const hasRoom = sends.unsentBytes(connection) <= this.#options.sendLimitBytes / 2;
      if (flush === FLUSH.FULL || !hasRoom) return;
      this.#resuming.push(connection);
      this.#engine.requestTurn();
    } else if (flush === FLUSH.SENT) {
      this.#finishIfDone(connection);
    }
  }

  /** Has the sweep watch a connection with unsent replies; the time begins anew if it moved. */
  #wait(connection: number, hasMoved: boolean): void {
    const { connections, clock } = this.#parts;
    if (hasMoved || !connections.is(connection, CONNECTION.WAITING)) {
      connections.unsentSinceMs[connection] = clock.elapsedMs();
      this.#unacknowledgedBytes[connection] = UNKNOWN;
    }
    connections.set(connection, CONNECTION.WAITING);
    this.#waiting.add(connection);
  }

  #endWait(connection: number): void {
    const { connections } = this.#parts;
    if (!connections.is(connection, CONNECTION.WAITING)) return;
    if (connections.is(connection, CONNECTION.FINISHING)) return;
    connections.clear(connection, CONNECTION.WAITING);
    connections.unsentSinceMs[connection] = 0;
    this.#waiting.delete(connection);
  }

  #finishIfDone(connection: number): void {
    const { connections, shards } = this.#parts;
    if (shards !== null && shards.isCollecting(connection)) return;
    if (connections.is(connection, CONNECTION.FINISHING)) return;
    if (!connections.is(connection, CONNECTION.CLOSING | CONNECTION.ENDED)) return;
    if (connections.is(connection, CONNECTION.CLOSING)) {
      connections.droppedCounts[connections.closingReasons[connection]!]!++;
    }
    if (this.#isStopping) {
      this.#engine.close(connection);
      return;
    }
    connections.set(connection, CONNECTION.FINISHING);
    this.#wait(connection, true);
    this.#engine.finish(connection);
  }

  #drop(connection: number, reason: Drop): void {
    this.#parts.connections.droppedCounts[reason]!++;
    this.#engine.destroy(connection);
  }

  /** Goes on with connections whose replies were held; those leave at the end of this turn. */
  #resumeReleased(): void {
    const { connections } = this.#parts;
    const standing = CONNECTION.HELD | CONNECTION.BLOCKED;
    for (const connection of this.#released.splice(0)) {
      // Until here it was held, so that no reply joins those that may leave. One that is not has
      // closed, and its number been given to another.
      if (!connections.is(connection, CONNECTION.HELD)) continue;
      connections.clear(connection, CONNECTION.HELD);
      this.turn.flush(connection);
      // Its socket has failed: it is gone.
      if (!connections.is(connection, CONNECTION.OPEN)) continue;
      this.#parts.shards?.goOn(connection);
      if (!connections.is(connection, standing)) this.turn.decode(connection);
      if (!connections.is(connection, standing)) this.#engine.resumeReceiving(connection);
    }
  }

  /** Goes on with connections that were blocked and have room again. */
  #resumeBlocked(): void {
    const { connections } = this.#parts;
    const count = this.#resuming.length;
    for (let i = 0; i < count; i++) {
      const connection = this.#resuming[i]!;
      if (!connections.is(connection, CONNECTION.BLOCKED)) continue;
      // What it waits for has come, but it is not executed before its replies have left: the flush
      // of those brings it here again.
      if (connections.is(connection, CONNECTION.HELD)) continue;
      // A frame that is too long comes again: the window went back to before it.
      connections.clear(connection, CONNECTION.BLOCKED | CONNECTION.CLOSING);
      this.resumedCount++;
      if (connection >= this.#options.connectionCount) {
        // A virtual connection: no socket to write to or to read from.
        this.turn.decode(connection);
        continue;
      }
      this.turn.touch(connection);
      this.turn.decode(connection);
      if (!connections.is(connection, CONNECTION.BLOCKED)) this.#engine.resumeReceiving(connection);
    }
    this.#resuming.splice(0, count);
  }

  /** One slice, and a turn to come for the next; an idle server goes on without a pause. */
  #maintain(): void {
    const { clock, store } = this.#parts;
    const startMs = clock.elapsedMs();
    const isBusy = this.turn.receiveCount !== this.#receivedBefore;
    if (isBusy && startMs < this.#maintenanceNotBeforeMs) return;
    this.#isMaintenanceDue = store.runMaintenance();
    if (!this.#isMaintenanceDue) return;
    const endMs = clock.elapsedMs();
    this.#maintenanceNotBeforeMs = endMs + MAINTENANCE_PAUSE_RATIO * (endMs - startMs);
    this.#engine.requestTurn();
  }

  /** A write that is under way at a tick may be one that nobody takes. */
  #watchWritesUnderWay(): void {
    const { connections, sends } = this.#parts;
    for (let connection = 0; connection < this.#options.connectionCount; connection++) {
      if (!sends.isUnderWay(connection) || connections.is(connection, CONNECTION.WAITING)) continue;
      this.#wait(connection, true);
    }
  }

  /**
   * Lets go of who has been waited for long enough. One that reads slowly makes no room in a full
   * socket for a long time; that it reads shows in what the kernel still has of its replies.
   */
  #sweepWaiting(): void {
    const { connections, clock } = this.#parts;
    const { stallTimeoutMs } = this.#options;
    const known = this.#unacknowledgedBytes;
    const nowMs = clock.elapsedMs();
    for (const connection of this.#waiting) {
      if (known[connection] === UNKNOWN) {
        known[connection] = this.#engine.unacknowledgedBytes(connection);
      }
      const waitedMs = nowMs - connections.unsentSinceMs[connection]!;
      const isFinishing = connections.is(connection, CONNECTION.FINISHING);
      const isLate = isFinishing && waitedMs >= LINGER_MS;
      const isStalled = stallTimeoutMs > 0 && waitedMs >= stallTimeoutMs;
      if (!isLate && (isFinishing || !isStalled)) continue;
      const bytes = this.#engine.unacknowledgedBytes(connection);
      if (isLate && bytes <= FIN_LENGTH) {
        this.#engine.close(connection);
      } else if (isStalled && bytes === known[connection]) {
        this.#drop(connection, DROP.STALLED);
      } else if (isStalled) {
        this.#wait(connection, true);
      }
    }
  }
}
