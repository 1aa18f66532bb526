// The directory that the files of durability are in: whose it is (LOCK, META), what is in it, and
// what may go.
//
// META is JSON on one line, so that an operator can read it:
//
//   {"format":"fkvs","version":1,"checksumSeed":7,"hashSeeds":[1,-2,3],"segmentBits":10}
//
// It is made when the directory is empty, and never changed. Without it nothing in the directory
// can be verified, so a directory that has files and no META is refused, and so is one with files
// of something else: a mistyped path must not be filled with files.

import { ByteArea } from "../lib/byte-area.ts";
import { DiskError, type Disk } from "./disk.ts";
import {
  LOCK_NAME,
  META_NAME,
  TEMPORARY_SUFFIX,
  compareWalNames,
  parseSnapshotName,
  parseWalName,
  type SnapshotName,
  type WalFileName,
} from "./file-names.ts";
import { META_SIZE_MAX, formatMeta, parseMeta, type Meta } from "./meta.ts";
import { RecoveryError } from "./recovery-error.ts";
import { WAL_FILE_HEADER_SIZE, WalFileHeader } from "./wal-file-header.ts";

export interface DirectoryListing {
  /** By epoch, partition and sequence. */
  readonly walFiles: readonly WalFileName[];
  /** Finished ones, the newest first. */
  readonly snapshots: readonly SnapshotName[];
  /** Left by somebody who did not finish; they can go. */
  readonly temporary: readonly string[];
  /** Not ours; they are left alone. */
  readonly unknown: readonly string[];
}

/** What is known of a snapshot by those who decide what is still needed. */
export interface SnapshotPlace {
  readonly number: number;
  readonly epoch: number;
  /** By partition: where the WAL has to be replayed from. */
  readonly positions: readonly number[];
}

export class DataDirectory {
  readonly disk: Disk;
  readonly meta: Meta;

  private constructor(disk: Disk, meta: Meta) {
    this.disk = disk;
    this.meta = meta;
  }

  /**
   * Locks the directory and reads its META; an empty one gets `fresh`. `path` is for messages.
   * Throws RecoveryError when the directory cannot be used, and leaves it unlocked then.
   */
  static open(disk: Disk, path: string, fresh: Meta): DataDirectory {
    refuseForeign(disk.list(), path);
    return DataDirectory.#locked(disk, path, () => {
      if (disk.list().includes(META_NAME)) return readMeta(disk);
      writeMeta(disk, fresh);
      return fresh;
    });
  }

  /** The same for one who only looks: an empty directory is refused. */
  static openExisting(disk: Disk, path: string): DataDirectory {
    const names = disk.list();
    refuseForeign(names, path);
    if (!names.includes(META_NAME)) throw new RecoveryError("", 0, `there is no data in ${path}`);
    return DataDirectory.#locked(disk, path, () => readMeta(disk));
  }

  /** Of a directory that another thread of this process holds locked. */
  static shared(disk: Disk, meta: Meta): DataDirectory {
    return new DataDirectory(disk, meta);
  }

  static #locked(disk: Disk, path: string, findMeta: () => Meta): DataDirectory {
    lock(disk, path);
    try {
      return new DataDirectory(disk, findMeta());
    } catch (error) {
      disk.unlock();
      throw error;
    }
  }

  close(): void {
    this.disk.unlock();
  }

  list(): DirectoryListing {
    const walFiles: WalFileName[] = [];
    const snapshots: SnapshotName[] = [];
    const temporary: string[] = [];
    const unknown: string[] = [];
    for (const name of this.disk.list().toSorted()) {
      const walFile = parseWalName(name);
      const snapshot = parseSnapshotName(name);
      if (walFile !== null) walFiles.push(walFile);
      else if (snapshot !== null) snapshots.push(snapshot);
      else if (isTemporary(name)) temporary.push(name);
      else if (name !== LOCK_NAME && name !== META_NAME) unknown.push(name);
    }
    walFiles.sort(compareWalNames);
    snapshots.sort((left, right) => right.number - left.number);
    return { walFiles, snapshots, temporary, unknown };
  }

  /** Removes what somebody did not finish; the names of it. */
  removeTemporary(): readonly string[] {
    const { temporary } = this.list();
    this.remove(temporary);
    return temporary;
  }

  /**
   * What is not needed any more now that the snapshot `newest` is in place: snapshots before it
   * except `older`, and the WAL before the positions of `older`. Where there is no older snapshot
   * the whole WAL stands in for it, and all of it stays. In the order in which they have to go: the
   * rest can be recovered from whenever the removing is interrupted.
   */
  listRemovable(newest: SnapshotPlace, older: SnapshotPlace | null): string[] {
    const { snapshots, walFiles } = this.list();
    const oldSnapshots = snapshots
      .filter(({ number }) => number < newest.number && number !== older?.number)
      .map(({ name }) => name)
      .toReversed();
    if (older === null) return oldSnapshots;
    const isBehind = (file: WalFileName, i: number): boolean =>
      file.epoch < older.epoch ||
      (file.epoch === older.epoch && this.#endsBefore(file, walFiles[i + 1], older));
    return [...oldSnapshots, ...walFiles.filter(isBehind).map(({ name }) => name)];
  }

  /** Removes files in the order given, and makes that durable. */
  remove(names: readonly string[]): void {
    if (names.length === 0) return;
    for (const name of names) this.disk.remove(name);
    this.disk.syncDirectory();
  }

  /** Whether a WAL file has nothing from the snapshot's position on: the next one begins there. */
  #endsBefore(file: WalFileName, next: WalFileName | undefined, snapshot: SnapshotPlace): boolean {
    const wanted = snapshot.positions[file.partition];
    if (next === undefined || wanted === undefined) return false;
    if (next.epoch !== file.epoch || next.partition !== file.partition) return false;
    const position = this.#readPosition(next);
    return position !== null && position <= wanted;
  }

  /** The position that a WAL file begins with, null where its header is bad. */
  #readPosition(file: WalFileName): number | null {
    const area = new ByteArea(new ArrayBuffer(WAL_FILE_HEADER_SIZE));
    const header = new WalFileHeader();
    if (readStart(this.disk, file.name, area.bytes) < WAL_FILE_HEADER_SIZE) return null;
    return header.read(area, 0, this.meta.checksumSeed) === "" ? header.position : null;
  }
}

