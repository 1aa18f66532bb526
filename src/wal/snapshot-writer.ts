// Writes a snapshot, in the thread that writes the WAL: the data thread lays records into a chunk
// in shared memory (snapshot-chunk.ts), this puts a header before them and both behind what is
// there.
//
//   new ─▶ writeChunk … writeChunk ─▶ finish ─▶ publish       under its name
//              `─────────────────────────┴────▶ abandon       as if it had never been begun
//
// Until `publish` the file has a temporary name, which recovery does not look at. Every failure is
// a DiskError: nothing but `abandon` may follow.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import { DiskError, type Disk, type DiskFile } from "./disk.ts";
import { TEMPORARY_SUFFIX, formatSnapshotName } from "./file-names.ts";
import { CHUNK_MAGIC, GROUP_HEADER_SIZE, sealGroup } from "./group.ts";
import {
  ChunkDigest,
  TRAILER_SIZE,
  snapshotHeadSize,
  writeSnapshotHead,
  writeTrailer,
  type SnapshotFields,
} from "./snapshot-format.ts";

/**
 * Bytes after which the file is synced on the way: the sync at the end, and those of the WAL on the
 * same disk, would have to wait for all of it otherwise.
 */
const SYNC_INTERVAL_BYTES = 16 * 1024 * 1024;

export class SnapshotWriter {
  /** The name that it will have. */
  readonly name: string;
  readonly #disk: Disk;
  readonly #seed: number;
  readonly #digest: ChunkDigest;
  #file: DiskFile | null;
  #isFinished = false;
  #isPublished = false;
  #size = 0;
  #syncedSize = 0;
  #chunkCount = 0;
  #recordCount = 0;

  /** Creates the file and writes its head. */
  constructor(disk: Disk, fields: SnapshotFields, seed: number) {
    this.#disk = disk;
    this.#seed = seed;
    this.#digest = new ChunkDigest(seed);
    this.name = formatSnapshotName(fields.number);
    this.#file = disk.create(this.temporaryName);
    const head = new ByteArea(new ArrayBuffer(snapshotHeadSize(fields.positions.length)));
    writeSnapshotHead(head, 0, fields, seed);
    try {
      this.#write(head, 0, head.length);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  get temporaryName(): string {
    return this.name + TEMPORARY_SUFFIX;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Writes the records that lie behind GROUP_HEADER_SIZE bytes at `offset`, which it fills. */
  writeChunk(area: ByteArea, offset: number, recordsSize: number, recordCount: number): void {
    const fields = { recordsSize, position: 0, syncedPosition: 0, recordCount };
    sealGroup(area, offset, CHUNK_MAGIC, fields, this.#seed);
    this.#digest.add(area, offset);
    this.#write(area, offset, offset + GROUP_HEADER_SIZE + recordsSize);
    this.#chunkCount++;
    this.#recordCount += recordCount;
    if (this.#size - this.#syncedSize < SYNC_INTERVAL_BYTES) return;
    this.#openFile().sync();
    this.#syncedSize = this.#size;
  }

  /** Ends the file and makes it durable, still under its temporary name. */
  finish(): void {
    const trailer = new ByteArea(new ArrayBuffer(TRAILER_SIZE));
    const totals = {
      chunkCount: this.#chunkCount,
      recordCount: this.#recordCount,
      digest: this.#digest.value,
      fileSize: this.#size + TRAILER_SIZE,
    };
    writeTrailer(trailer, 0, totals, this.#seed);
    this.#write(trailer, 0, TRAILER_SIZE);
    this.#openFile().sync();
    this.#closeFile();
    this.#isFinished = true;
  }

  /**
   * Gives it its name. Only once the WAL is synced up to where it was when the walk ended: a
   * snapshot has what was written meanwhile in part.
   */
  publish(): void {
    assert(this.#isFinished && !this.#isPublished, "a finished snapshot is published once");
    this.#disk.rename(this.temporaryName, this.name);
    this.#isPublished = true;
    this.#disk.syncDirectory();
  }

  /** Gives up what has not been published, also after a failure; fails never. */
  abandon(): void {
    if (this.#isPublished) return;
    ignoreFailure(() => this.#closeFile());
    ignoreFailure(() => this.#disk.remove(this.temporaryName));
  }

  #write(area: ByteArea, begin: number, end: number): void {
    const file = this.#openFile();
    for (let at = begin; at < end;) {
      const taken = file.write(area.bytes, at, end);
      if (taken === 0) throw new DiskError(`writing ${this.temporaryName}`, "EIO");
      at += taken;
    }
    this.#size += end - begin;
  }

  #openFile(): DiskFile {
    assert(this.#file !== null, "the snapshot is still being written");
    return this.#file;
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = null;
    file?.close();
  }
}

function ignoreFailure(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}
