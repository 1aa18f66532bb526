// Verifies a data directory: every file that is there, as far as it can be read. Says for each what
// it has, and for everything that is wrong where it is. Nothing is changed.

import type { DataDirectory, SnapshotPlace } from "./data-directory.ts";
import { groupWalFiles } from "./data-directory.ts";
import { DiskError } from "./disk.ts";
import { findGaps } from "./epoch-course.ts";
import { mayEndTorn, surveyEpoch, type EpochFiles } from "./epoch-files.ts";
import type { SnapshotName, WalFileName } from "./file-names.ts";
import { RECORD_KIND } from "./record.ts";
import { RECORD_STEP, RecordReader } from "./record-reader.ts";
import { RecoveryError } from "./recovery-error.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { WalReader, type WalFault } from "./wal-reader.ts";

export interface CheckResult {
  readonly fileCount: number;
  /** Places at which something is wrong. */
  readonly damageCount: number;
  /** Bytes behind the last synced group that a crash left; a start cuts them. */
  readonly tornBytes: number;
}

/** What is in one file. */
interface Contents {
  blockCount: number;
  recordCount: number;
  readonly countsByKind: number[];
  begin: number | null;
  end: number | null;
}

const KIND_NAMES = Object.entries(RECORD_KIND);

export class DirectoryCheck {
  readonly #directory: DataDirectory;
  readonly #write: (line: string) => void;
  #damageCount = 0;
  #tornBytes = 0;
  /** By epoch: the largest position that a partition ends with. */
  readonly #ends = new Map<number, number>();

  /** `write` takes the lines of the report, without their ends. */
  constructor(directory: DataDirectory, write: (line: string) => void) {
    this.#directory = directory;
    this.#write = write;
  }

  run(): CheckResult {
    const { snapshots, walFiles, temporary, unknown } = this.#directory.list();
    const places = snapshots.flatMap((snapshot) => this.#checkSnapshot(snapshot) ?? []);
    const byEpoch = [...Map.groupBy(walFiles, ({ epoch }) => epoch).values()];
    const epochs = byEpoch.flatMap((files) => this.#checkEpoch(files) ?? []);
    for (const files of groupWalFiles(walFiles)) {
      const later = epochs.filter(({ epoch }) => epoch > files[0]!.epoch);
      this.#checkPartition(files, places, mayEndTorn(later));
    }
    const ended = epochs.map((files) => ({ files, end: this.#ends.get(files.epoch) ?? 0 }));
    for (const gap of findGaps(places, ended)) this.#complain(gap);
    for (const name of temporary) this.#write(`${name}: unfinished, a start removes it`);
    for (const name of unknown) this.#write(`${name}: not a file of ours`);
    const fileCount = snapshots.length + walFiles.length;
    return { fileCount, damageCount: this.#damageCount, tornBytes: this.#tornBytes };
  }

  /** Where the WAL has to go on from the snapshot; null if it is damaged. */
  #checkSnapshot({ name }: SnapshotName): SnapshotPlace | null {
    const contents = makeContents();
    let reader: SnapshotReader | null = null;
    let fault: string | null = null;
    try {
      reader = new SnapshotReader(this.#directory.disk, name, this.#directory.meta.checksumSeed);
      readSnapshot(reader, contents);
    } catch (error) {
      if (!(error instanceof RecoveryError || error instanceof DiskError)) throw error;
      const place = error instanceof RecoveryError ? `at byte ${error.offset}: ` : "";
      fault = place + (error instanceof RecoveryError ? error.reason : error.message);
    } finally {
      reader?.close();
    }
    if (reader !== null) {
      const { number, epoch, positions, timeMs } = reader.head;
      const head = `snapshot ${number} of ${new Date(timeMs).toISOString()}, epoch ${epoch}`;
      const from = `WAL from ${positions.join(", ")}`;
      this.#write(
        `${name}: ${head}, ${from}, ${describe(contents, "chunks")}, ${reader.size} bytes`,
      );
    }
    if (fault === null) return reader!.head;
    this.#complain(reader === null ? `${name}: damaged ${fault}` : `  damaged ${fault}`);
    return null;
  }

  /**
   * What no partition can say alone: that another one is missing, or does not belong to it. Null
   * when it cannot be read.
   */
  #checkEpoch(files: readonly WalFileName[]): EpochFiles | null {
    const { disk, meta } = this.#directory;
    try {
      const survey = surveyEpoch(disk, files, meta.checksumSeed);
      for (const { file, reason } of survey.faults) this.#complain(`${file}: ${reason}`);
      return survey;
    } catch (error) {
      // A file that cannot be read, or is of an unknown version: its partition says so.
      if (!(error instanceof RecoveryError || error instanceof DiskError)) throw error;
      return null;
    }
  }

  /** `places` are those of the snapshots that are sound, the newest first. */
  #checkPartition(
    files: readonly WalFileName[],
    places: readonly SnapshotPlace[],
    isLastEpoch: boolean,
  ): void {
    const { epoch, partition, sequence } = files[0]!;
    const { disk, meta } = this.#directory;
    // The WAL before the oldest snapshot may have gone, up to its position.
    const oldest = places.at(-1);
    const mayBeginLate = oldest !== undefined && epoch <= oldest.epoch;
    const ofEpoch = places.filter((place) => place.epoch === epoch);
    const proven = ofEpoch.map(({ positions }) => positions[partition] ?? 0);
    const reader = new WalReader(disk, files, {
      checksumSeed: meta.checksumSeed,
      segmentBits: meta.segmentBits,
      fromPosition: null,
      firstSequence: mayBeginLate ? sequence : 1,
      provenPosition: Math.max(0, ...proven),
      isLastEpoch,
    });
    const contents = new Map(files.map(({ name }) => [name, makeContents()]));
    const faults: WalFault[] = [];
    let failure: DiskError | null = null;
    try {
      readPartition(reader, contents, faults);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      failure = error;
    } finally {
      reader.close();
    }
    this.#ends.set(epoch, Math.max(this.#ends.get(epoch) ?? 0, reader.endPosition ?? 0));
    this.#report(files, contents, faults);
    if (failure !== null) this.#complain(`  damaged: ${failure.message}`);
    const wanted = oldest?.epoch === epoch ? oldest.positions[partition] : undefined;
    const { name } = files[0]!;
    const { begin } = contents.get(name)!;
    if (wanted !== undefined && begin !== null && begin > wanted) {
      this.#complain(`${name}: it begins at position ${begin}, but a snapshot needs ${wanted}`);
    }
  }

  #report(
    files: readonly WalFileName[],
    contents: ReadonlyMap<string, Contents>,
    faults: readonly WalFault[],
  ): void {
    const missing = faults.filter(({ fileName }) => !contents.has(fileName));
    for (const { fileName, reason } of missing) this.#complain(`${fileName}: ${reason}`);
    for (const { name, epoch, partition } of files) {
      const content = contents.get(name)!;
      const { begin, end } = content;
      const positions = begin === null ? "" : `, positions ${begin} to ${end}`;
      const text = `${describe(content, "groups")}, ${this.#sizeOf(name)} bytes`;
      this.#write(`${name}: WAL, epoch ${epoch}, partition ${partition}${positions}, ${text}`);
      for (const fault of faults) if (fault.fileName === name) this.#reportFault(fault);
    }
  }

  #reportFault({ kind, offset, position, reason, lostBytes }: WalFault): void {
    const where = `at byte ${offset}${position === null ? "" : `, position ${position}`}`;
    if (kind === "torn") {
      this.#tornBytes += lostBytes;
      this.#write(`  torn end ${where}: ${reason}; ${lostBytes} bytes, never synced`);
    } else this.#complain(`  damaged ${where}: ${reason}`);
  }

  #complain(line: string): void {
    this.#damageCount += 1;
    this.#write(line);
  }

