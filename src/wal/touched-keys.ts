// What a transaction group has done to the store so far: the keys that it wrote or removed, each
// once, in the order of the last write, and the databases that it flushed before.

import type { Store } from "../store/store.ts";

export interface TouchedKey {
  readonly database: number;
  readonly key: Buffer;
  readonly hash: number;
}

export class TouchedKeys {
  readonly #store: Store;
  /**
   * By database and key. Not cleared but begun anew: what a Map held before a `clear` refers to
   * what it holds after, so that one that is not collected keeps all.
   */
  #keys = new Map<string, TouchedKey>();
  #flushes: (number | null)[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  add(database: number, bytes: Buffer, offset: number, length: number, hash: number): void {
    const key = Buffer.from(bytes.subarray(offset, offset + length));
    const name = String.fromCharCode(database) + key.toString("latin1");
    this.#keys.delete(name);
    this.#keys.set(name, { database, key, hash });
  }

  /** A database was flushed, null = all: nothing that was done to its keys before counts. */
  flush(database: number | null): void {
    if (database === null) this.#flushes = [];
    this.#flushes.push(database);
    for (const [name, key] of this.#keys) {
      if (database === null || key.database === database) this.#keys.delete(name);
    }
  }

  /** All of it; what comes next is another group's. */
  take(): { readonly flushes: readonly (number | null)[]; readonly keys: readonly TouchedKey[] } {
    const taken = { flushes: this.#flushes, keys: [...this.#keys.values()] };
    this.#keys = new Map();
    this.#flushes = [];
    return taken;
  }

  /** A key's entry now, 0 = there is none. Not `Store.find`, which would remove an expired one. */
  entryOf({ database, key, hash }: TouchedKey): number {
    const store = this.#store;
    const current = store.database;
    store.database = database;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const reference = store.segments.find(view, 0, key.length, hash);
    store.database = current;
    return reference;
  }
}
