// Snapshots as the data thread makes them: walks through the store in slices beside traffic, hands
// chunks to the main thread, which writes them (snapshot-keeper.ts), and has the log synced before
// the snapshot gets its name.
//
//   start ─▶ walking ─▶ syncing ─▶ publishing ─▶ done or failed
//            slices       until everything that was recorded while it walked is durable
//
// A snapshot is fuzzy: its positions are the log's when it began, and what changed while it was
// walked is in the log from there on. It begins only when no record waits in a backlog, of any
// thread, so that no transaction group lies across that place; snapshot-walk.ts has the argument.

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import type { Journal } from "../wal/journal.ts";
import { LogMark } from "../wal/log-mark.ts";
import { SnapshotChunk } from "../wal/snapshot-chunk.ts";
import type { SnapshotFields } from "../wal/snapshot-format.ts";
import { SnapshotWalk, WALK } from "../wal/snapshot-walk.ts";
import { OUTCOME, type SnapshotControl } from "./snapshot-control.ts";

/** Data thread to main. */
export type SnapshotMessage =
  | { readonly kind: "snapshot-begin"; readonly fields: SnapshotFields }
  | {
      readonly kind: "snapshot-chunk";
      readonly chunk: number;
      readonly recordsSize: number;
      readonly recordCount: number;
    }
  /** The log has failed: end its epoch, and say so (RESTART). */
  | { readonly kind: "log-end" }
  /** The rings begin anew: begin an epoch there, and say so. */
  | { readonly kind: "log-begin"; readonly epoch: number; readonly position: number }
  /** All chunks have been sent; what was recorded meanwhile is durable. */
  | { readonly kind: "snapshot-publish" };

export interface SnapshotJobParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly control: SnapshotControl;
  readonly chunks: readonly SharedArrayBuffer[];
  readonly segmentBits: number;
  readonly send: (message: SnapshotMessage) => void;
}

/** After a slice other work has this many times as long. */
const PAUSE_RATIO = 2;

type State = "idle" | "waiting" | "walking" | "syncing" | "publishing";

export class SnapshotJob {
  lastStatus: "ok" | "err" = "ok";
  /** −1 = there was none. */
  lastDurationMs = -1;
  goodCount = 0;
  lastRecordCount = 0;
  /** By the wall clock; of the last good one, or when the server started. */
  lastSaveMs: number;
  /** The same by the elapsed clock, which nobody sets. */
  savedMs: number;
  /** Position bytes, of all partitions, at the last good one. */
  #lastBytes = 0;
  /** Records of the journal at the last good one, and at the one under way. */
  #lastRecords = 0;
  #beganRecords = 0;
  readonly #parts: SnapshotJobParts;
  readonly #chunks: readonly SnapshotChunk[];
  #state: State = "idle";
  #walk: SnapshotWalk | null = null;
  #current = 0;
  /** When the walk ended. */
  #mark: LogMark | null = null;
  #number = 0;
  #epoch = 0;
  #beganMs = 0;
  #beganWallMs = 0;
  #notBeforeMs = 0;
  #onDone: (isGood: boolean) => void = () => {};

  constructor(parts: SnapshotJobParts) {
    this.#parts = parts;
    this.#chunks = parts.chunks.map((buffer) => new SnapshotChunk(buffer));
    this.lastSaveMs = parts.clock.nowMs();
    this.savedMs = parts.clock.elapsedMs();
  }

  /** By the elapsed clock; of the one under way. */
  get beganMs(): number {
    return this.#beganMs;
  }

  /** By the elapsed clock; of the last one. */
  get endedMs(): number {
    return this.#beganMs + this.lastDurationMs;
  }

  get changesSinceLast(): number {
    return this.#parts.journal.totalRecordCount() - this.#lastRecords;
  }

  get nextNumber(): number {
    return this.#number;
  }

  get isRunning(): boolean {
    return this.#state !== "idle";
  }

