// A disk in memory that forgets, as a real one may: what a crash leaves is exactly what the
// promises of DiskFile.sync and Disk.syncDirectory forbid it to take, and of the rest whatever is
// worst.
//
//   file       what is durable (as of the last sync), and the writes and truncations since
//   directory  the names that are durable, and the creations, renames and removals since
//
// At a crash files lose what simulated-file.ts says. Of the directory's changes a beginning has
// happened. A file without a durable name is gone, synced or not.
//
// A sync that fails tells nothing about what became of the writes before it, and no later sync
// makes them durable either: they stay what a crash may take (as Linux has it). That finds whoever
// tries again.

import { DiskError, type Disk, type DiskFile } from "../../src/wal/disk.ts";
import type { Random } from "./random.ts";
import { StoredFile, pickExtreme } from "./simulated-file.ts";

const TRACE_LINES_MAX = 400;

/** The machine lost its power during an operation. It is no DiskError: nobody lives to see it. */
export class PowerLoss extends Error {
  override readonly name = "PowerLoss";
}

export type DiskOperation =
  | "create"
  | "open"
  | "read"
  | "write"
  | "truncate"
  | "sync"
  | "rename"
  | "remove"
  | "sync-directory"
  | "list"
  | "lock";

type NameChange =
  | { readonly kind: "put"; readonly name: string; readonly file: StoredFile }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly name: string };

interface Fault {
  readonly operation: DiskOperation;
  readonly nth: number;
  readonly code: string;
  readonly count: number;
}

export class SimulatedDisk implements Disk {
  /** Operations so far, reads included. */
  operationCount = 0;
  readonly counts: Record<DiskOperation, number> = {
    create: 0,
    open: 0,
    read: 0,
    write: 0,
    truncate: 0,
    sync: 0,
    rename: 0,
    remove: 0,
    "sync-directory": 0,
    list: 0,
    lock: 0,
  };
  /** Bytes that all files may have together; a write takes what fits, the next fails: ENOSPC. */
  capacity = Infinity;
  /** Writes take only a part, by chance. */
  hasShortWrites = false;
  /** `sync` says that it is done, and is not: whoever relies on it must be found out. */
  hasLyingSyncs = false;
  /** The same of `syncDirectory`. */
  hasLyingDirectorySyncs = false;
  /** The power goes during the operation with this number (see `operationCount`). */
  powerLossAt = Infinity;
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #faults: Fault[] = [];
  readonly #files: Map<string, StoredFile>;
  readonly #durableFiles: Map<string, StoredFile>;
  #nameChanges: NameChange[] = [];
  #isLocked = false;
  #isDead = false;

  /** `files` are durable from the beginning. */
  constructor(random: Random, files: Readonly<Record<string, Uint8Array>> = {}) {
    this.#random = random;
    const stored = Object.entries(files).map(
      ([name, bytes]) => [name, new StoredFile(bytes)] as const,
    );
    this.#files = new Map(stored);
    this.#durableFiles = new Map(stored);
  }

  /** The `nth` operation of that kind from now on fails, and the `count` − 1 after it. */
  failAt(operation: DiskOperation, nth: number, code: string, count = 1): void {
    this.#faults.push({ operation, nth: this.counts[operation] + nth, code, count });
  }

  /** Nothing fails any more that `failAt` has planted. */
  repair(): void {
    this.#faults.length = 0;
  }

