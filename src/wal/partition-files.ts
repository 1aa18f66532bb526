// The files of one partition in one epoch, one behind the other: what is appended goes to the
// current one, and the next is made beforehand, empty, because making a name durable takes as long
// as a sync. An empty file at the end is therefore nothing wrong: nothing was ever written to it.
//
// A file is synced for the last time before anything is written to the one behind it, and a header
// before the first group. So all files but the last that is not empty are whole, and a file
// without a whole header never had a group. Everything here throws DiskError, and nothing may be
// tried again.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import { DiskError, type Disk, type DiskFile } from "./disk.ts";
import { formatWalName } from "./file-names.ts";
import { WAL_FILE_HEADER_SIZE, writeWalFileHeader } from "./wal-file-header.ts";

/** What is the same for all files of a partition. */
export interface PartitionIdentity {
  readonly partition: number;
  readonly partitionCount: number;
  readonly segmentBits: number;
  /** Of all checksums in the directory. */
  readonly seed: number;
}

export class PartitionFiles {
  /** Writes that took less than they were given. */
  shortWriteCount = 0;
  readonly #disk: Disk;
  readonly #identity: PartitionIdentity;
  readonly #header = new ByteArea(new ArrayBuffer(WAL_FILE_HEADER_SIZE));
  #epoch = 0;
  #isAfterFailure = false;
  #sequence = 0;
  #current: DiskFile | null = null;
  #next: DiskFile | null = null;
  #size = 0;

  constructor(disk: Disk, identity: PartitionIdentity) {
    this.#disk = disk;
    this.#identity = identity;
  }

  /** Bytes of the current file. */
  get size(): number {
    return this.#size;
  }

  /** Whether the current file has groups. */
  get hasGroups(): boolean {
    return this.#size > WAL_FILE_HEADER_SIZE;
  }

  get hasNext(): boolean {
    return this.#next !== null;
  }

  /** The first file of an epoch; its name is durable when the caller has synced the directory. */
  begin(epoch: number, position: number, isAfterFailure: boolean): void {
    assert(this.#current === null, "an epoch begins after the last has ended");
    this.#isAfterFailure = isAfterFailure;
    this.#epoch = epoch;
    this.#sequence = 1;
    this.#current = this.#disk.create(this.#name(1));
    this.#writeHeader(position);
  }

  /** Makes the next file, durably. */
  prepareNext(): void {
    assert(this.#next === null, "one file is made beforehand");
    this.#next = this.#disk.create(this.#name(this.#sequence + 1));
    this.#disk.syncDirectory();
  }

  /** Goes on in the next file, whose first record is that at `position`; syncs the current one. */
  switch(position: number): void {
    this.sync();
    if (this.#next === null) this.prepareNext();
    const last = this.#current;
    this.#current = this.#next;
    this.#next = null;
    this.#sequence++;
    last?.close();
    this.#writeHeader(position);
  }

  append(bytes: Uint8Array, begin: number, end: number): void {
    assert(this.#current !== null, "an epoch has begun");
    let at = begin;
    while (at < end) {
      const count = this.#current.write(bytes, at, end);
      // A disk that takes nothing and has no error to show for it would keep us here for ever.
      if (count <= 0) throw new DiskError(`cannot write ${this.#name(this.#sequence)}`, "EIO");
      at += count;
      this.#size += count;
      if (at < end) this.shortWriteCount++;
    }
  }

  sync(): void {
    assert(this.#current !== null, "an epoch has begun");
    this.#current.sync();
  }

  /** Ends the epoch; whoever wants to keep what was written has synced. */
  end(): void {
    const open = [this.#current, this.#next];
    this.#current = null;
    this.#next = null;
    for (const file of open) file?.close();
  }

  #name(sequence: number): string {
    return formatWalName(this.#epoch, this.#identity.partition, sequence);
  }

  #writeHeader(position: number): void {
    const { partition, partitionCount, segmentBits, seed } = this.#identity;
    const fields = {
      epoch: this.#epoch,
      sequence: this.#sequence,
      partition,
      partitionCount,
      segmentBits,
      position,
      isAfterFailure: this.#isAfterFailure,
    };
    writeWalFileHeader(this.#header, 0, fields, seed);
    this.#size = 0;
    this.append(this.#header.bytes, 0, WAL_FILE_HEADER_SIZE);
    this.sync();
  }
}
