// Keyspace over plain Maps: what handlers are tested with, and what StoreKeyspace is compared with.
// A key keeps its number in the order of arrival until it is removed; cursors are such numbers.

import {
  DATABASE_COUNT,
  KEEP_DEADLINE,
  NO_DEADLINE,
  type Keyspace,
  type NewValue,
  type Parcel,
  type StoredValue,
  type Watcher,
} from "../../src/redis/keyspace.ts";
import { Random } from "./random.ts";

/** As much as an entry without its key and value takes, about. */
const ENTRY_OVERHEAD = 20;

interface ModelEntry {
  readonly number: number;
  value: Buffer;
  deadlineMs: bigint;
}

/** A value that did not fit a window, as handlers see it. */
export class ModelParcel implements Parcel {
  readonly contents: Buffer;

  constructor(contents: Uint8Array | string) {
    this.contents = Buffer.from(contents as string);
  }

  get length(): number {
    return this.contents.length;
  }

  bytes(): Buffer {
    return Buffer.from(this.contents);
  }
}

class ModelValue implements StoredValue {
  readonly reference = 0;
  readonly deadlineMs: bigint;
  readonly #value: Buffer;

  constructor(entry: ModelEntry) {
    this.deadlineMs = entry.deadlineMs;
    this.#value = entry.value;
  }

  get length(): number {
    return this.#value.length;
  }

  bytes(begin = 0, end = this.#value.length): Buffer {
    return Buffer.from(this.#value.subarray(begin, end));
  }
}

export class ModelKeyspace implements Keyspace {
  nowMs: number;
  /** Writes are refused as if memory were full. */
  isFull = false;
  readonly #databases = Array.from({ length: DATABASE_COUNT }, () => new Map<string, ModelEntry>());
  readonly #watchers = Array.from(
    { length: DATABASE_COUNT },
    () => new Map<string, Set<Watcher>>(),
  );
  readonly #random = new Random(1);
  #lastNumber = 0;

  constructor(nowMs = 1_700_000_000_000) {
    this.nowMs = nowMs;
  }

  find(database: number, key: Uint8Array): StoredValue | null {
    const entry = this.#meet(database, nameOf(key));
    return entry === undefined ? null : new ModelValue(entry);
  }

  set(database: number, key: Uint8Array, value: NewValue, deadlineMs: bigint): boolean {
    if (this.isFull) return false;
    const name = nameOf(key);
    const old = this.#meet(database, name);
    this.#databases[database]!.set(name, {
      number: old?.number ?? ++this.#lastNumber,
      value: contentsOf(value),
      deadlineMs: deadlineMs === KEEP_DEADLINE ? (old?.deadlineMs ?? NO_DEADLINE) : deadlineMs,
    });
    this.#touch(database, name);
    return true;
  }

  overwrite(database: number, key: Uint8Array, position: number, bytes: Uint8Array): boolean {
    const entry = this.#meet(database, nameOf(key));
    if (entry === undefined) throw new Error("a key that is written over is there");
    const value = Buffer.alloc(Math.max(entry.value.length, position + bytes.length));
    value.set(entry.value);
    value.set(bytes, position);
    return this.set(database, key, value, KEEP_DEADLINE);
  }

  hasRoomFor(_count: number, _bytes: number): boolean {
    return !this.isFull;
  }

  setDeadline(database: number, key: Uint8Array, deadlineMs: bigint): boolean {
    if (this.isFull && deadlineMs !== NO_DEADLINE) return false;
    const entry = this.#meet(database, nameOf(key));
    if (entry === undefined) throw new Error("a key that gets a deadline is there");
    if (entry.deadlineMs === deadlineMs && deadlineMs === NO_DEADLINE) return true;
    entry.deadlineMs = deadlineMs;
    this.#touch(database, nameOf(key));
    return true;
  }

  delete(database: number, key: Uint8Array): boolean {
    const name = nameOf(key);
    if (this.#meet(database, name) === undefined) return false;
    this.#databases[database]!.delete(name);
    this.#touch(database, name);
    return true;
  }

  copy(from: number, key: Uint8Array, to: number, newKey: Uint8Array): boolean {
    const entry = this.#meet(from, nameOf(key));
    if (entry === undefined) throw new Error("a key that is copied is there");
    return this.set(to, newKey, entry.value, entry.deadlineMs);
  }

  move(from: number, key: Uint8Array, to: number, newKey: Uint8Array): boolean {
    return this.copy(from, key, to, newKey) && this.delete(from, key);
  }

  count(database: number): number {
    return this.#databases[database]!.size;
  }

  deadlineCount(database: number): number {
    const entries = [...this.#databases[database]!.values()];
    return entries.filter((entry) => entry.deadlineMs !== NO_DEADLINE).length;
  }

  scan(database: number, cursor: number, count: number, visit: (key: Buffer) => void): number {
    const entries = [...this.#databases[database]!].sort((a, b) => a[1].number - b[1].number);
    let visitedCount = 0;
    for (const [name, entry] of entries) {
      if (entry.number < cursor) continue;
      if (visitedCount === count) return entry.number;
      visitedCount++;
      if (!this.#hasExpired(entry)) visit(Buffer.from(name, "latin1"));
    }
    return 0;
  }

  randomKey(database: number): Buffer | null {
    const entries = [...this.#databases[database]!];
    const live = entries.filter(([, entry]) => !this.#hasExpired(entry));
    return live.length === 0 ? null : Buffer.from(this.#random.pick(live)[0], "latin1");
  }

  flush(database?: number): void {
    const all = this.#databases.keys();
    for (const which of database === undefined ? all : [database]) {
      for (const name of [...this.#databases[which]!.keys()]) {
        this.#databases[which]!.delete(name);
        this.#touch(which, name);
      }
    }
  }

  memoryBytes(database: number, key: Uint8Array): number {
    const entry = this.#meet(database, nameOf(key));
    return entry === undefined ? 0 : ENTRY_OVERHEAD + key.length + entry.value.length;
  }

  watch(database: number, key: Uint8Array, watcher: Watcher): boolean {
    const name = nameOf(key);
    this.#meet(database, name);
    const watchers = this.#watchers[database]!;
    watchers.set(name, (watchers.get(name) ?? new Set()).add(watcher));
    return true;
  }

  meetWatched(watcher: Watcher): void {
    for (const [database, watchers] of this.#watchers.entries()) {
      for (const [name, of] of watchers) if (of.has(watcher)) this.#meet(database, name);
    }
  }

  unwatch(watcher: Watcher): void {
    for (const watchers of this.#watchers) {
      for (const [name, of] of [...watchers]) {
        of.delete(watcher);
        if (of.size === 0) watchers.delete(name);
      }
    }
  }

  /** The entry of a live key; one that has expired is removed. */
  #meet(database: number, name: string): ModelEntry | undefined {
    const entry = this.#databases[database]!.get(name);
    if (entry === undefined || !this.#hasExpired(entry)) return entry;
    this.#databases[database]!.delete(name);
    this.#touch(database, name);
    return undefined;
  }

  #hasExpired(entry: ModelEntry): boolean {
    return entry.deadlineMs !== NO_DEADLINE && entry.deadlineMs <= BigInt(this.nowMs);
  }

  #touch(database: number, name: string): void {
    for (const watcher of this.#watchers[database]!.get(name) ?? []) watcher.isDirty = true;
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}

function contentsOf(value: NewValue): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : value.bytes();
}
