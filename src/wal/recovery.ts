// Brings a store to where a data directory says it was:
//
//   newest whole snapshot ─▶ store ◀─ WAL from its positions on, epoch by epoch (epoch-replay.ts)
//
// A snapshot that is damaged is passed over for the older one, and reported: the WAL reaches back
// to that one. What a crash has torn off the end of the WAL is cut, once everything else is sound,
// and what was read of the last epoch is synced: it may have been written and not synced when the
// process died, and is the base of what comes now.
//
// Anything else that is wrong refuses the start with a RecoveryError, before any file has been
// changed; in best effort it is listed as lost, and what is sound is taken.

import type { Clock } from "../lib/clock.ts";
import type { Store } from "../store/store.ts";
import type { DataDirectory } from "./data-directory.ts";
import { mayEndTorn, surveyEpoch, type EpochFiles } from "./epoch-files.ts";
import { EpochReplay, type PartitionSource } from "./epoch-replay.ts";
import type { WalFileName } from "./file-names.ts";
import { RecoveryError, UnknownFormatError } from "./recovery-error.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { replaySnapshot } from "./snapshot-replay.ts";
import { StoreReplay, type ReplayScratch } from "./store-replay.ts";
import { WalReader, type WalFault } from "./wal-reader.ts";

/** From the end of one epoch to the beginning of the next: no position is of both. */
export const EPOCH_GAP = 8;
/** Bytes of records between two calls of `onProgress`. */
const PROGRESS_INTERVAL_BYTES = 16 * 1024 * 1024;

export interface RecoveryOptions {
  /** Locked; nobody writes to it. */
  readonly directory: DataDirectory;
  /** Empty. */
  readonly store: Store;
  readonly scratch: ReplayScratch;
  readonly clock: Clock;
  /** Starts with what is sound whatever is wrong with the rest. */
  readonly isBestEffort?: boolean;
  /** Leaves all files as they are: torn tails are reported and not cut. */
  readonly isReadOnly?: boolean;
  readonly onProgress?: (progress: RecoveryProgress) => void;
}

export interface RecoveryProgress {
  readonly recordCount: number;
  /** Bytes of records. */
  readonly byteCount: number;
  /** At most; bytes of all files that are read. */
  readonly totalBytes: number;
  readonly recordsPerSecond: number;
}

/** Bytes of a file, from an offset on, that are not in the store. */
export interface Loss {
  readonly fileName: string;
  readonly offset: number;
  readonly byteCount: number;
  readonly reason: string;
}

export interface RecoveredSnapshot {
  readonly name: string;
  readonly number: number;
  readonly epoch: number;
  readonly positions: readonly number[];
  readonly timeMs: number;
  readonly recordCount: number;
}

export interface RecoveryResult {
  /** Null when there was none. */
  readonly snapshot: RecoveredSnapshot | null;
  /** Snapshots that were not whole. Worth a warning: there should be none. */
  readonly damagedSnapshots: readonly Loss[];
  /** Records of the snapshot and of the WAL. */
  readonly recordCount: number;
  readonly byteCount: number;
  readonly elapsedMs: number;
  /** Where each partition of the last epoch ends. */
  readonly endPositions: readonly number[];
  /** What the next WAL begins with. */
  readonly nextEpoch: number;
  readonly nextPosition: number;
  readonly nextSnapshotNumber: number;
  /** Ends of files that a crash has torn, and that were cut: never acknowledged as durable. */
  readonly torn: readonly Loss[];
  /** Best effort only. A snapshot should follow at once: the next start would refuse these. */
  readonly lost: readonly Loss[];
  /** Transaction groups that a crash has cut off. */
  readonly droppedGroupCount: number;
  /** Records behind them, which may show what those groups did. */
  readonly droppedRecordCount: number;
}

