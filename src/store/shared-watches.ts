// The keys that clients of any thread watch, in control memory: how a thread learns that another
// has written one (watches.ts). A slot of the table (shared-table.ts) is
//
//   | hash of the key | database and length, as in a header | shares | version, 1 = key is there |
//
// Each thread has a *share* in each key that it watches. Every change makes the version another,
// and who watches compares it with what it was at the start. Two keys that hash and length do not
// tell apart have one slot: a write to one is taken for a write to both.
//
// The lowest bit of the version is for flushes, which change only keys that are there. Invariant:
// it is set if the key of anybody whose version still holds is there.

import { WATCH_SLOTS_LOG2 } from "./control-memory.ts";
import { DATABASE_MASK, DATABASE_SHIFT } from "./entry.ts";
import {
  COUNT,
  SECOND_KEY,
  SharedTable,
  VALUE,
  usedCountMax,
  type SharedMemory,
} from "./shared-table.ts";

/** Keys that clients of all threads can watch at once. */
export const WATCHED_KEY_COUNT_MAX = usedCountMax(WATCH_SLOTS_LOG2);

const IS_THERE = 1;
const VERSION_STEP = 2;

export class SharedWatches {
  readonly #control: Int32Array;
  readonly #table: SharedTable;

  constructor(shared: SharedMemory) {
    this.#control = shared.control;
    this.#table = new SharedTable(shared, shared.layout.watches);
  }

  /** Keys that somebody watches. */
  get count(): number {
    return this.#table.count;
  }

  /** Takes a share in a key; false when there are too many keys already. */
  join(hash: number, identity: number): boolean {
    const at = this.#table.find(hash, identity);
    if (at < 0) return this.#table.add(hash, identity) >= 0;
    this.#control[at + COUNT]!++;
    return true;
  }

  /** Gives a share back. True when that was the last. */
  leave(hash: number, identity: number): boolean {
    const at = this.#table.find(hash, identity);
    const left = this.#control[at + COUNT]! - 1;
    if (left > 0) this.#control[at + COUNT] = left;
    else this.#table.remove(at);
    return left === 0;
  }

  /** The version of a key with a share, for somebody who begins to watch it. */
  begin(hash: number, identity: number, isThere: boolean): number {
    const control = this.#control;
    const at = this.#table.find(hash, identity);
    if (isThere) control[at + VALUE]! |= IS_THERE;
    else if (control[at + COUNT] === 1) control[at + VALUE]! &= ~IS_THERE;
    return control[at + VALUE]! & ~IS_THERE;
  }

  /** The version of a key with a share. */
  version(hash: number, identity: number): number {
    return this.#control[this.#table.find(hash, identity) + VALUE]! & ~IS_THERE;
  }

  /** Notes a change of a key, which is there afterwards or not; false when nobody watches it. */
  note(hash: number, identity: number, isThere: boolean): boolean {
    const at = this.#table.find(hash, identity);
    if (at >= 0) this.#change(at, isThere);
    return at >= 0;
  }

  /** Notes that the keys of a database, or of all, are about to be removed. */
  noteFlush(database: number | null): void {
    const control = this.#control;
    const bits = database === null ? null : database << DATABASE_SHIFT;
    this.#table.forEach((at) => {
      const isMeant = bits === null || (control[at + SECOND_KEY]! & DATABASE_MASK) === bits;
      if (isMeant && (control[at + VALUE]! & IS_THERE) !== 0) this.#change(at, false);
    });
  }

  #change(at: number, isThere: boolean): void {
    const version = (this.#control[at + VALUE]! & ~IS_THERE) + VERSION_STEP;
    this.#control[at + VALUE] = version | (isThere ? IS_THERE : 0);
  }
}
