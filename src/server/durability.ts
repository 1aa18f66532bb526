// What makes the writes of one data thread durable: journal and gate, and whose turn it is when
// the log has moved, is full for too long, or has failed.
//
//   Store ─▶ Journal ─▶ rings ─▶ WAL threads ─▶ doorbell ─▶ progress() ─▶ held replies leave,
//                                                                         parked writes go on

import { CONNECTION } from "../batch/connection-flag.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import { VERDICT } from "../store/write-log.ts";
import { EPOCH_GAP } from "../wal/recovery.ts";
import { createJournal, type Journal } from "../wal/journal.ts";
import type { WalProducer } from "../wal/wal-buffer.ts";
import { failureName } from "../wal/wal-control.ts";
import type { SyncPolicy } from "../wal/wal-writer.ts";
import { RESTART, type SnapshotControl } from "./snapshot-control.ts";
import { SnapshotJob, type SnapshotMessage } from "./snapshot-job.ts";
import { CommitGate } from "./commit-gate.ts";
import {
  DURABILITY,
  type ConnectionTable,
  type DurabilityOfConnection,
} from "./connection-table.ts";

export interface SnapshotOptions {
  readonly control: SnapshotControl;
  readonly chunks: readonly SharedArrayBuffer[];
  readonly send: (message: SnapshotMessage) => void;
  /** 0 = never. */
  readonly intervalMs: number;
  /** Bytes of records since the last one, 0 = never. */
  readonly walBytes: number;
}

export interface WalConnection {
  /** By partition. */
  readonly producers: readonly WalProducer[];
  readonly policy: SyncPolicy;
  readonly segmentBits: number;
  /** How long a write waits for room before it is refused. */
  readonly timeoutMs: number;
  /** Null = none are made. */
  readonly snapshots: SnapshotOptions | null;
}

/** What it does to connections; the pipeline's. */
export interface HeldConnections {
  /** The connection's replies may leave, and its requests go on. */
  release(connection: number): void;
  /** Its replies are taken back: it is told so, or closed. */
  fail(connection: number): void;
  /** A write that waited for the log is tried again. */
  unpark(connection: number): void;
  /** Requests are decoded at once, outside a turn of the engine. */
  runTurn(): void;
  /** Has a turn end soon even if nothing arrives. */
  requestTurn(): void;
}

export interface DurabilityParts {
  readonly store: Store;
  readonly source: ByteArea;
  readonly sends: SendWindows;
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly held: () => HeldConnections;
}

export class Durability {
  readonly journal: Journal;
  readonly gate: CommitGate;
  /** Null = none are made. */
  readonly job: SnapshotJob | null;
  /** Connections whose next write waits for room in the log. */
  readonly parked: number[] = [];
  /** Writes that were refused because they had waited too long. */
  timeoutCount = 0;
  readonly #parts: DurabilityParts;
  readonly #wal: WalConnection;
  #parkedSinceMs = 0;
  #isFailureLogged = false;
  #epoch = 0;
  /** Connections that `demand` made strict, and what they had chosen. */
  readonly #demanding: { readonly connection: number; readonly before: number }[] = [];
  #isRestarting = false;
  /** Why writes are refused since the log was begun anew. */
  #suspendedBy = "";

  constructor(parts: DurabilityParts, wal: WalConnection) {
    const { store, source, connections } = parts;
    const { producers, segmentBits, policy } = wal;
    this.#parts = parts;
    this.#wal = wal;
    this.journal = createJournal({ store, source, producers, segmentBits });
    this.gate = new CommitGate({
      journal: this.journal,
      connections,
      policy,
      release: (connection) => parts.held().release(connection),
      fail: (connection) => parts.held().fail(connection),
      noteFailure: () => this.#noteFailure(),
    });
    parts.sends.maySendEarly = !this.gate.isStrict;
    const { snapshots } = wal;
    const { journal } = this;
    this.job =
      snapshots === null ? null : new SnapshotJob({ ...snapshots, ...parts, journal, segmentBits });
  }

  get policy(): SyncPolicy {
    return this.#wal.policy;
  }

  /** Begins to log: what recovery has brought back is not told again. */
  start(epoch: number, position: number, nextSnapshot = 1): void {
    this.#epoch = epoch;
    this.journal.startEpoch(epoch, position);
    // No turn has recorded what lies between the epochs.
    this.gate.noteEnds();
    this.job?.begin(nextSnapshot, epoch);
    this.#parts.store.writeLog = this.journal;
  }

