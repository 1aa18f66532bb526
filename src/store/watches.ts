// Who wants to know when a key changes: the side table of WATCH. A watched key's entry, if there is
// one, has a bit in its header, which keeps the short way of a write off it; the ordinary way asks
// here, and only when somebody watches anything.
//
// Dirty makes what Redis calls so: a write, a deadline given or taken, a removal by anybody, a
// deadline that has passed. Not dirty makes removing what is not there.
//
// Each thread knows the watchers of its own clients. What others write becomes known through
// memory that all share (shared-watches.ts) when somebody asks (`catchUp`). Whoever calls anything
// here has the structure then. The bit is set with the entry's segment locked, because the short
// ways look at it; they never write a header, so that clearing it takes the structure alone.

import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, byteOffsetOf, wordIndexOf, type Arena } from "./arena.ts";
import {
  DATABASE_MASK,
  DATABASE_SHIFT,
  FLAG_WATCHED,
  KEY_LENGTH_MASK,
  keyOffsetIn,
} from "./entry.ts";
import { databaseOf } from "./database.ts";
import type { Segments } from "./segments.ts";
import type { SharedMemory } from "./shared-table.ts";
import { SharedWatches } from "./shared-watches.ts";
import type { StoreLocks } from "./store-locks.ts";

/** Becomes dirty when a key that it watches changes. */
export interface Watcher {
  isDirty: boolean;
}

export interface WatchedKey {
  readonly database: number;
  readonly key: Buffer;
  /** 0 when there is one thread. */
  readonly hash: number;
  readonly watchers: Set<Watcher>;
}

export class Watches {
  readonly #arena: Arena;
  readonly #segments: Segments;
  readonly #source: ByteArea;
  /** By name: the character of the database, then the key's bytes as characters. */
  readonly #keys = new Map<string, WatchedKey>();
  /** Names of what each watches, with the versions from which on it does. */
  readonly #versionsByWatcher = new Map<Watcher, Map<string, number>>();
  readonly #locks: StoreLocks | null;
  /** Of all threads; null = there is one. */
  readonly #shared: SharedWatches | null;

  /** Keys of the current database come as offsets into `source`. */
  constructor(
    arena: Arena,
    segments: Segments,
    source: ByteArea,
    shared: SharedMemory | null = null,
  ) {
    this.#arena = arena;
    this.#segments = segments;
    this.#source = source;
    this.#locks = shared?.locks ?? null;
    this.#shared = shared === null ? null : new SharedWatches(shared);
  }

  /** Keys that somebody watches, a client of whatever thread. */
  get count(): number {
    return this.#shared?.count ?? this.#keys.size;
  }

