// Makes the keyspace of handlers (keyspace.ts) from the store. A key is copied to the scratch
// behind the receive windows, where the store takes keys from; a value goes to the store from where
// it lies.
//
// The store's current database is 0 whenever no method of this runs: v1 and the short ways know of
// no other.

import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { PAGE_SIZE } from "../store/arena.ts";
import { DATABASE_SHIFT, KEY_LENGTH_MAX } from "../store/entry.ts";
import { CURSOR_END } from "../store/key-scan.ts";
import { VALUE_LENGTH_MAX } from "../store/pieces.ts";
import type { Store } from "../store/store.ts";
import {
  KEEP_DEADLINE,
  NO_DEADLINE,
  type Keyspace,
  type NewValue,
  type StoredValue,
  type Watcher,
} from "./keyspace.ts";
import { StoreParcel } from "./parcel.ts";

/** What a pair of hash and deadline takes in the expiry index. */
const EXPIRY_PAIR_SIZE = 16;
/** A value in the store; looks for its entry again when the compactor has moved any. */
class EntryValue implements StoredValue {
  readonly length: number;
  readonly deadlineMs: bigint;
  readonly #store: Store;
  readonly #find: () => number;
  #reference: number;
  #movedCount: number;

  constructor(store: Store, reference: number, find: () => number) {
    this.length = store.valueLength(reference);
    this.deadlineMs = deadlineOf(store, reference);
    this.#store = store;
    this.#find = find;
    this.#reference = reference;
    this.#movedCount = store.compactor.movedCount;
  }

  get reference(): number {
    const { movedCount } = this.#store.compactor;
    if (movedCount !== this.#movedCount) {
      this.#reference = this.#find();
      this.#movedCount = movedCount;
    }
    return this.#reference;
  }

  bytes(begin = 0, end = this.length): Buffer {
    return this.#store.values.bytes(this.reference, begin, end);
  }
}

export class StoreKeyspace implements Keyspace {
  readonly #store: Store;
  readonly #windows: ReceiveWindows;
  readonly #random: () => number;
  // The key that the store is asked about: it lies in the scratch.
  readonly #keyOffset: number;
  #keyLength = 0;
  #hash = 0;

  /** `random` answers as Math.random does. */
  constructor(store: Store, windows: ReceiveWindows, random: () => number = Math.random) {
    this.#store = store;
    this.#windows = windows;
    this.#random = random;
    this.#keyOffset = windows.keyScratchOffset;
  }

  get nowMs(): number {
    return this.#store.nowMs;
  }

  find(database: number, key: Uint8Array): StoredValue | null {
    const find = (): number => this.#within(database, () => this.#findEntry(key));
    const reference = find();
    return reference === 0 ? null : new EntryValue(this.#store, reference, find);
  }

  set(database: number, key: Uint8Array, value: NewValue, deadlineMs: bigint): boolean {
    if (key.length > KEY_LENGTH_MAX || value.length > VALUE_LENGTH_MAX) return false;
    return this.#within(database, () => {
      // Meets an expired key, so that its end is noticed and its deadline is not kept.
      const old = this.#findEntry(key);
      const isKept = deadlineMs === KEEP_DEADLINE;
      const kept = isKept && old !== 0 ? deadlineOf(this.#store, old) : NO_DEADLINE;
      return this.#write(value, isKept ? kept : deadlineMs);
    });
  }

  hasRoomFor(count: number, bytes: number): boolean {
    return this.#store.hasRoomFor(count, bytes);
  }

  overwrite(database: number, key: Uint8Array, position: number, bytes: Uint8Array): boolean {
    const store = this.#store;
    const reference = this.#within(database, () => this.#findEntry(key));
    if (reference === 0) return false;
    if (store.values.canOverwrite(reference, position)) {
      return store.overwrite(reference, position, bytes);
    }
    const length = store.valueLength(reference);
    const value = Buffer.alloc(Math.max(length, position + bytes.length));
    value.set(store.values.bytes(reference, 0, length));
    value.set(bytes, position);
    return this.set(database, key, value, KEEP_DEADLINE);
  }