  #sizeOf(name: string): number {
    const file = this.#directory.disk.open(name);
    const size = file.size();
    file.close();
    return size;
  }
}

function readSnapshot(reader: SnapshotReader, contents: Contents): void {
  const records = new RecordReader(reader.area);
  while (reader.next()) {
    const { area, begin, end, chunkOffset } = reader;
    records.open(area, begin, end);
    countRecords(records, contents);
    if (records.fault === "") continue;
    throw new RecoveryError(reader.name, chunkOffset + records.offset, records.fault);
  }
}

/** Reads to the end, over all damage. */
function readPartition(
  reader: WalReader,
  contents: ReadonlyMap<string, Contents>,
  faults: WalFault[],
): void {
  for (;;) {
    while (reader.next()) {
      const content = contents.get(reader.fileName)!;
      content.begin ??= reader.group.position;
      content.end = reader.group.endPosition;
      countRecords(reader.records, content);
    }
    if (reader.fault === null) return;
    faults.push(reader.fault);
    if (reader.fault.kind === "torn") return;
    reader.skipDamage();
  }
}

function countRecords(records: RecordReader, contents: Contents): void {
  contents.blockCount += 1;
  while (records.next() === RECORD_STEP.RECORD) {
    contents.recordCount += 1;
    const { countsByKind } = contents;
    countsByKind[records.kind] = (countsByKind[records.kind] ?? 0) + 1;
  }
}

function makeContents(): Contents {
  return { blockCount: 0, recordCount: 0, countsByKind: [], begin: null, end: null };
}

function describe({ blockCount, recordCount, countsByKind }: Contents, blocks: string): string {
  const kinds = KIND_NAMES.flatMap(([name, kind]) => {
    const count = countsByKind[kind] ?? 0;
    return count === 0 ? [] : [`${name} ${count}`];
  });
  const list = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  return `${blockCount} ${blocks}, ${recordCount} records${list}`;
}