  /**
   * Begins to watch a key; `reference` is its entry, 0 = there is none. False when threads share
   * the store and too many keys are watched.
   */
  add(reference: number, keyOffset: number, keyLength: number, watcher: Watcher): boolean {
    const shared = this.#shared;
    const { database } = this.#segments;
    const key = Buffer.from(this.#source.bytes.subarray(keyOffset, keyOffset + keyLength));
    const name = nameOf(database, key, 0, keyLength);
    let watched = this.#keys.get(name);
    if (watched === undefined) {
      const hash = shared === null ? 0 : this.#hashOf(keyOffset, keyLength);
      watched = { database, key, hash, watchers: new Set() };
      if (shared !== null && !shared.join(hash, identityOf(watched))) return false;
      this.#keys.set(name, watched);
    }
    const { hash } = watched;
    watched.watchers.add(watcher);
    const versions = this.#versionsByWatcher.get(watcher) ?? new Map<string, number>();
    this.#versionsByWatcher.set(watcher, versions);
    const version = shared === null ? 0 : shared.begin(hash, identityOf(watched), reference !== 0);
    if (!versions.has(name)) versions.set(name, version);
    if (reference !== 0) this.#mark(reference, hash);
    return true;
  }

  /** Ends all watches of a watcher. Needs no lock. */
  remove(watcher: Watcher): void {
    const versions = this.#versionsByWatcher.get(watcher);
    if (versions === undefined) return;
    this.#locks?.enter();
    for (const name of versions.keys()) {
      const watched = this.#keys.get(name)!;
      watched.watchers.delete(watcher);
      if (watched.watchers.size > 0) continue;
      this.#keys.delete(name);
      const isLast = this.#shared?.leave(watched.hash, identityOf(watched)) ?? true;
      if (!isLast) continue;
      const reference = this.#find(watched);
      if (reference !== 0) this.#unmark(reference);
    }
    this.#locks?.leave();
    this.#versionsByWatcher.delete(watcher);
  }

  /** What a watcher watches. */
  *keysOf(watcher: Watcher): Iterable<WatchedKey> {
    const versions = this.#versionsByWatcher.get(watcher);
    for (const name of versions?.keys() ?? []) yield this.#keys.get(name)!;
  }

  /** Makes a watcher dirty if another thread has written what it watches. */
  catchUp(watcher: Watcher): void {
    const shared = this.#shared;
    if (shared === null) return;
    for (const [name, version] of this.#versionsByWatcher.get(watcher) ?? []) {
      const watched = this.#keys.get(name)!;
      if (shared.version(watched.hash, identityOf(watched)) !== version) watcher.isDirty = true;
    }
  }

  /** Notes that a key has been written; `reference` is its entry, perhaps a new one. */
  note(reference: number, keyOffset: number, keyLength: number): void {
    const shared = this.#shared;
    if (shared !== null && shared.count > 0) {
      const hash = this.#hashOf(keyOffset, keyLength);
      const isWatched = shared.note(hash, this.#segments.databaseBits | keyLength, true);
      if (isWatched) this.#mark(reference, hash);
    }
    if (this.#keys.size === 0) return;
    const { database } = this.#segments;
    const name = nameOf(database, this.#source.bytes, keyOffset, keyLength);
    if (this.#tell(name) && shared === null) this.#mark(reference, 0);
  }

  /** Notes that the keys of a database, or of all, are about to be removed. */
  noteFlush(database: number | null): void {
    for (const watched of this.#keys.values()) {
      if (database !== null && watched.database !== database) continue;
      if (this.#find(watched) === 0) continue;
      for (const watcher of watched.watchers) watcher.isDirty = true;
    }
    this.#shared?.noteFlush(database);
  }

  /** Notes that an entry is being changed where it lies, or removed. */
  noteEntry(reference: number, isRemoved = false): void {
    if (this.#keys.size === 0 && this.#shared === null) return;
    const header = this.#arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    if ((header & FLAG_WATCHED) === 0) return;
    const identity = header & (KEY_LENGTH_MASK | DATABASE_MASK);
    this.#shared?.note(this.#segments.hashOfEntry(reference), identity, !isRemoved);
    if (this.#keys.size === 0) return;
    const { bytes } = this.#arena.areas[reference >>> BANK_SHIFT]!;
    const keyOffset = byteOffsetOf(reference) + keyOffsetIn(header);
    this.#tell(nameOf(databaseOf(header), bytes, keyOffset, header & KEY_LENGTH_MASK));
  }

  /** Whether the name is watched; its watchers are dirty then. */
  #tell(name: string): boolean {
    const watched = this.#keys.get(name);
    if (watched === undefined) return false;
    for (const watcher of watched.watchers) watcher.isDirty = true;
    return true;
  }

  #find({ database, key }: WatchedKey): number {
    const segments = this.#segments;
    const current = segments.database;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    segments.database = database;
    const hash = segments.hashOf(view, 0, key.length);
    const reference = segments.find(view, 0, key.length, hash);
    segments.database = current;
    return reference;
  }

  /** Of a key of the current database. */
  #hashOf(keyOffset: number, keyLength: number): number {
    return this.#segments.hashOf(this.#source.view, keyOffset, keyLength);
  }

  /** `hash` is only asked for when threads share the store. */
  #mark(reference: number, hash: number): void {
    this.#locks?.alsoKey(hash);
    this.#arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]! |= FLAG_WATCHED;
  }

  #unmark(reference: number): void {
    this.#arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]! &= ~FLAG_WATCHED;
  }
}

function nameOf(database: number, bytes: Buffer, keyOffset: number, keyLength: number): string {
  const key = bytes.toString("latin1", keyOffset, keyOffset + keyLength);
  return String.fromCharCode(database) + key;
}

/** What besides its hash names a key in memory that threads share: see entry.ts. */
function identityOf({ database, key }: WatchedKey): number {
  return (database << DATABASE_SHIFT) | key.length;
}