  /** The log has moved, or may have. */
  progress(): void {
    this.journal.publish();
    this.gate.progress();
    this.#noteFailure();
    if (this.#isRestarting) this.#goOnRestarting();
    if (this.job !== null && this.job.wantsTurn) this.#parts.held().requestTurn();
    if (!this.#isWaiting()) return;
    if (this.journal.verdict() !== VERDICT.WAIT) this.#unpark();
    else this.#await();
  }

  /** After each turn: a slice of a snapshot; asks to be rung when there is room again. */
  turnEnded(): void {
    if (this.#demanding.length > 0) this.#endDemands();
    if (this.job !== null && this.job.isRunning) {
      this.job.step();
      if (this.job.wantsTurn) this.#parts.held().requestTurn();
    }
    if (!this.#isWaiting()) return;
    if (this.parked.length > 0 && this.#parkedSinceMs === 0) {
      this.#parkedSinceMs = this.#parts.clock.elapsedMs();
    }
    this.#await();
  }

  /** A few times a second. */
  tick(): void {
    this.progress();
    this.#startSnapshotIfDue();
    if (this.parked.length === 0 || this.#parkedSinceMs === 0) return;
    const waitedMs = this.#parts.clock.elapsedMs() - this.#parkedSinceMs;
    if (waitedMs < this.#wal.timeoutMs) return;
    this.timeoutCount += this.parked.length;
    this.journal.isRefusing = true;
    this.#unpark();
    this.#parts.held().runTurn();
    this.journal.isRefusing = false;
  }

  /**
   * Begins a snapshot; after a failure of the log with a new epoch of it, and writes are taken
   * again when the snapshot has its name. False when one is under way, or there are none.
   */
  save(): boolean {
    const { job } = this;
    const options = this.#wal.snapshots;
    if (job === null || options === null || job.isRunning || this.#isRestarting) return false;
    if (this.failure() === "" && !this.journal.isSuspended) return job.start();
    this.#isRestarting = true;
    this.#suspendedBy = this.failure();
    this.journal.isSuspended = true;
    options.control.restart = RESTART.NONE;
    options.send({ kind: "log-end" });
    return true;
  }

  /** At a clean stop: a last snapshot, so that the next start has little to replay. */
  async finish(): Promise<void> {
    const { job } = this;
    if (job === null || this.failure() !== "" || this.journal.isSuspended) return;
    if (!job.isRunning && (job.bytesSinceLast === 0 || !job.start())) return;
    while (job.isRunning) {
      job.step(true);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #goOnRestarting(): void {
    const { control, send } = this.#wal.snapshots!;
    const job = this.job!;
    if (control.restart === RESTART.ENDED) {
      const { producers } = this.journal;
      const position = Math.max(...producers.map((producer) => producer.position())) + EPOCH_GAP;
      this.start(this.#epoch + 1, position, job.nextNumber);
      control.restart = RESTART.NONE;
      send({ kind: "log-begin", epoch: this.#epoch, position });
    } else if (control.restart === RESTART.STARTED) {
      this.#isRestarting = false;
      this.#isFailureLogged = false;
      job.start((isGood) => {
        this.journal.isSuspended = !isGood;
        if (isGood) this.#parts.log.info("writes are taken again");
        else this.#parts.log.error("writes are refused until BGSAVE succeeds");
      });
      this.#parts.held().requestTurn();
    } else if (control.restart === RESTART.FAILED) {
      this.#isRestarting = false;
    }
  }

  /** The replies of this turn wait until they are on disk, whatever the connection has chosen. */
  demand(connection: number): void {
    const { durabilities } = this.#parts.connections;
    const before = durabilities[connection]!;
    if (before === DURABILITY.STRICT) return;
    this.choose(connection, DURABILITY.STRICT);
    durabilities[connection] = DURABILITY.STRICT;
    this.#demanding.push({ connection, before });
  }

  #endDemands(): void {
    const { durabilities } = this.#parts.connections;
    for (const { connection, before } of this.#demanding.splice(0)) {
      // It may have gone since.
      if (durabilities[connection] !== DURABILITY.STRICT) continue;
      this.choose(connection, DURABILITY.OF_SERVER);
      durabilities[connection] = before;
    }
  }

  get isSaving(): boolean {
    return this.#isRestarting || (this.job?.isRunning ?? false);
  }

  /** A connection chooses for itself; what it had chosen is still in the table. */
  choose(connection: number, chosen: DurabilityOfConnection): void {
    const { connections, sends } = this.#parts;
    if (connections.durabilities[connection] === DURABILITY.STRICT) this.gate.strictCount--;
    if (chosen === DURABILITY.STRICT) this.gate.strictCount++;
    sends.maySendEarly = !this.gate.isStrict;
  }

  /** Why writes are refused until a snapshot has been made; "" = the log has not failed. */
  failure(): string {
    const failure = this.journal.failure();
    if (failure !== 0) return failureName(failure);
    return this.journal.isSuspended ? this.#suspendedBy : "";
  }

  #startSnapshotIfDue(): void {
    const { job } = this;
    const options = this.#wal.snapshots;
    if (job === null || options === null || job.isRunning || this.failure() !== "") return;
    const elapsedMs = this.#parts.clock.nowMs() - job.lastSaveMs;
    const isTime = options.intervalMs > 0 && elapsedMs >= options.intervalMs;
    const isLarge = options.walBytes > 0 && job.bytesSinceLast >= options.walBytes;
    if ((isTime && job.bytesSinceLast > 0) || isLarge) job.start();
  }

  #unpark(): void {
    this.#parkedSinceMs = 0;
    for (const connection of this.parked.splice(0)) {
      if (!this.#parts.connections.is(connection, CONNECTION.PARKED)) continue;
      this.#parts.connections.clear(connection, CONNECTION.PARKED);
      this.#parts.held().unpark(connection);
    }
  }

  /** Somebody waits for room in the log: connections, or records that others have left. */
  #isWaiting(): boolean {
    return this.parked.length > 0 || this.journal.backlogBytes() > 0;
  }

  #await(): void {
    for (const producer of this.journal.producers) producer.awaitProgress();
    // What moved before we asked is not rung for.
    this.journal.publish();
    if (this.journal.verdict() !== VERDICT.WAIT) this.#unpark();
  }

  #noteFailure(): void {
    if (this.journal.failure() === 0 || this.#isFailureLogged) return;
    const error = this.failure();
    this.#isFailureLogged = true;
    this.#parts.log.error("the log has failed: writes are refused until BGSAVE succeeds", {
      error,
    });
  }
}
