// Reads what one partition has in one epoch: the groups of its files, in order, each held against
// everything that is known of it before it is handed out.
//
//   file 3  |header|group|group|group|     file 4  |header|group|group|torn
//           ^ position               ^ = position of the next file    ^ fault
//
// The first thing that is wrong ends the reading, and `fault` says what it is:
//
//   torn     the end of the last file, never synced: what a crash leaves. To be cut at `offset`;
//            at 0 the file has nothing and can go.
//   damage   everything else. Synced, and so acknowledged, records may be lost.
//
// A bad group is torn if it is in the last file of the last epoch and nothing proves that the
// partition was synced beyond its beginning: neither what the caller knows (`provenPosition`) nor
// the header of any group behind it. That holds because a file is synced before anything is written
// to the next one, and a header before the first group: a bad header is torn only where nothing
// follows. Files without a byte at the end are made beforehand, and are nothing wrong in any epoch.
//
// Memory: one group, or a megabyte. Neither a damaged nor a hostile file makes it throw anything
// but what the disk throws.

import { assert } from "../lib/assert.ts";
import type { Disk } from "./disk.ts";
import { formatWalName, type WalFileName } from "./file-names.ts";
import { FileWindow } from "./file-window.ts";
import { findGroup, isWhole } from "./group-scan.ts";
import { GROUP_HEADER_SIZE, GROUP_MAGIC, GroupHeader } from "./group.ts";
import { RECORD_ALIGNMENT } from "./record.ts";
import { RecordReader, checkRecords } from "./record-reader.ts";
import { WAL_FILE_HEADER_SIZE, WalFileHeader } from "./wal-file-header.ts";

export interface WalFault {
  readonly kind: "torn" | "damage";
  readonly fileName: string;
  /** Where in the file; 0 with no bytes lost for a file that is missing. */
  readonly offset: number;
  /** Of the record that should begin there, null = not known. */
  readonly position: number | null;
  readonly reason: string;
  /** Bytes of the file from `offset` on; of damage, as far as nothing behind it is read. */
  readonly lostBytes: number;
}

export interface WalReaderOptions {
  /** META's. */
  readonly checksumSeed: number;
  /** META's, null = not to be compared. */
  readonly segmentBits: number | null;
  /** Groups that end here or before are not wanted: the snapshot's position. Null = all are. */
  readonly fromPosition: number | null;
  /** Number of the first file where all are wanted; 1 unless those before it have gone. */
  readonly firstSequence?: number;
  /** The partition is known to be synced up to here; 0 where nothing is known. */
  readonly provenPosition: number;
  /** Whether no later epoch has files: only then may the end be torn. */
  readonly isLastEpoch: boolean;
}

export class WalReader {
  /** After `next`: the group, and its records, opened. */
  readonly group = new GroupHeader();
  readonly records: RecordReader;
  /** What ended the reading, null = nothing yet. */
  fault: WalFault | null = null;
  /** Behind the last group that was read, or where the first has to begin; null = unknown. */
  endPosition: number | null = null;
  /** Up to where the partition is known to be synced. */
  syncedPosition: number;
  /** The file that the last group is in, and where. */
  fileName = "";
  groupOffset = 0;
  readonly header = new WalFileHeader();
  readonly #disk: Disk;
  readonly #files: readonly WalFileName[];
  readonly #options: WalReaderOptions;
  readonly #window = new FileWindow();
  readonly #probe = new GroupHeader();
  /** Index of the open file, or of the next one to open. */
  #index = 0;
  #isOpen = false;
  #offset = 0;
  #recordsBegin = 0;
  #expectedSequence: number;
  #partitionCount: number | null = null;
  /** The file that was left last, and its size. */
  #lastName: string;
  #lastSize = 0;
  /** After damage: where in the open file to look for what is sound. */
  #resumeOffset = 0;
  /** After damage that was skipped: the next group may begin behind its position. */
  #mayJump = false;

