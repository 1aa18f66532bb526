// The names of a data directory's files, which say what each is.
//
//   wal-0000000003-00-0000000001    epoch, partition, sequence within both
//   snapshot-0000000007             number; with `.tmp` behind it while it is written
//
// Numbers have leading zeroes so that names sort as the files follow each other.

export const LOCK_NAME = "LOCK";
export const META_NAME = "META";
/** What is written under this and renamed when it is whole; what is found of it can go. */
export const TEMPORARY_SUFFIX = ".tmp";

const WAL_NAME = /^wal-(\d{10})-(\d{2,5})-(\d{10})$/;
const SNAPSHOT_NAME = /^snapshot-(\d{10})$/;
const NUMBER_DIGITS = 10;
const PARTITION_DIGITS = 2;
const NUMBER_MAX = 0xffffffff;
const PARTITION_MAX = 0xfffe;

export interface WalFileName {
  readonly name: string;
  readonly epoch: number;
  readonly partition: number;
  readonly sequence: number;
}

export interface SnapshotName {
  readonly name: string;
  readonly number: number;
}

export function formatWalName(epoch: number, partition: number, sequence: number): string {
  const digits = String(partition).padStart(PARTITION_DIGITS, "0");
  return `wal-${pad(epoch)}-${digits}-${pad(sequence)}`;
}

/** Null for what is no name of a WAL file. */
export function parseWalName(name: string): WalFileName | null {
  const match = WAL_NAME.exec(name);
  if (match === null) return null;
  const epoch = Number(match[1]);
  const partition = Number(match[2]);
  const sequence = Number(match[3]);
  const isPossible = isNumber(epoch) && partition <= PARTITION_MAX && isNumber(sequence);
  // Two names of one file would be two files: only the one that we write counts.
  if (!isPossible || formatWalName(epoch, partition, sequence) !== name) return null;
  return { name, epoch, partition, sequence };
}

export function formatSnapshotName(number: number): string {
  return `snapshot-${pad(number)}`;
}

/** Null for what is no name of a snapshot that has been finished. */
export function parseSnapshotName(name: string): SnapshotName | null {
  const number = Number(SNAPSHOT_NAME.exec(name)?.[1] ?? 0);
  return isNumber(number) ? { name, number } : null;
}

/** By epoch, partition and sequence. */
export function compareWalNames(left: WalFileName, right: WalFileName): number {
  return (
    left.epoch - right.epoch || left.partition - right.partition || left.sequence - right.sequence
  );
}

function pad(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, "0");
}

function isNumber(number: number): boolean {
  return number >= 1 && number <= NUMBER_MAX;
}
