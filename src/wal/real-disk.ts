// A directory of the system's, through node:fs. Every call waits until it is done.
//
// Files are the user's alone: they hold what clients store. Descriptors are not inherited (the
// runtime opens with O_CLOEXEC), so no child keeps the lock.

import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { assert } from "../lib/assert.ts";
import { EAGAIN, EINTR, LOCK_EX, LOCK_NB, loadLibc } from "../lib/libc.ts";
import { DiskError, type Disk, type DiskFile } from "./disk.ts";
import { LOCK_NAME } from "./file-names.ts";
import { RealFile, attempt } from "./real-file.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const APPENDING = constants.O_RDWR | constants.O_APPEND;

/** Makes the directory if it is not there; `path` is one that files can be made in. */
export function makeDirectory(path: string): void {
  const status = attempt(`cannot use ${path}`, () => statSync(path, { throwIfNoEntry: false }));
  if (status?.isDirectory() === false) throw new DiskError(`cannot use ${path}`, "ENOTDIR");
  attempt(`cannot make the directory ${path}`, () => {
    const first = mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
    if (first === undefined) return;
    // The name of every directory that was made has to be durable, too.
    const end = dirname(resolve(first));
    for (let at = resolve(path); at !== end; at = dirname(at)) syncDirectoryAt(dirname(at));
  });
}

export class RealDisk implements Disk {
  readonly #path: string;
  /** Of the lock's file, -1 = not locked by this object. */
  #lock = -1;

  /** `path` is a directory that is there (`makeDirectory`). */
  constructor(path: string) {
    this.#path = path;
  }

  list(): string[] {
    return this.#do("list", ".", (path) => {
      const entries = readdirSync(path, { withFileTypes: true });
      return entries
        .filter(
          (entry) => entry.isFile() || !(entry.isDirectory() || isDirectory(path, entry.name)),
        )
        .map(({ name }) => name);
    });
  }

  create(name: string): DiskFile {
    const flags = APPENDING | constants.O_CREAT | constants.O_EXCL;
    return this.#open("create", name, flags, true);
  }

  open(name: string): DiskFile {
    return this.#open("open", name, APPENDING, false);
  }

  rename(from: string, to: string): void {
    this.#do("rename", from, (path) => renameSync(path, join(this.#path, to)));
  }

  remove(name: string): void {
    this.#do("remove", name, unlinkSync);
  }

  syncDirectory(): void {
    this.#do("sync", ".", syncDirectoryAt);
  }

  lock(): void {
    assert(this.#lock < 0, "a directory is locked once");
    const flags = constants.O_RDWR | constants.O_CREAT;
    const descriptor = this.#do("open", LOCK_NAME, (path) => openSync(path, flags, FILE_MODE));
    const error = tryLock(descriptor);
    if (error === "") {
      this.#lock = descriptor;
      return;
    }
    closeSync(descriptor);
    throw new DiskError(`cannot lock ${join(this.#path, LOCK_NAME)}`, error);
  }

  unlock(): void {
    if (this.#lock < 0) return;
    closeSync(this.#lock);
    this.#lock = -1;
  }

  #open(verb: string, name: string, flags: number, isNew: boolean): DiskFile {
    return this.#do(verb, name, (path) => {
      return new RealFile(path, openSync(path, flags, FILE_MODE), isNew);
    });
  }

  #do<T>(verb: string, name: string, call: (path: string) => T): T {
    const path = name === "." ? this.#path : join(this.#path, name);
    return attempt(`cannot ${verb} ${path}`, () => call(path));
  }
}

/** Of a link, or of what the file system does not say the kind of: what it leads to counts. */
function isDirectory(path: string, name: string): boolean {
  return statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** "" = locked; else the error's name. */
function tryLock(descriptor: number): string {
  const libc = loadLibc();
  if (libc === null) return "ENOSYS";
  let result = -EINTR;
  while (result === -EINTR) result = libc.flock(descriptor, LOCK_EX | LOCK_NB);
  if (result === 0) return "";
  return result === -EAGAIN ? "EWOULDBLOCK" : `errno ${-result}`;
}

function syncDirectoryAt(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
