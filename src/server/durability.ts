// What makes the writes of one data thread durable: journal and gate, and whose turn it is when
// the log has moved, is full for too long, or has failed.
//
//   Store ─▶ Journal ─▶ rings ─▶ WAL threads ─▶ doorbell ─▶ progress() ─▶ held replies leave,
//                                                                         parked writes go on
//
// Of several threads the first recovers, begins epochs and makes snapshots; the others join. When
// the log has failed and the first begins it anew, the others follow as soon as they look.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import { VERDICT } from "../store/write-log.ts";
import { EPOCH_GAP } from "../wal/recovery.ts";
import { createJournal, type Journal } from "../wal/journal.ts";
import type { JournalShare } from "../wal/journal-share.ts";
import type { WalProducer } from "../wal/wal-buffer.ts";
import { failureName } from "../wal/wal-control.ts";
import type { SyncPolicy } from "../wal/wal-writer.ts";
import { RESTART, type SnapshotControl } from "./snapshot-control.ts";
import { SnapshotJob, type SnapshotMessage } from "./snapshot-job.ts";
import { CommitGate } from "./commit-gate.ts";
import type { ConnectionTable } from "./connection-table.ts";
import { DurabilityChoices } from "./durability-choices.ts";

/** A snapshot that is due and has failed is not tried again before. */
const SNAPSHOT_RETRY_MS = 5000;

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
  /** Null = none are made, or another thread makes them. */
  readonly snapshots: SnapshotOptions | null;
  /** Without it, there is one thread. */
  readonly share?: JournalShare | null;
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
  readonly choices: DurabilityChoices;
  /** Null = none are made here. */
  readonly job: SnapshotJob | null;
  /** Connections whose next write waits for room in the log. */
  readonly parked: number[] = [];
  /** Writes that were refused because they had waited too long. */
  timeoutCount = 0;
  readonly #parts: DurabilityParts;
  readonly #wal: WalConnection;
  /** When those began to wait, as far as a turn has ended since. */
  readonly #parkedSinceMs: number[] = [];
  #isFailureLogged = false;
  #epoch = 0;
  #isRestarting = false;
  /** Hears of the end of the snapshot under way; null = nobody asked. */
  #onSaved: (() => void) | null = null;

  constructor(parts: DurabilityParts, wal: WalConnection) {
    const { store, source, connections } = parts;
    const { producers, segmentBits, policy, share = null } = wal;
    this.#parts = parts;
    this.#wal = wal;
    this.journal = createJournal({ store, source, producers, segmentBits, share });
    this.gate = new CommitGate({
      journal: this.journal,
      connections,
      policy,
      release: (connection) => parts.held().release(connection),
      fail: (connection) => parts.held().fail(connection),
      noteFailure: () => this.#noteFailure(),
    });
    parts.sends.maySendEarly = !this.gate.isStrict;
    this.choices = new DurabilityChoices({ connections, gate: this.gate, sends: parts.sends });
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
    this.job?.begin(nextSnapshot, epoch);
    this.#parts.store.writeLog = this.journal;
  }

  /** Begins to log where the first thread has begun. */
  join(): void {
    this.journal.joinEpoch();
    this.#parts.store.writeLog = this.journal;
  }

  /** The log has moved, or may have. */
  progress(): void {
    this.journal.publish();
    this.gate.progress();
    if (this.journal.isBehind()) {
      // What it holds for the epoch before has to be failed first, if that came only just now.
      this.gate.progress();
      this.journal.joinEpoch();
    }
    this.#noteFailure();
    if (this.#isRestarting) this.#goOnRestarting();
    if (this.#onSaved !== null) this.#tellIfSaved();
    if (this.job !== null && this.job.wantsTurn) this.#parts.held().requestTurn();
    if (!this.#isWaiting()) return;
    if (this.journal.verdict() !== VERDICT.WAIT) this.#unpark();
    else this.#await();
  }

  /** After each turn: a slice of a snapshot; asks to be rung when there is room again. */
  turnEnded(): void {
    this.choices.endTurn();
    if (this.job !== null && this.job.isRunning) {
      this.job.step();
      if (this.#onSaved !== null) this.#tellIfSaved();
      if (this.job.wantsTurn) this.#parts.held().requestTurn();
    }
    if (!this.#isWaiting()) return;
    const nowMs = this.#parts.clock.elapsedMs();
    while (this.#parkedSinceMs.length < this.parked.length) this.#parkedSinceMs.push(nowMs);
    this.#await();
  }

  /** A few times a second. */
  tick(): void {
    this.progress();
    this.#startSnapshotIfDue();
    if (this.#countDue() === 0) return;
    // What has come since the last turn is parked by this one, and not refused without a wait.
    this.#parts.held().runTurn();
    const dueCount = this.#countDue();
    this.timeoutCount += dueCount;
    this.journal.isRefusing = true;
    this.#unpark(dueCount);
    this.#parts.held().runTurn();
    this.journal.isRefusing = false;
  }

  /** Connections that have waited too long: the first of those that are parked. */
  #countDue(): number {
    if (this.#parkedSinceMs.length === 0) return 0;
    const lastMs = this.#parts.clock.elapsedMs() - this.#wal.timeoutMs;
    const index = this.#parkedSinceMs.findIndex((sinceMs) => sinceMs > lastMs);
    return index < 0 ? this.#parkedSinceMs.length : index;
  }

  /**
   * Begins a snapshot; after a failure of the log with a new epoch of it, and writes are taken
   * again when the snapshot has its name. False when one is under way, or there are none; `onSaved`
   * is called when this one has ended, well or not.
   */
  save(onSaved: (() => void) | null = null): boolean {
    const { job } = this;
    const options = this.#wal.snapshots;
    if (job === null || options === null || job.isRunning || this.#isRestarting) return false;
    this.#onSaved = onSaved;
    if (this.failure() === "" && !this.journal.isSuspended) return job.start();
    this.#isRestarting = true;
    this.journal.suspendedBy = this.journal.failure() || this.journal.suspendedBy;
    options.control.restart = RESTART.NONE;
    options.send({ kind: "log-end" });
    return true;
  }

  /**
   * At a clean stop: what waits is recorded, and the first thread makes a last snapshot, so that
   * the next start has little to replay.
   */
  async finish(): Promise<void> {
    const { job, journal } = this;
    while (journal.backlogBytes() > 0 && this.failure() === "") {
      journal.publish();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    journal.publish();
    if (job === null || this.failure() !== "" || this.journal.isSuspended) return;
    if (!job.isRunning && (job.bytesSinceLast === 0 || !job.start())) return;
    while (job.isRunning) {
      job.step(true);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #tellIfSaved(): void {
    if (this.isSaving) return;
    const onSaved = this.#onSaved!;
    this.#onSaved = null;
    onSaved();
  }

  #goOnRestarting(): void {
    const { control, send } = this.#wal.snapshots!;
    const job = this.job!;
    if (control.restart === RESTART.ENDED) {
      const { locks } = this.#parts.store;
      // Nobody else is then between a verdict and its record.
      locks?.enterAll();
      const { producers } = this.journal;
      const position = Math.max(...producers.map((producer) => producer.position())) + EPOCH_GAP;
      this.start(this.#epoch + 1, position, job.nextNumber);
      locks?.leave();
      control.restart = RESTART.NONE;
      send({ kind: "log-begin", epoch: this.#epoch, position });
    } else if (control.restart === RESTART.STARTED) {
      this.#isRestarting = false;
      this.#isFailureLogged = false;
      this.journal.share?.forgetFailure();
      job.start((isGood) => {
        if (isGood) this.journal.suspendedBy = 0;
        if (isGood) this.#parts.log.info("writes are taken again");
        else this.#parts.log.error("writes are refused until BGSAVE succeeds");
      });
      this.#parts.held().requestTurn();
    } else if (control.restart === RESTART.FAILED) {
      this.#isRestarting = false;
      job.lastStatus = "err";
    }
  }

  get isSaving(): boolean {
    return this.#isRestarting || (this.job?.isRunning ?? false);
  }

  /** Why writes are refused until a snapshot has been made; "" = the log has not failed. */
  failure(): string {
    const failure = this.journal.failure() || this.journal.suspendedBy;
    return failure === 0 ? "" : failureName(failure);
  }

  #startSnapshotIfDue(): void {
    const { job } = this;
    const options = this.#wal.snapshots;
    if (job === null || options === null || job.isRunning || this.failure() !== "") return;
    const nowMs = this.#parts.clock.elapsedMs();
    const hasFailed = job.lastStatus === "err";
    if (hasFailed && nowMs < job.endedMs + SNAPSHOT_RETRY_MS) return;
    const isTime = options.intervalMs > 0 && nowMs >= job.savedMs + options.intervalMs;
    const isLarge = options.walBytes > 0 && job.bytesSinceLast >= options.walBytes;
    if ((isTime && job.bytesSinceLast > 0) || isLarge) job.start();
  }

  #unpark(count = this.parked.length): void {
    this.#parkedSinceMs.splice(0, count);
    for (const connection of this.parked.splice(0, count)) this.wake(connection);
  }

  /** What it was parked with is tried again. */
  wake(connection: number): void {
    if (!this.#parts.connections.is(connection, CONNECTION.PARKED)) return;
    this.#parts.connections.clear(connection, CONNECTION.PARKED);
    this.#parts.held().unpark(connection);
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
    const { journal } = this;
    if (this.#isFailureLogged || journal.failure() === 0 || journal.isBehind()) return;
    this.#isFailureLogged = true;
    // One of several threads says it.
    if (journal.share !== null && !journal.share.noteFailure()) return;
    const error = this.failure();
    this.#parts.log.error("the log has failed: writes are refused until BGSAVE succeeds", {
      error,
    });
  }
}
