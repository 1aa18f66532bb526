// An open file of the system's (real-disk.ts), which a long write leaves without a copy.
//
// Written as usual, a stretch is copied to the page cache, page by page, and from there to the disk
// later; of the WAL thread's time half was that. A long stretch therefore goes to the disk itself
// (O_DIRECT), as far as whole blocks of the file and of the memory coincide:
//
//   file    …─────┼───────────┼───────────┼───────────┼─────…     every DISK_BLOCK_SIZE bytes
//   write      ├──────────────────────────────────────────┤
//               head, copied │  body, from where it lies  │ tail, copied
//
// Head and tail end or begin in a block that the body has no part of, so no block is written both
// ways. That it is on the disk says nothing yet: only `sync` has the disk's cache written and the
// file's length and places recorded.
//
// A file system that does not do that refuses the descriptor or the first write with EINVAL, and is
// written as usual then. So is a file that was there before, whose end nobody here knows.

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { loadLibc } from "../lib/libc.ts";
import { DISK_BLOCK_SIZE, DiskError, type DiskFile } from "./disk.ts";

/** Shorter writes are cheaper through the page cache: a direct one waits for the disk. */
export const DIRECT_LENGTH_MIN = 256 * 1024;

const DIRECT = constants.O_WRONLY | constants.O_APPEND | constants.O_DIRECT;
/** Not opened yet, and not to be. */
const UNOPENED = -1;
const REFUSED = -2;

const libc = loadLibc();

export class RealFile implements DiskFile {
  readonly #path: string;
  readonly #descriptor: number;
  #direct: number;
  /** Where the next write begins; of no interest once nothing is written directly. */
  #end = 0;

  /** `isNew`: empty, and written by nobody else. */
  constructor(path: string, descriptor: number, isNew: boolean) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#direct = isNew && libc !== null ? UNOPENED : REFUSED;
  }

  write(bytes: Uint8Array, begin: number, end: number): number {
    const bodyBegin = begin + (-this.#end & (DISK_BLOCK_SIZE - 1));
    const bodyEnd = end - ((this.#end + end - begin) & (DISK_BLOCK_SIZE - 1));
    if (end - begin < DIRECT_LENGTH_MIN || !this.#hasDirect(bytes, bodyBegin)) {
      return this.#append(this.#descriptor, bytes, begin, end);
    }
    let at = begin;
    for (const stretchEnd of [bodyBegin, bodyEnd, end]) {
      if (at < stretchEnd) at += this.#appendStretch(bytes, at, stretchEnd, stretchEnd === bodyEnd);
      if (at < stretchEnd) break;
    }
    return at - begin;
  }

  read(offset: number, bytes: Uint8Array, begin: number, end: number): number {
    return this.#do("read", () => {
      let at = begin;
      while (at < end) {
        const count = readSync(this.#descriptor, bytes, at, end - at, offset + at - begin);
        if (count === 0) break;
        at += count;
      }
      return at - begin;
    });
  }

  size(): number {
    return this.#do("look at", () => fstatSync(this.#descriptor).size);
  }

  truncate(size: number): void {
    this.#do("cut", () => ftruncateSync(this.#descriptor, size));
    this.#end = size;
  }

  sync(): void {
    this.#do("sync", () => fdatasyncSync(this.#descriptor));
  }

  close(): void {
    this.#refuseDirect();
    this.#do("close", () => closeSync(this.#descriptor));
  }

  /** Whether bytes from an index on may be written directly, at the beginning of a block. */
  #hasDirect(bytes: Uint8Array, index: number): boolean {
    if (this.#direct === REFUSED || libc === null) return false;
    if ((libc.addressOf(bytes) + index) % DISK_BLOCK_SIZE !== 0) return false;
    if (this.#direct === UNOPENED) this.#direct = openDirect(this.#path);
    return this.#direct !== REFUSED;
  }

  #appendStretch(bytes: Uint8Array, begin: number, end: number, isBody: boolean): number {
    if (isBody && this.#direct >= 0) {
      try {
        return this.#append(this.#direct, bytes, begin, end);
      } catch (error) {
        if (!(error instanceof DiskError) || error.code !== "EINVAL") throw error;
        this.#refuseDirect();
      }
    }
    return this.#append(this.#descriptor, bytes, begin, end);
  }

  #append(descriptor: number, bytes: Uint8Array, begin: number, end: number): number {
    const count = this.#do("write", () => writeSync(descriptor, bytes, begin, end - begin));
    this.#end += count;
    return count;
  }

  #refuseDirect(): void {
    const direct = this.#direct;
    this.#direct = REFUSED;
    if (direct >= 0) this.#do("close", () => closeSync(direct));
  }

  #do<T>(verb: string, call: () => T): T {
    return attempt(`cannot ${verb} ${this.#path}`, call);
  }
}

/** A descriptor that the page cache is not asked of; REFUSED where there is none to be had. */
function openDirect(path: string): number {
  try {
    return openSync(path, DIRECT);
  } catch {
    // Whatever it is that ails the file, the other descriptor will say so if it matters.
    return REFUSED;
  }
}

/** Has whatever the system refuses end as a DiskError. */
export function attempt<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof DiskError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new DiskError(what, code);
  }
}