  setDeadline(database: number, key: Uint8Array, deadlineMs: bigint): boolean {
    return this.#within(database, () => {
      const reference = this.#findEntry(key);
      if (reference === 0) return false;
      const deadline = [lowWord(deadlineMs), highWord(deadlineMs)] as const;
      return this.#store.setDeadline(reference, ...this.#key(), ...deadline);
    });
  }

  delete(database: number, key: Uint8Array): boolean {
    return this.#within(database, () => this.#load(key) && this.#store.remove(...this.#key()));
  }

  copy(from: number, key: Uint8Array, to: number, newKey: Uint8Array): boolean {
    const store = this.#store;
    if (newKey.length > KEY_LENGTH_MAX) return false;
    const reference = this.#within(from, () => this.#findEntry(key));
    if (reference === 0) return false;
    const deadlineMs = deadlineOf(store, reference);
    if (!store.values.isInPieces(reference)) {
      const value = store.values.bytes(reference, 0, store.valueLength(reference));
      return this.set(to, newKey, value, deadlineMs);
    }
    // Taking pages may move what is not pinned.
    store.pins.pin(reference);
    const chain = store.pieces.copy(store.values.chain(reference));
    store.unpin(reference);
    if (chain === null) return false;
    const hasRoom = this.#within(to, () => {
      this.#findEntry(newKey);
      const deadline = [lowWord(deadlineMs), highWord(deadlineMs)] as const;
      return store.setChain(...this.#key(), chain, ...deadline) !== 0;
    });
    if (!hasRoom) store.pieces.give(chain);
    return hasRoom;
  }

  move(from: number, key: Uint8Array, to: number, newKey: Uint8Array): boolean {
    const store = this.#store;
    if (newKey.length > KEY_LENGTH_MAX) return false;
    const reference = this.#within(from, () => this.#findEntry(key));
    if (reference === 0) return false;
    // What is being sent stays where it is until it has been.
    if (!store.values.isInPieces(reference) || store.pins.has(reference)) {
      return this.copy(from, key, to, newKey) && this.delete(from, key);
    }
    const deadlineMs = deadlineOf(store, reference);
    const chain = store.values.chain(reference);
    const hasRoom = this.#within(to, () => {
      this.#findEntry(newKey);
      const deadline = [lowWord(deadlineMs), highWord(deadlineMs)] as const;
      return store.setChain(...this.#key(), chain, ...deadline) !== 0;
    });
    if (!hasRoom) return false;
    this.#within(from, () => {
      // The pieces have another owner now.
      store.values.forgetChain(this.#findEntry(key));
      store.remove(...this.#key());
    });
    return true;
  }

  count(database: number): number {
    return this.#store.keyCountIn(database);
  }

  deadlineCount(database: number): number {
    return this.#store.deadlineCountIn(database);
  }

  scan(database: number, cursor: number, count: number, visit: (key: Buffer) => void): number {
    const store = this.#store;
    if (this.count(database) === 0) return 0;
    const bits = database << DATABASE_SHIFT;
    return store.segments.scan.run(bits, cursor % CURSOR_END, count, (reference) => {
      if (!store.hasExpired(reference)) visit(this.#keyOf(reference));
    });
  }

  randomKey(database: number): Buffer | null {
    const store = this.#store;
    if (this.count(database) === 0) return null;
    const isLive = (reference: number): boolean => !store.hasExpired(reference);
    const bits = database << DATABASE_SHIFT;
    const reference = store.segments.scan.findRandom(bits, this.#random, isLive);
    return reference === 0 ? null : this.#keyOf(reference);
  }

  flush(database?: number): void {
    this.#store.flush(database ?? null);
  }

  /**
   * Its block and the pages of a long value; of the tables, which all keys share, an equal part;
   * and what reminds of its deadline.
   */
  memoryBytes(database: number, key: Uint8Array): number {
    const store = this.#store;
    const reference = this.#within(database, () => this.#findEntry(key));
    if (reference === 0) return 0;
    const isLong = store.values.isInPieces(reference);
    const pieceCount = isLong ? Math.ceil(store.valueLength(reference) / PAGE_SIZE) : 0;
    const slots = Math.ceil(store.memoryBytes().slots / store.keyCount);
    const pair = store.deadlineMs(reference) === 0 ? 0 : EXPIRY_PAIR_SIZE;
    return store.blockSize(reference) + pieceCount * PAGE_SIZE + slots + pair;
  }

  watch(database: number, key: Uint8Array, watcher: Watcher): boolean {
    return this.#within(database, () => {
      // An expired key is met first: its end is no news to who begins to watch now.
      const reference = this.#findEntry(key);
      if (key.length > KEY_LENGTH_MAX) return true;
      return this.#store.watches.add(reference, this.#keyOffset, this.#keyLength, watcher);
    });
  }

  meetWatched(watcher: Watcher): void {
    for (const { database, key } of this.#store.watches.keysOf(watcher)) {
      this.#within(database, () => this.#findEntry(key));
    }
    this.#store.watches.catchUp(watcher);
  }

  unwatch(watcher: Watcher): void {
    const { locks, watches } = this.#store;
    locks?.enter();
    watches.remove(watcher);
    locks?.leave();
  }

  /** Does something in a database. */
  #within<T>(database: number, work: () => T): T {
    this.#store.database = database;
    try {
      return work();
    } finally {
      this.#store.database = 0;
    }
  }

  /** Makes a key the one that the store is asked about; false when it is too long to be there. */
  #load(key: Uint8Array): boolean {
    if (key.length > KEY_LENGTH_MAX) return false;
    this.#windows.area.bytes.set(key, this.#keyOffset);
    this.#keyLength = key.length;
    this.#hash = this.#store.hashOf(this.#keyOffset, key.length);
    return true;
  }

  #findEntry(key: Uint8Array): number {
    return this.#load(key) ? this.#store.find(...this.#key()) : 0;
  }

  /** The arguments that every method of the store begins with. */
  #key(): readonly [number, number, number] {
    return [this.#keyOffset, this.#keyLength, this.#hash];
  }

  #write(value: NewValue, deadlineMs: bigint): boolean {
    const deadline = [lowWord(deadlineMs), highWord(deadlineMs)] as const;
    if (value instanceof StoreParcel) return value.link(...this.#key(), ...deadline) !== 0;
    const bytes = value instanceof Uint8Array ? value : value.bytes();
    return this.#store.setBytes(...this.#key(), bytes, ...deadline) !== 0;
  }

  #keyOf(reference: number): Buffer {
    const store = this.#store;
    const offset = store.keyOffset(reference);
    const key = store.area(reference).bytes.subarray(offset, offset + store.keyLength(reference));
    return Buffer.from(key);
  }
}

function deadlineOf(store: Store, reference: number): bigint {
  if (store.deadlineMs(reference) === 0) return NO_DEADLINE;
  const low = BigInt(store.deadlineWord(reference, 0) >>> 0);
  return (BigInt(store.deadlineWord(reference, 1) >>> 0) << 32n) | low;
}

function lowWord(deadlineMs: bigint): number {
  return Number(BigInt.asIntN(32, deadlineMs));
}

function highWord(deadlineMs: bigint): number {
  return Number(BigInt.asIntN(32, deadlineMs >> 32n));
}
