// Who wants to know when a key changes: the side table of WATCH. A watched key's entry, if there is
// one, has a bit in its header, which keeps the short way of a write off it; the ordinary way asks
// here, and only when somebody watches anything.
//
// Dirty makes what Redis calls so: a write, a deadline given or taken, a removal by anybody, a
// deadline that has passed. Not dirty makes removing what is not there.

import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, byteOffsetOf, wordIndexOf, type Arena } from "./arena.ts";
import { FLAG_WATCHED, KEY_LENGTH_MASK, keyOffsetIn } from "./entry.ts";
import { databaseOf } from "./database.ts";
import type { Segments } from "./segments.ts";

/** Becomes dirty when a key that it watches changes. */
export interface Watcher {
  isDirty: boolean;
}

export interface WatchedKey {
  readonly database: number;
  readonly key: Buffer;
  readonly watchers: Set<Watcher>;
}

export class Watches {
  readonly #arena: Arena;
  readonly #segments: Segments;
  readonly #source: ByteArea;
  /** By name: the character of the database, then the key's bytes as characters. */
  readonly #keys = new Map<string, WatchedKey>();
  readonly #namesByWatcher = new Map<Watcher, Set<string>>();

  /** Keys of the current database come as offsets into `source`. */
  constructor(arena: Arena, segments: Segments, source: ByteArea) {
    this.#arena = arena;
    this.#segments = segments;
    this.#source = source;
  }

  /** Keys that somebody watches. */
  get count(): number {
    return this.#keys.size;
  }

  /** Begins to watch a key; `reference` is its entry, 0 = there is none. */
  add(reference: number, keyOffset: number, keyLength: number, watcher: Watcher): void {
    const { database } = this.#segments;
    const key = Buffer.from(this.#source.bytes.subarray(keyOffset, keyOffset + keyLength));
    const name = nameOf(database, key, 0, keyLength);
    let watched = this.#keys.get(name);
    if (watched === undefined) {
      watched = { database, key, watchers: new Set() };
      this.#keys.set(name, watched);
    }
    watched.watchers.add(watcher);
    const names = this.#namesByWatcher.get(watcher) ?? new Set();
    this.#namesByWatcher.set(watcher, names.add(name));
    if (reference !== 0) this.#mark(reference);
  }

  /** Ends all watches of a watcher. */
  remove(watcher: Watcher): void {
    for (const name of this.#namesByWatcher.get(watcher) ?? []) {
      const watched = this.#keys.get(name)!;
      watched.watchers.delete(watcher);
      if (watched.watchers.size > 0) continue;
      this.#keys.delete(name);
      const reference = this.#find(watched);
      if (reference !== 0) this.#unmark(reference);
    }
    this.#namesByWatcher.delete(watcher);
  }

  /** What a watcher watches. */
  *keysOf(watcher: Watcher): Iterable<WatchedKey> {
    for (const name of this.#namesByWatcher.get(watcher) ?? []) yield this.#keys.get(name)!;
  }

  /** Notes that a key has been written; `reference` is its entry, perhaps a new one. */
  note(reference: number, keyOffset: number, keyLength: number): void {
    if (this.#keys.size === 0) return;
    const { database } = this.#segments;
    const name = nameOf(database, this.#source.bytes, keyOffset, keyLength);
    if (this.#tell(name)) this.#mark(reference);
  }

  /** Notes that the keys of a database, or of all, are about to be removed. */
  noteFlush(database: number | null): void {
    for (const watched of this.#keys.values()) {
      if (database !== null && watched.database !== database) continue;
      if (this.#find(watched) === 0) continue;
      for (const watcher of watched.watchers) watcher.isDirty = true;
    }
  }

  /** Notes that an entry is being changed where it lies, or removed. */
  noteEntry(reference: number): void {
    if (this.#keys.size === 0) return;
    const header = this.#arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    if ((header & FLAG_WATCHED) === 0) return;
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

  #mark(reference: number): void {
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
