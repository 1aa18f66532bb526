// What durability asks of a disk: one directory of files. Everything is synchronous: it is asked by
// WAL threads, and by recovery before anything is served. real-disk.ts is the system's; tests have
// one that forgets what was not synced, tears it, and fails when it is told to.

/** A long write is cheaper whose memory lies to this as its place in the file does. */
export const DISK_BLOCK_SIZE = 4096;

/** A call of the system that failed: `code` is its error's name (ENOSPC, EIO …). */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: string;

  constructor(what: string, code: string) {
    super(`${what}: ${code}`);
    this.code = code;
  }
}

export interface DiskFile {
  /** Appends bytes `begin` to `end`; how many were taken, which may be fewer. Throws DiskError. */
  write(bytes: Uint8Array, begin: number, end: number): number;
  /** Bytes read at `offset` into `bytes` from `begin` on; fewer than asked only at the end. */
  read(offset: number, bytes: Uint8Array, begin: number, end: number): number;
  size(): number;
  /** Cuts the file. */
  truncate(size: number): void;
  /** Until this returns, what was written may be lost or torn by a crash (fdatasync). */
  sync(): void;
  close(): void;
}

export interface Disk {
  /** Names of all files, in no order. */
  list(): string[];
  /** A new, empty file; its name is only durable after `syncDirectory`. */
  create(name: string): DiskFile;
  /** An existing file, to read, to truncate and to append to. */
  open(name: string): DiskFile;
  /** Replaces `to` if it is there. */
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Makes creations, renames and removals durable. */
  syncDirectory(): void;
  /** Keeps other processes off the directory until `unlock` or death; else EWOULDBLOCK. */
  lock(): void;
  unlock(): void;
}