  /** Whether a step has something to do that nothing else will wake the thread for. */
  get wantsTurn(): boolean {
    const { journal } = this.#parts;
    if (this.#state === "waiting") return !journal.hasBacklog() || journal.failure() !== 0;
    return this.#state === "walking" && !this.#parts.control.isBusy(this.#current);
  }

  /** Bytes recorded since the last good snapshot. */
  get bytesSinceLast(): number {
    return this.#recordedBytes() - this.#lastBytes;
  }

  /** The next snapshot's number and the log's epoch: after recovery, and with each new epoch. */
  begin(nextNumber: number, epoch: number): void {
    this.#number = nextNumber;
    this.#epoch = epoch;
    this.#lastBytes = this.#recordedBytes();
  }

  /** Begins a snapshot unless one is under way; `onDone` hears how it went. */
  start(onDone: (isGood: boolean) => void = () => {}): boolean {
    if (this.isRunning) return false;
    this.#state = "waiting";
    // What became of the last one is not said of this.
    this.#parts.control.outcome = OUTCOME.RUNNING;
    this.#onDone = onDone;
    return true;
  }

  /** Goes on for at most a slice; between turns. `isHurried` does without pauses. */
  step(isHurried = false): void {
    const { clock } = this.#parts;
    if (this.#parts.control.outcome === OUTCOME.FAILED && this.isRunning) return this.#end(false);
    if (this.#state === "waiting") return this.#open();
    if (this.#state === "walking") {
      const beginMs = clock.elapsedMs();
      if (!isHurried && beginMs < this.#notBeforeMs) return;
      this.#run();
      const endMs = clock.elapsedMs();
      this.#notBeforeMs = endMs + PAUSE_RATIO * (endMs - beginMs);
      return;
    }
    if (this.#state === "syncing") return this.#publish();
    if (this.#state === "publishing" && this.#parts.control.outcome === OUTCOME.DONE) {
      this.#end(true);
    }
  }

  #open(): void {
    const { journal, store, clock, control, send, segmentBits } = this.#parts;
    // The records that wait will never be written.
    if (journal.failure() !== 0) return this.#end(false);
    journal.publish();
    const positions = this.#takePositions();
    if (positions === null) return;
    this.#beganMs = clock.elapsedMs();
    this.#beganWallMs = clock.nowMs();
    this.#beganRecords = journal.totalRecordCount();
    this.#walk = new SnapshotWalk(store);
    control.outcome = OUTCOME.RUNNING;
    for (let i = 0; i < this.#chunks.length; i++) control.setBusy(i, false);
    for (const chunk of this.#chunks) chunk.clear();
    this.#current = 0;
    send({
      kind: "snapshot-begin",
      fields: {
        number: this.#number,
        epoch: this.#epoch,
        segmentBits,
        timeMs: this.#beganWallMs,
        positions,
      },
    });
    this.#state = "walking";
  }

  /** Where the log is while nobody records a group; null = records wait. */
  #takePositions(): number[] | null {
    const { journal, store } = this.#parts;
    store.locks?.enter();
    const positions = journal.hasBacklog()
      ? null
      : journal.producers.map((producer) => producer.position());
    store.locks?.leave();
    return positions;
  }

  #run(): void {
    if (this.#parts.control.isBusy(this.#current)) return;
    const chunk = this.#chunks[this.#current]!;
    const state = this.#walk!.run(chunk);
    if (state === WALK.SLICE_OVER) return;
    if (chunk.recordCount > 0) this.#hand(chunk);
    if (state === WALK.CHUNK_FULL) return;
    this.#mark = new LogMark(this.#parts.journal);
    this.#mark.requestSync();
    this.#mark.awaitProgress();
    this.lastRecordCount = this.#walk!.recordCount;
    this.#walk = null;
    this.#state = "syncing";
  }

  #hand(chunk: SnapshotChunk): void {
    const { recordsSize, recordCount } = chunk;
    this.#parts.control.setBusy(this.#current, true);
    this.#parts.send({ kind: "snapshot-chunk", chunk: this.#current, recordsSize, recordCount });
    chunk.clear();
    this.#current = (this.#current + 1) % this.#chunks.length;
  }

  #publish(): void {
    const mark = this.#mark!;
    if (this.#parts.journal.failure() !== 0) return this.#end(false);
    if (!mark.isSynced()) {
      mark.requestSync();
      mark.awaitProgress();
      if (!mark.isSynced()) return;
    }
    this.#parts.send({ kind: "snapshot-publish" });
    this.#state = "publishing";
  }

  #end(isGood: boolean): void {
    const { clock, log } = this.#parts;
    this.#walk?.stop();
    this.#walk = null;
    this.#state = "idle";
    this.#number++;
    this.lastStatus = isGood ? "ok" : "err";
    this.lastDurationMs = clock.elapsedMs() - this.#beganMs;
    if (isGood) {
      this.goodCount++;
      this.#lastRecords = this.#beganRecords;
      this.lastSaveMs = clock.nowMs();
      this.savedMs = clock.elapsedMs();
      this.#lastBytes = this.#recordedBytes();
      log.info("snapshot saved", {
        records: this.lastRecordCount,
        seconds: Number((this.lastDurationMs / 1000).toFixed(2)),
      });
    } else {
      log.error("the snapshot failed, and the last one stays");
    }
    this.#onDone(isGood);
  }

  #recordedBytes(): number {
    return this.#parts.journal.producers.reduce((sum, producer) => sum + producer.position(), 0);
  }
}