export function recover(options: RecoveryOptions): RecoveryResult {
  return new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #replay: StoreReplay;
  readonly #startMs: number;
  readonly #torn: Loss[] = [];
  readonly #lost: Loss[] = [];
  readonly #damagedSnapshots: Loss[] = [];
  #snapshot: RecoveredSnapshot | null = null;
  /** Of each partition of the last epoch; those before them were synced in their time. */
  #lastFiles: string[] = [];
  #endPositions: number[] = [];
  /** The largest position that a partition has ended with so far. */
  #lastPosition = 0;
  /** By epoch, the largest position that a snapshot has, damaged ones included. */
  readonly #snapshotEnds = new Map<number, number>();
  #droppedGroupCount = 0;
  #droppedRecordCount = 0;
  #byteCount = 0;
  #totalBytes = 0;
  #reportedBytes = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#startMs = options.clock.elapsedMs();
    this.#replay = new StoreReplay(options.store, options.scratch, options.clock);
  }

  run(): RecoveryResult {
    const { walFiles, snapshots } = this.#options.directory.list();
    try {
      this.#loadSnapshot(snapshots.map(({ name }) => name));
      this.#replayWal(walFiles);
    } finally {
      this.#replay.finish();
    }
    if (this.#options.isReadOnly !== true) this.#makeDurable();
    this.#reportProgress();
    return {
      snapshot: this.#snapshot,
      damagedSnapshots: this.#damagedSnapshots,
      recordCount: this.#replay.recordCount,
      byteCount: this.#byteCount,
      elapsedMs: this.#elapsedMs(),
      endPositions: this.#endPositions,
      nextEpoch: (walFiles.at(-1)?.epoch ?? this.#snapshot?.epoch ?? 0) + 1,
      nextPosition: this.#nextPosition(),
      nextSnapshotNumber: (snapshots[0]?.number ?? 0) + 1,
      torn: this.#torn,
      lost: this.#lost,
      droppedGroupCount: this.#droppedGroupCount,
      droppedRecordCount: this.#droppedRecordCount,
    };
  }

  /** Loads the first of these, the newest first, that is whole. */
  #loadSnapshot(names: readonly string[]): void {
    const faults: RecoveryError[] = [];
    for (const name of names) {
      const fault = this.#tryLoadSnapshot(name);
      if (fault === null) return;
      faults.push(fault);
      this.#damagedSnapshots.push(lossOf(fault, 0));
      this.#options.store.flush(null);
    }
    if (this.#options.isBestEffort !== true || names.length === 0) return;
    // None is whole: what the newest has before its damage is better than nothing.
    const fault = this.#tryLoadSnapshot(names[0]!);
    if (fault !== null) this.#lost.push(lossOf(fault, 0));
  }

  /** What is wrong with the snapshot, null = nothing. */
  #tryLoadSnapshot(name: string): RecoveryError | null {
    const { directory } = this.#options;
    let reader: SnapshotReader | null = null;
    try {
      reader = new SnapshotReader(directory.disk, name, directory.meta.checksumSeed);
      this.#totalBytes = reader.size;
      const { number, epoch, positions, timeMs } = reader.head;
      const end = this.#snapshotEnds.get(epoch) ?? 0;
      this.#snapshotEnds.set(epoch, Math.max(end, ...positions));
      replaySnapshot(reader, this.#replay, (bytes) => this.#noteBytes(bytes));
      const { recordCount } = reader;
      this.#snapshot = { name, number, epoch, positions, timeMs, recordCount };
      return null;
    } catch (error) {
      if (!(error instanceof RecoveryError) || error instanceof UnknownFormatError) throw error;
      return error;
    } finally {
      reader?.close();
    }
  }

  #replayWal(walFiles: readonly WalFileName[]): void {
    const { disk, meta } = this.#options.directory;
    const first = this.#snapshot?.epoch ?? 0;
    const wanted = walFiles.filter(({ epoch }) => epoch >= first);
    const epochs = [...Map.groupBy(wanted, ({ epoch }) => epoch).values()].map((files) =>
      surveyEpoch(disk, files, meta.checksumSeed),
    );
    for (const { byteCount } of epochs) this.#totalBytes += byteCount;
    this.#checkFirstEpoch(epochs[0] ?? null);
    let due: number | null = null;
    for (const [i, files] of epochs.entries()) {
      const previous = epochs[i - 1]?.epoch ?? files.epoch - 1;
      if (files.epoch !== previous + 1 && !files.isAfterFailure) {
        this.#refuse(new RecoveryError("", 0, `the WAL of epoch ${previous + 1} is missing`));
      }
      this.#checkStart(files, due);
      const isLastEpoch = mayEndTorn(epochs.slice(i + 1));
      this.#replayEpoch(files, isLastEpoch);
      if (isLastEpoch) this.#lastFiles.push(...listLastFiles(files));
      due = this.#nextPosition(files.epoch);
    }
  }

  /** Whether the WAL begins where the snapshot needs it, or at the very beginning. */
  #checkFirstEpoch(files: EpochFiles | null): void {
    const snapshot = this.#snapshot;
    if (snapshot === null) {
      const damage = this.#damagedSnapshots[0];
      const isFromStart = files === null ? damage === undefined : files.epoch === 1;
      if (isFromStart) return;
      const { fileName, offset, reason } = damage ?? { fileName: "", offset: 0, reason: "" };
      const begin = files === null ? "there is no WAL" : `the WAL begins with epoch ${files.epoch}`;
      const why = damage === undefined ? "there is no snapshot" : reason;
      this.#refuse(new RecoveryError(fileName, offset, `${why}, and ${begin}`));
    } else if (files?.epoch !== snapshot.epoch) {
      const reason = `the WAL of epoch ${snapshot.epoch}, which it needs, is missing`;
      this.#refuse(new RecoveryError(snapshot.name, 0, reason));
    } else if (files.partitionCount !== snapshot.positions.length) {
      const counts = `${snapshot.positions.length} partitions, and its WAL ${files.partitionCount}`;
      this.#refuse(new RecoveryError(snapshot.name, 0, `it has ${counts}`));
    }
  }

  /** An epoch begins right behind the one before, or something of that is gone. */
  #checkStart(files: EpochFiles, due: number | null): void {
    for (const fault of files.faults) this.#refuse(fault);
    const { startPosition, epoch, isAfterFailure, hasGroups } = files;
    if (due === null || startPosition === null || startPosition === due) return;
    if (isAfterFailure && startPosition > due) {
      if (!hasGroups && this.#damagedSnapshots.length === 0) return;
      const reason = `the log had failed before epoch ${epoch}: only a snapshot has what was lost`;
      this.#refuse(new RecoveryError("", 0, reason));
      return;
    }
    const reason = `epoch ${epoch} begins at position ${startPosition}, but ${due} is due`;
    this.#refuse(new RecoveryError("", 0, reason));
  }

  #replayEpoch(files: EpochFiles, isLastEpoch: boolean): void {
    const sources = [...files.partitions]
      .filter(([, list]) => list.length > 0)
      .map(([partition, list]) => this.#openPartition(files, partition, list, isLastEpoch));
    const epoch = new EpochReplay(sources, {
      replay: this.#replay,
      partitionCount: files.partitionCount,
      isDamaged: this.#lost.length > 0,
      onFault: (source, fault) => this.#handleFault(source, fault),
      onNonsense: (error) => this.#refuse(error),
      onGroup: (bytes) => this.#noteBytes(bytes),
    });
    try {
      epoch.run();
    } finally {
      for (const { reader } of sources) reader.close();
    }
    this.#droppedGroupCount += epoch.droppedCount;
    this.#droppedRecordCount += epoch.droppedRecordCount;
    this.#endPositions = this.#listEnds(files, sources);
    this.#lastPosition = Math.max(this.#lastPosition, ...this.#endPositions);
  }

  #openPartition(
    files: EpochFiles,
    partition: number,
    list: readonly WalFileName[],
    isLastEpoch: boolean,
  ): PartitionSource {
    const { disk, meta } = this.#options.directory;
    const isSnapshots = files.epoch === this.#snapshot?.epoch;
    const fromPosition = isSnapshots ? (this.#snapshot?.positions[partition] ?? null) : null;
    const reader = new WalReader(disk, list, {
      checksumSeed: meta.checksumSeed,
      segmentBits: meta.segmentBits,
      fromPosition,
      provenPosition: 0,
      isLastEpoch,
    });
    return { partition, reader, fromPosition: fromPosition ?? 0 };
  }

  #handleFault({ reader }: PartitionSource, fault: WalFault): boolean {
    const { fileName, offset, reason, lostBytes, kind } = fault;
    if (kind === "torn") {
      this.#torn.push({ fileName, offset, reason, byteCount: lostBytes });
      return false;
    }
    if (this.#options.isBestEffort !== true) throw new RecoveryError(fileName, offset, reason);
    const byteCount = reader.skipDamage();
    this.#lost.push({ fileName, offset, reason, byteCount });
    return true;
  }

  #listEnds(files: EpochFiles, sources: readonly PartitionSource[]): number[] {
    const begin = files.startPosition ?? this.#endOf(files.epoch);
    const ends = Array.from({ length: files.partitionCount }, () => begin);
    for (const { partition, reader } of sources) ends[partition] = reader.endPosition ?? begin;
    return ends;
  }

  /** Behind every position that there is up to an epoch; what is lost may have had some. */
  #nextPosition(epoch = Infinity): number {
    const lostBytes = this.#lost.reduce((sum, { byteCount }) => sum + byteCount, 0);
    return this.#endOf(epoch) + Math.ceil(lostBytes / EPOCH_GAP) * EPOCH_GAP + EPOCH_GAP;
  }

  /** The largest position that a partition or a snapshot of it or of an earlier epoch has. */
  #endOf(epoch: number): number {
    const snapshotEnds = [...this.#snapshotEnds].filter(([of]) => of <= epoch);
    return Math.max(this.#lastPosition, ...snapshotEnds.map(([, end]) => end));
  }

  /** Cuts what is torn, and syncs what may not have been. */
  #makeDurable(): void {
    const { disk } = this.#options.directory;
    for (const name of this.#lastFiles) {
      const torn = this.#torn.find(({ fileName }) => fileName === name);
      const file = disk.open(name);
      try {
        if (torn !== undefined) file.truncate(torn.offset);
        file.sync();
      } finally {
        file.close();
      }
    }
    disk.syncDirectory();
  }

  #refuse(error: RecoveryError): void {
    if (this.#options.isBestEffort !== true) throw error;
    this.#lost.push(lossOf(error, 0));
  }

  #noteBytes(bytes: number): void {
    this.#byteCount += bytes;
    if (this.#byteCount - this.#reportedBytes >= PROGRESS_INTERVAL_BYTES) this.#reportProgress();
  }

  #reportProgress(): void {
    this.#reportedBytes = this.#byteCount;
    const { recordCount } = this.#replay;
    const elapsedMs = this.#elapsedMs();
    this.#options.onProgress?.({
      recordCount,
      byteCount: this.#byteCount,
      totalBytes: this.#totalBytes,
      recordsPerSecond: elapsedMs > 0 ? (recordCount * 1000) / elapsedMs : 0,
    });
  }

  #elapsedMs(): number {
    return this.#options.clock.elapsedMs() - this.#startMs;
  }
}

function listLastFiles({ partitions }: EpochFiles): string[] {
  return [...partitions.values()].flatMap((files) => files.at(-1)?.name ?? []);
}

function lossOf({ file, offset, reason }: RecoveryError, byteCount: number): Loss {
  return { fileName: file, offset, reason, byteCount };
}