  /** Of all files. */
  usedBytes(): number {
    let used = 0;
    for (const { content } of this.#files.values()) used += content.length;
    return used;
  }

  /** The machine dies now, and this disk with it; the disk as a restarted machine sees it. */
  crash(random: Random = this.#random): SimulatedDisk {
    this.#isDead = true;
    const names = new Map(this.#durableFiles);
    const happened = pickExtreme(random, this.#nameChanges.length);
    for (const change of this.#nameChanges.slice(0, happened)) applyName(names, change);
    const files: Record<string, Uint8Array> = {};
    // The same file may have two names after half a rename, and is one file.
    const contents = new Map<StoredFile, Uint8Array>();
    for (const [name, file] of names) {
      if (!contents.has(file)) contents.set(file, file.survive(random));
      files[name] = contents.get(file)!;
    }
    return new SimulatedDisk(random, files);
  }

  /** The process dies and the machine does not: everything written is there, locks are not. */
  kill(): SimulatedDisk {
    this.#isDead = true;
    return new SimulatedDisk(this.#random, this.snapshot());
  }

  /** Everything as a process sees it now. */
  snapshot(): Record<string, Uint8Array> {
    const copies = [...this.#files].map(([name, { content }]) => [name, content.bytes.slice()]);
    return Object.fromEntries(copies) as Record<string, Uint8Array>;
  }

  /** Changes a file behind everybody's back, durably: what rots. */
  damage(name: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = new StoredFile(change(this.#find(name, "damage").content.bytes.slice()));
    this.#files.set(name, file);
    this.#durableFiles.set(name, file);
  }

  /** The last operations, for the message of a failing test. */
  describe(): string {
    return this.trace.slice(-TRACE_LINES_MAX).join("\n");
  }

  list(): string[] {
    this.#begin("list", "");
    return [...this.#files.keys()];
  }

  create(name: string): DiskFile {
    const changesNow = (): StoredFile => {
      const file = new StoredFile();
      this.#changeName({ kind: "put", name, file });
      return file;
    };
    this.#begin("create", name, changesNow);
    if (this.#files.has(name)) throw this.#fail(`cannot create ${name}`, "EEXIST");
    this.#checkSpace(`cannot create ${name}`);
    return this.#handle(name, changesNow());
  }

  open(name: string): DiskFile {
    this.#begin("open", name);
    return this.#handle(name, this.#find(name, "open"));
  }

  rename(from: string, to: string): void {
    const change = { kind: "rename", from, to } as const;
    this.#begin("rename", `${from} to ${to}`, () => this.#changeName(change));
    this.#find(from, "rename");
    this.#changeName(change);
  }

  remove(name: string): void {
    const change = { kind: "remove", name } as const;
    this.#begin("remove", name, () => this.#changeName(change));
    this.#find(name, "remove");
    this.#changeName(change);
  }

  syncDirectory(): void {
    this.#begin("sync-directory", "");
    if (this.hasLyingDirectorySyncs) return;
    for (const change of this.#nameChanges) applyName(this.#durableFiles, change);
    this.#nameChanges = [];
  }

  lock(): void {
    this.#begin("lock", "");
    if (this.#isLocked) throw this.#fail("cannot lock", "EWOULDBLOCK");
    this.#isLocked = true;
  }

  unlock(): void {
    this.#isLocked = false;
  }

  #handle(name: string, file: StoredFile): DiskFile {
    let isOpen = true;
    const begin = (operation: DiskOperation, what: string, half?: () => void): void => {
      if (!isOpen) throw new Error(`${name} is used after it was closed`);
      this.#begin(operation, `${name} ${what}`, half);
    };
    return {
      write: (bytes, from, end) => {
        const offset = file.content.length;
        const write = (length: number): number => {
          // A copy, which the slice of a Buffer is not.
          const taken = new Uint8Array(bytes.subarray(from, from + length));
          if (length > 0) file.change({ kind: "write", offset, bytes: taken });
          return length;
        };
        const half = () => void write(end - from);
        begin("write", `${end - from} at ${offset}`, half);
        if (end === from) return 0;
        const space = this.#checkSpace(`cannot write ${name}`);
        const wanted = this.hasShortWrites ? this.#random.between(1, end - from + 1) : end - from;
        return write(Math.min(wanted, space));
      },
      read: (offset, bytes, from, end) => {
        begin("read", `${end - from} at ${offset}`);
        const part = file.content.bytes.subarray(offset, offset + end - from);
        bytes.set(part, from);
        return part.length;
      },
      size: () => file.content.length,
      truncate: (size) => {
        begin("truncate", `to ${size}`, () => file.change({ kind: "truncate", size }));
        file.change({ kind: "truncate", size });
      },
      sync: () => {
        try {
          begin("sync", "");
        } catch (error) {
          if (error instanceof DiskError) file.isInDoubt = true;
          throw error;
        }
        if (!this.hasLyingSyncs) file.sync();
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  /** Counts an operation, and has it fail or lose the power: `half` may have happened then. */
  #begin(operation: DiskOperation, what: string, half?: () => void): void {
    if (this.#isDead) throw new Error("a disk is used after its machine died");
    const count = ++this.counts[operation];
    const line = `${++this.operationCount} ${operation} ${what}`;
    this.trace.push(line);
    if (this.operationCount >= this.powerLossAt) {
      if (this.#random.oneIn(2)) half?.();
      throw new PowerLoss(`the power went during operation ${line}`);
    }
    const fault = this.#faults.find(
      (one) => one.operation === operation && count >= one.nth && count < one.nth + one.count,
    );
    if (fault === undefined) return;
    throw this.#fail(`cannot ${line}`, fault.code);
  }

  #fail(what: string, code: string): DiskError {
    this.trace.push(`  failed: ${code}`);
    return new DiskError(what, code);
  }

  /** Bytes that are free, at least one. */
  #checkSpace(what: string): number {
    const used = this.usedBytes();
    if (used >= this.capacity) throw this.#fail(what, "ENOSPC");
    return this.capacity - used;
  }

  #find(name: string, what: string): StoredFile {
    const file = this.#files.get(name);
    if (file === undefined) throw this.#fail(`cannot ${what} ${name}`, "ENOENT");
    return file;
  }

  #changeName(change: NameChange): void {
    applyName(this.#files, change);
    this.#nameChanges.push(change);
  }
}

function applyName(names: Map<string, StoredFile>, change: NameChange): void {
  if (change.kind === "put") names.set(change.name, change.file);
  else if (change.kind === "remove") names.delete(change.name);
  else {
    const file = names.get(change.from);
    if (file === undefined) return;
    names.delete(change.from);
    names.set(change.to, file);
  }
}
