// A file as its reader sees it: a stretch in memory that follows what is asked for, so that a file
// of any length is read with bounded memory. At most one group, or SIZE_MIN where groups are small.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import { DiskError, type Disk, type DiskFile } from "./disk.ts";
import { GROUP_SIZE_MAX } from "./group.ts";

/** Small groups are read many at a time. */
const SIZE_MIN = 1024 * 1024;

export class FileWindow {
  /** Where `require` leaves the bytes; another one when it had to grow. */
  area = new ByteArea(new ArrayBuffer(SIZE_MIN));
  /** Of the file. */
  size = 0;
  #file: DiskFile | null = null;
  #name = "";
  /** Bytes `begin` to `end` of the file are at the beginning of the area. */
  #begin = 0;
  #end = 0;

  get name(): string {
    return this.#name;
  }

  open(disk: Disk, name: string): void {
    this.close();
    this.#file = disk.open(name);
    this.#name = name;
    this.size = this.#file.size();
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
    this.size = 0;
    this.#begin = 0;
    this.#end = 0;
  }

  /** Where in the area `length` bytes of the file at `offset` are, until the next call. */
  require(offset: number, length: number): number {
    assert(offset >= 0 && offset + length <= this.size, "the bytes are in the file");
    assert(length <= GROUP_SIZE_MAX, "the bytes are no more than a group");
    const isThere = offset >= this.#begin && offset + length <= this.#end;
    if (!isThere) this.#move(offset, length);
    return offset - this.#begin;
  }

  /** Bytes from `offset` on that are in memory, once `require` has answered for it. */
  countFrom(offset: number): number {
    return this.#end - offset;
  }

  #move(offset: number, length: number): void {
    const old = this.area.bytes;
    if (length > this.area.length) this.area = new ByteArea(new ArrayBuffer(growTo(length)));
    const isKept = offset >= this.#begin && offset < this.#end;
    const kept = isKept ? this.#end - offset : 0;
    const from = offset - this.#begin;
    if (kept > 0) old.copy(this.area.bytes, 0, from, from + kept);
    const wanted = Math.min(this.area.length, this.size - offset);
    this.#begin = offset;
    this.#end = offset;
    this.#fill(kept, wanted);
    this.#end = offset + wanted;
  }

  #fill(begin: number, end: number): void {
    let filled = begin;
    while (filled < end) {
      const count = this.#file!.read(this.#begin + filled, this.area.bytes, filled, end);
      if (count === 0) throw new DiskError(`${this.#name} became shorter while it was read`, "EIO");
      filled += count;
    }
  }
}

function growTo(length: number): number {
  let size = SIZE_MIN;
  while (size < length) size *= 2;
  return size;
}
