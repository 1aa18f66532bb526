// What an epoch of the WAL consists of, before anything of it is read: the files of each partition,
// and what their headers say of the epoch.
//
// A file that is empty at the end of its partition counts as none: the next file is made before it
// is needed, and the header is synced before the first group (partition-files.ts).

import { ByteArea } from "../lib/byte-area.ts";
import type { Disk } from "./disk.ts";
import { formatWalName, type WalFileName } from "./file-names.ts";
import { RecoveryError, UnknownFormatError } from "./recovery-error.ts";
import { WAL_FILE_HEADER_SIZE, WAL_FILE_VERSION, WalFileHeader } from "./wal-file-header.ts";

/** Where the version of the format is, in all versions. */
const VERSION_OFFSET = 8;

export interface EpochFiles {
  readonly epoch: number;
  /** By the files' headers; if none of them can be read, by their names. */
  readonly partitionCount: number;
  /** Position that all partitions begin with, null when no first file is left to say so. */
  readonly startPosition: number | null;
  /** It was begun because the log had failed: see `mayEndTorn`. */
  readonly isAfterFailure: boolean;
  readonly hasGroups: boolean;
  /** By partition, in order; empty where nothing was written. */
  readonly partitions: ReadonlyMap<number, readonly WalFileName[]>;
  /** What of it is missing or does not belong together. */
  readonly faults: readonly RecoveryError[];
  readonly byteCount: number;
}

/** `files` are those of one epoch, at least one. Throws UnknownFormatError. */
export function surveyEpoch(
  disk: Disk,
  files: readonly WalFileName[],
  checksumSeed: number,
): EpochFiles {
  const { epoch } = files[0]!;
  const survey = new Survey(epoch);
  const partitions = new Map<number, WalFileName[]>();
  let byteCount = 0;
  for (const file of files) {
    const header = readHeader(disk, file.name, checksumSeed);
    byteCount += header.size;
    survey.add(file, header);
    const list = partitions.get(file.partition) ?? [];
    partitions.set(file.partition, [...list, file]);
    if (header.size > 0) survey.keep(file);
  }
  for (const [partition, list] of partitions) {
    partitions.set(partition, list.slice(0, survey.keptCount(list)));
  }
  const partitionCount = survey.partitionCount ?? Math.max(...partitions.keys()) + 1;
  const faults = survey.check(partitions, partitionCount);
  return {
    epoch,
    partitionCount,
    startPosition: survey.startPosition,
    isAfterFailure: survey.isAfterFailure,
    hasGroups: survey.hasGroups,
    partitions,
    faults,
    byteCount,
  };
}

/**
 * Whether an epoch may have ends that a crash has torn, by the epochs behind it. Usually it is the
 * last that has files: whoever begins another has cut them. But where the log has failed, an epoch
 * is begun with the ends as they are; it takes records only once a snapshot stands for all before.
 */
export function mayEndTorn(later: readonly EpochFiles[]): boolean {
  if (later.some(({ hasGroups }) => hasGroups)) return false;
  const next = later.find(({ startPosition }) => startPosition !== null);
  return next === undefined || next.isAfterFailure;
}

interface ReadHeader {
  readonly size: number;
  /** Null when it cannot be believed. */
  readonly fields: WalFileHeader | null;
}

class Survey {
  partitionCount: number | null = null;
  startPosition: number | null = null;
  isAfterFailure = false;
  hasGroups = false;
  readonly #epoch: number;
  readonly #faults: RecoveryError[] = [];
  readonly #notEmpty = new Set<string>();

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  add(file: WalFileName, { size, fields }: ReadHeader): void {
    if (size > WAL_FILE_HEADER_SIZE) this.hasGroups = true;
    if (fields === null) return;
    this.isAfterFailure ||= fields.isAfterFailure;
    this.partitionCount ??= fields.partitionCount;
    if (fields.partitionCount !== this.partitionCount) {
      const counts = `${fields.partitionCount} partitions, and others of ${this.partitionCount}`;
      this.#fault(file.name, `it is of ${counts}`);
    }
    if (file.sequence !== 1) return;
    this.startPosition ??= fields.position;
    if (fields.position !== this.startPosition) {
      const positions = `position ${fields.position}, and another partition at`;
      this.#fault(file.name, `its epoch begins at ${positions} ${this.startPosition}`);
    }
  }

  keep(file: WalFileName): void {
    this.#notEmpty.add(file.name);
  }

  /** Files up to the last that is not empty. */
  keptCount(files: readonly WalFileName[]): number {
    return files.findLastIndex(({ name }) => this.#notEmpty.has(name)) + 1;
  }

  check(partitions: ReadonlyMap<number, unknown>, partitionCount: number): RecoveryError[] {
    for (let partition = 0; partition < partitionCount; partition++) {
      // All files of an epoch are made before the first record of it is written.
      if (partitions.has(partition) || !this.hasGroups) continue;
      this.#fault(formatWalName(this.#epoch, partition, 1), "the file is missing");
    }
    return this.#faults;
  }

  #fault(name: string, reason: string): void {
    this.#faults.push(new RecoveryError(name, 0, reason));
  }
}

function readHeader(disk: Disk, name: string, checksumSeed: number): ReadHeader {
  const area = new ByteArea(new ArrayBuffer(WAL_FILE_HEADER_SIZE));
  const file = disk.open(name);
  try {
    const size = file.size();
    let length = 0;
    while (length < Math.min(size, WAL_FILE_HEADER_SIZE)) {
      const count = file.read(length, area.bytes, length, WAL_FILE_HEADER_SIZE);
      if (count === 0) break;
      length += count;
    }
    if (length < WAL_FILE_HEADER_SIZE) return { size, fields: null };
    const fields = new WalFileHeader();
    const fault = fields.read(area, 0, checksumSeed);
    const isOfThisVersion = area.view.getUint32(VERSION_OFFSET, true) === WAL_FILE_VERSION;
    if (!fields.isBroken && !isOfThisVersion) throw new UnknownFormatError(name, 0, fault);
    return { size, fields: fault === "" ? fields : null };
  } finally {
    file.close();
  }
}
