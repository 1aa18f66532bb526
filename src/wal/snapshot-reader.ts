// Reads a snapshot, a chunk at a time: each is verified before anything of it is handed out, and
// that the snapshot is whole is known when `next` has answered false. What is wrong is thrown as a
// RecoveryError.

import { ByteArea } from "../lib/byte-area.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { parseSnapshotName } from "./file-names.ts";
import { CHUNK_MAGIC, GROUP_HEADER_SIZE, GroupHeader } from "./group.ts";
import { RecoveryError, UnknownFormatError } from "./recovery-error.ts";
import {
  ChunkDigest,
  SNAPSHOT_HEADER_SIZE,
  SnapshotHead,
  TRAILER_SIZE,
  describeTrailer,
  isTrailer,
  snapshotHeadSize,
} from "./snapshot-format.ts";

const AREA_SIZE = 2 * 1024 * 1024;

export class SnapshotReader {
  readonly name: string;
  readonly head = new SnapshotHead();
  /** Where the last chunk's records lie. */
  area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  begin = 0;
  end = 0;
  /** Where the last chunk lies in the file. */
  chunkOffset = 0;
  recordCount = 0;
  readonly #seed: number;
  readonly #file: DiskFile;
  readonly #fileSize: number;
  readonly #group = new GroupHeader();
  readonly #digest: ChunkDigest;
  #next = 0;
  #chunkCount = 0;

  constructor(disk: Disk, name: string, seed: number) {
    this.name = name;
    this.#seed = seed;
    this.#digest = new ChunkDigest(seed);
    this.#file = disk.open(name);
    this.#fileSize = this.#file.size();
    try {
      this.#readHead();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Bytes read so far, and of the whole file. */
  get position(): number {
    return this.#next;
  }

  get size(): number {
    return this.#fileSize;
  }

  /** Reads the next chunk. False when there is none: the snapshot was whole. */
  next(): boolean {
    const offset = this.#next;
    this.chunkOffset = offset;
    this.#read(offset, GROUP_HEADER_SIZE, "the snapshot has no end");
    if (isTrailer(this.area, 0)) {
      this.#readTrailer(offset);
      return false;
    }
    const fault = this.#group.read(this.area, 0, CHUNK_MAGIC, this.#seed);
    if (fault !== "") this.#refuse(offset, fault);
    this.#digest.add(this.area, 0);
    this.#read(offset, this.#group.size, "a chunk is cut off");
    if (!this.#group.hasItsRecords(this.area, 0, this.#seed)) {
      this.#refuse(offset, "the checksum of a chunk's records is wrong");
    }
    this.begin = GROUP_HEADER_SIZE;
    this.end = this.#group.size;
    this.recordCount += this.#group.recordCount;
    this.#chunkCount++;
    this.#next = offset + this.#group.size;
    return true;
  }

  close(): void {
    this.#file.close();
  }

  #readHead(): void {
    const { head } = this;
    this.#read(0, SNAPSHOT_HEADER_SIZE, "its header is cut off");
    let fault = head.readHeader(this.area, 0, this.#seed);
    if (head.isOfUnknownVersion) throw new UnknownFormatError(this.name, 0, fault);
    if (fault === "" && head.number !== parseSnapshotName(this.name)?.number) {
      fault = `it was written as number ${head.number}`;
    }
    if (fault !== "") this.#refuse(0, fault);
    const size = snapshotHeadSize(head.partitionCount);
    this.#read(0, size, "its positions are cut off");
    fault = head.readPositions(this.area, 0, this.#seed);
    if (fault !== "") this.#refuse(SNAPSHOT_HEADER_SIZE, fault);
    this.#next = size;
  }

  #readTrailer(offset: number): void {
    const totals = {
      chunkCount: this.#chunkCount,
      recordCount: this.recordCount,
      digest: this.#digest.value,
      fileSize: this.#fileSize,
    };
    const fault = describeTrailer(this.area, 0, totals, this.#seed);
    if (fault !== "") this.#refuse(offset, fault);
    this.#next = offset + TRAILER_SIZE;
    if (this.#next !== this.#fileSize) this.#refuse(this.#next, "something follows the trailer");
  }

  /** Reads bytes of the file to the area's beginning; refuses with `fault` if there are fewer. */
  #read(offset: number, length: number, fault: string): void {
    if (offset + length > this.#fileSize) this.#refuse(offset, fault);
    if (length > this.area.length) {
      this.area = new ByteArea(new ArrayBuffer(2 ** Math.ceil(Math.log2(length))));
    }
    for (let at = 0; at < length;) {
      const count = this.#file.read(offset + at, this.area.bytes, at, length);
      if (count === 0) this.#refuse(offset, fault);
      at += count;
    }
  }

  #refuse(offset: number, reason: string): never {
    throw new RecoveryError(this.name, offset, reason);
  }
}