/** The files of each epoch and partition, in order. */
export function groupWalFiles(files: readonly WalFileName[]): WalFileName[][] {
  const groups = Map.groupBy(
    files.toSorted(compareWalNames),
    ({ epoch, partition }) => `${epoch}-${partition}`,
  );
  return [...groups.values()];
}

/** Sequence numbers that are missing between the first and the last of one partition's files. */
export function findMissingSequences(files: readonly WalFileName[]): number[] {
  const missing: number[] = [];
  for (let i = 1; i < files.length; i++) {
    for (let next = files[i - 1]!.sequence + 1; next < files[i]!.sequence; next++) {
      missing.push(next);
    }
  }
  return missing;
}

function lock(disk: Disk, path: string): void {
  try {
    disk.lock();
  } catch (error) {
    const isTaken = error instanceof DiskError && error.code === "EWOULDBLOCK";
    if (!isTaken) throw error;
    throw new RecoveryError("", 0, `${path} is in use by another server`);
  }
}

function isTemporary(name: string): boolean {
  if (!name.endsWith(TEMPORARY_SUFFIX)) return false;
  const stem = name.slice(0, -TEMPORARY_SUFFIX.length);
  return stem === META_NAME || parseSnapshotName(stem) !== null || parseWalName(stem) !== null;
}

/** A directory without META has to be empty. Asked before a lock leaves its file there, too. */
function refuseForeign(names: readonly string[], path: string): void {
  if (names.includes(META_NAME)) return;
  const isOurs = (name: string) => parseWalName(name) !== null || parseSnapshotName(name) !== null;
  if (names.some(isOurs)) {
    throw new RecoveryError("", 0, `${path} has data files, but no ${META_NAME} to read them with`);
  }
  const foreign = names.filter((name) => name !== LOCK_NAME && !isTemporary(name));
  if (foreign.length === 0) return;
  const example = foreign.toSorted()[0]!;
  throw new RecoveryError(
    "",
    0,
    `${path} is not empty and has no data of ours: ${example} is there`,
  );
}

function writeMeta(disk: Disk, meta: Meta): void {
  const name = META_NAME + TEMPORARY_SUFFIX;
  if (disk.list().includes(name)) disk.remove(name);
  const bytes = Buffer.from(formatMeta(meta));
  const file = disk.create(name);
  try {
    for (let written = 0; written < bytes.length;) {
      written += file.write(bytes, written, bytes.length);
    }
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(name, META_NAME);
  disk.syncDirectory();
}

function readMeta(disk: Disk): Meta {
  const bytes = Buffer.alloc(META_SIZE_MAX + 1);
  const length = readStart(disk, META_NAME, bytes);
  return parseMeta(bytes.toString("utf8", 0, length));
}

/** Reads a file's first bytes; how many there are. */
function readStart(disk: Disk, name: string, bytes: Uint8Array): number {
  const file = disk.open(name);
  try {
    let length = 0;
    while (length < bytes.length) {
      const count = file.read(length, bytes, length, bytes.length);
      if (count === 0) break;
      length += count;
    }
    return length;
  } finally {
    file.close();
  }
}