  /** `files` are those of one epoch and partition, sorted, at least one. */
  constructor(disk: Disk, files: readonly WalFileName[], options: WalReaderOptions) {
    assert(files.length > 0, "there is a file to read");
    this.#disk = disk;
    this.#files = this.#withoutEmptyEnd(files);
    this.#lastName = files[0]!.name;
    this.#options = options;
    this.records = new RecordReader(this.#window.area);
    this.syncedPosition = Math.max(options.provenPosition, options.fromPosition ?? 0);
    this.#index = this.#findFirstFile();
    const first = options.fromPosition === null ? (options.firstSequence ?? 1) : null;
    this.#expectedSequence = first ?? this.#files[this.#index]?.sequence ?? 1;
  }

  /** Whether there is another group. False at the end, and from a fault on. */
  next(): boolean {
    while (this.fault === null) {
      if (this.#isOpen && this.#offset === this.#window.size) this.#leaveFile();
      if (!this.#isOpen) {
        if (this.#index === this.#files.length) {
          this.#checkEnd();
          return false;
        }
        this.#openFile();
      } else if (this.#readGroup() && !this.#isUnwanted()) {
        return true;
      }
    }
    return false;
  }

  /** Position of the record that `records` is at. */
  get recordPosition(): number {
    return this.group.position + this.records.offset - this.#recordsBegin;
  }

  /**
   * Goes on behind a fault with the next group that is sound, which leaves a gap; nothing is behind
   * a torn end. Answers how many bytes of the file are skipped.
   */
  skipDamage(): number {
    const { fault } = this;
    if (fault === null) return 0;
    this.fault = null;
    this.#mayJump = true;
    if (!this.#isOpen) return 0;
    const begin = this.#offset;
    const isEnd = fault.kind === "torn";
    this.#offset = isEnd ? this.#window.size : this.#findWholeGroup(this.#resumeOffset);
    return this.#offset - begin;
  }

  close(): void {
    this.#window.close();
    this.#isOpen = false;
  }

  #withoutEmptyEnd(files: readonly WalFileName[]): readonly WalFileName[] {
    let end = files.length;
    for (; end > 0; end--) {
      this.#window.open(this.#disk, files[end - 1]!.name);
      if (this.#window.size > 0) break;
    }
    this.#window.close();
    return files.slice(0, end);
  }

  /** Index of the last file that begins at the wanted position or before it, else of the first. */
  #findFirstFile(): number {
    const { fromPosition } = this.#options;
    if (fromPosition === null) return 0;
    for (let i = this.#files.length - 1; i > 0; i--) {
      const file = this.#files[i]!;
      this.#window.open(this.#disk, file.name);
      if (this.#readHeader(file) === "" && this.header.position <= fromPosition) return i;
    }
    return 0;
  }

  #openFile(): void {
    const file = this.#files[this.#index]!;
    if (file.sequence !== this.#expectedSequence) {
      const name = formatWalName(file.epoch, file.partition, this.#expectedSequence);
      this.#expectedSequence = file.sequence;
      this.fault = this.#describe("damage", name, 0, "the file is missing", 0);
      return;
    }
    this.#window.open(this.#disk, file.name);
    this.#isOpen = true;
    this.#offset = 0;
    const fault = this.#readHeader(file);
    if (fault !== "") {
      this.#refuseHeader(fault);
      return;
    }
    this.#partitionCount ??= this.header.partitionCount;
    const wanted = this.endPosition ?? this.#options.fromPosition ?? this.header.position;
    const { position } = this.header;
    const isGap = position > wanted && !this.#mayJump;
    if (isGap || (this.endPosition !== null && position < wanted)) {
      this.#damage(`it begins at position ${position}, but ${wanted} is due`, WAL_FILE_HEADER_SIZE);
      return;
    }
    this.#offset = WAL_FILE_HEADER_SIZE;
    this.endPosition = position;
    this.#mayJump = false;
  }

  #leaveFile(): void {
    this.#lastName = this.#window.name;
    this.#lastSize = this.#window.size;
    this.#window.close();
    this.#isOpen = false;
    this.#index += 1;
    this.#expectedSequence += 1;
  }

  /** Reads the header of the file in the window; what is wrong with it, "" = nothing. */
  #readHeader(file: WalFileName): string {
    const { header } = this;
    header.isBroken = true;
    if (this.#window.size < WAL_FILE_HEADER_SIZE) return "the file's header is cut off";
    const begin = this.#window.require(0, WAL_FILE_HEADER_SIZE);
    const fault = header.read(this.#window.area, begin, this.#options.checksumSeed);
    if (fault !== "") return fault;
    const { epoch, partition, sequence } = header;
    const name = formatWalName(epoch, partition, sequence);
    if (name !== file.name) return `it was written as ${name}`;
    const { segmentBits } = this.#options;
    if (segmentBits !== null && header.segmentBits !== segmentBits) {
      return `it has ${header.segmentBits} segment bits, and the directory ${segmentBits}`;
    }
    const count = this.#partitionCount ?? header.partitionCount;
    if (header.partitionCount === count) return "";
    return `it is of ${header.partitionCount} partitions, and those before it of ${count}`;
  }

  /** What it means that the header of the open file is bad. */
  #refuseHeader(reason: string): void {
    const { size } = this.#window;
    if (!this.header.isBroken) {
      // Another file's, or another program's: nothing in it is believed.
      this.#damage(reason, size);
    } else if (size <= WAL_FILE_HEADER_SIZE && this.#isTorn(size)) {
      this.fault = this.#describe("torn", this.#window.name, 0, reason, size);
    } else {
      this.#damage(reason, Math.min(size, WAL_FILE_HEADER_SIZE));
    }
  }

  /** Whether the group at the offset is sound; it is passed then. Else there is a fault. */
  #readGroup(): boolean {
    const offset = this.#offset;
    const { group } = this;
    const fault = this.#readWhole(offset);
    if (fault !== "") {
      if (this.#isTorn(offset)) {
        const lostBytes = this.#window.size - offset;
        this.fault = this.#describe("torn", this.#window.name, offset, fault, lostBytes);
      } else {
        this.#damage(fault, offset + RECORD_ALIGNMENT);
      }
      return false;
    }
    const due = this.endPosition ?? group.position;
    if (group.position < due || (group.position > due && !this.#mayJump)) {
      const isGap = group.position > due;
      const reason = `a group begins at position ${group.position}, but ${due} is due`;
      this.#damage(reason, isGap ? offset : offset + group.size);
      return false;
    }
    const begin = this.#window.require(offset, group.size) + GROUP_HEADER_SIZE;
    const recordsFault = this.#checkRecords(begin);
    if (recordsFault !== "") {
      this.#damage(recordsFault, offset + group.size);
      return false;
    }
    this.#pass(offset, begin);
    return true;
  }

  /** Takes the group at an offset, whose records are at `begin` of the window, as read. */
  #pass(offset: number, begin: number): void {
    const { group } = this;
    this.fileName = this.#window.name;
    this.groupOffset = offset;
    this.#recordsBegin = begin;
    this.records.openSound(this.#window.area, begin, begin + group.recordsSize);
    this.#offset = offset + group.size;
    this.endPosition = group.endPosition;
    this.syncedPosition = Math.max(this.syncedPosition, group.syncedPosition);
    this.#mayJump = false;
  }

  /** Reads header and records at an offset; what is wrong with them, "" = nothing. */
  #readWhole(offset: number): string {
    const { checksumSeed } = this.#options;
    const left = this.#window.size - offset;
    if (left < GROUP_HEADER_SIZE) return "a group's header is cut off";
    const begin = this.#window.require(offset, GROUP_HEADER_SIZE);
    const fault = this.group.read(this.#window.area, begin, GROUP_MAGIC, checksumSeed);
    if (fault !== "") return fault;
    if (this.group.size > left) return "a group is cut off";
    if (isWhole(this.#window, offset, this.group, checksumSeed)) return "";
    return "the checksum of a group's records is wrong";
  }

  /** A sound checksum says that the records are as they were written, not that they are records. */
  #checkRecords(begin: number): string {
    const count = checkRecords(this.#window.area, begin, begin + this.group.recordsSize);
    if (typeof count === "string") return count;
    if (count === this.group.recordCount) return "";
    return `a group has ${count} records, but says ${this.group.recordCount}`;
  }

  #isUnwanted(): boolean {
    const { fromPosition } = this.#options;
    return fromPosition !== null && this.group.endPosition <= fromPosition;
  }

  /** Whether what is bad at an offset may be the end that a crash left. */
  #isTorn(offset: number): boolean {
    const position = this.endPosition ?? 0;
    const isLastFile = this.#index === this.#files.length - 1;
    if (!isLastFile || !this.#options.isLastEpoch || this.syncedPosition > position) return false;
    const { checksumSeed } = this.#options;
    let place = findGroup(this.#window, offset, this.#probe, checksumSeed);
    while (place !== -1) {
      if (this.#probe.syncedPosition > position) return false;
      place = findGroup(this.#window, place + RECORD_ALIGNMENT, this.#probe, checksumSeed);
    }
    return true;
  }

  /** Offset of the next group that is whole, the file's end = there is none. */
  #findWholeGroup(offset: number): number {
    const { checksumSeed } = this.#options;
    let place = offset;
    for (;;) {
      place = findGroup(this.#window, place, this.#probe, checksumSeed);
      if (place === -1) return this.#window.size;
      if (isWhole(this.#window, place, this.#probe, checksumSeed)) return place;
      place += RECORD_ALIGNMENT;
    }
  }

  /** All files are read: the partition must not end before what was synced. */
  #checkEnd(): void {
    const end = this.endPosition ?? 0;
    if (this.#mayJump || this.syncedPosition <= end) return;
    const reason = `it ends at position ${end}, but was synced up to ${this.syncedPosition}`;
    this.fault = this.#describe("damage", this.#lastName, this.#lastSize, reason, 0);
  }

  /** Something is wrong at the offset; what is sound may begin again at `resumeOffset`. */
  #damage(reason: string, resumeOffset: number): void {
    this.#resumeOffset = resumeOffset;
    const lostBytes = this.#window.size - this.#offset;
    this.fault = this.#describe("damage", this.#window.name, this.#offset, reason, lostBytes);
  }

  #describe(
    kind: WalFault["kind"],
    fileName: string,
    offset: number,
    reason: string,
    lostBytes: number,
  ): WalFault {
    return { kind, fileName, offset, position: this.endPosition, reason, lostBytes };
  }
}
