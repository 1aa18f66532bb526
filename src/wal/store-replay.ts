// Puts what records say into the store. Small records are gathered, a batch at a time, and run
// ahead of like requests (store/candidates.ts): the cache misses of a batch overlap.
//
//   record ─▶ key and value behind those before them, in the scratch ─▶ hash
//                                     … when it is full: touch slots, find, touch entries, apply
//
// The store takes keys and values from the receive windows' area; the scratch is a part of it that
// nobody else uses meanwhile. What is too long for it goes one by one.
//
// A value whose deadline had passed when the replay began is not stored: its key is removed. That
// is what it comes to, whatever follows, because a record sets key, value and deadline together;
// and there may be many more of such keys in a WAL than there ever were at once. Nothing else
// expires: the time of the store is 0 until the last record.

import { assert } from "../lib/assert.ts";
import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import type { Clock } from "../lib/clock.ts";
import { KEY_LENGTH_MAX } from "../store/entry.ts";
import type { PieceChain } from "../store/pieces.ts";
import type { Store } from "../store/store.ts";
import type { Change, PartPlace } from "./group-assembly.ts";
import { RECORD_KIND } from "./record.ts";
import type { RecordReader } from "./record-reader.ts";
import { MemoryFullError } from "./recovery-error.ts";

/** Bytes of the store's source, the receive windows, that replay may use. */
export interface ReplayScratch {
  readonly area: ByteArea;
  readonly offset: number;
  /** At least REPLAY_SCRATCH_SIZE_MIN. */
  readonly length: number;
}

export const REPLAY_SCRATCH_SIZE_MIN = KEY_LENGTH_MAX + 1;

const BATCH_CAPACITY = 64;
/** Records of more bytes of key and value than this are not gathered. */
const GATHERED_SIZE_MAX = 4096;
const HIGH_WORD = 2 ** 32;
/** After that many records the store may sort out stale reminders of deadlines. */
const MAINTENANCE_INTERVAL = 4096;

export class StoreReplay implements PartPlace {
  /** Records and changes of groups applied so far. */
  recordCount = 0;
  readonly #store: Store;
  readonly #scratch: ReplayScratch;
  readonly #clock: Clock;
  readonly #beginMs: number;
  // The batch: its rows' columns, and the bytes of the scratch that they take.
  readonly #hashes = new Int32Array(BATCH_CAPACITY);
  readonly #candidates = new Int32Array(BATCH_CAPACITY);
  readonly #databases = new Uint8Array(BATCH_CAPACITY);
  readonly #isSet = new Uint8Array(BATCH_CAPACITY);
  readonly #keyOffsets = new Int32Array(BATCH_CAPACITY);
  readonly #keyLengths = new Int32Array(BATCH_CAPACITY);
  readonly #valueLengths = new Int32Array(BATCH_CAPACITY);
  readonly #deadlineLows = new Int32Array(BATCH_CAPACITY);
  readonly #deadlineHighs = new Int32Array(BATCH_CAPACITY);
  #count = 0;
  #used = 0;
  #maintainAt = MAINTENANCE_INTERVAL;

  constructor(store: Store, scratch: ReplayScratch, clock: Clock) {
    assert(scratch.length >= REPLAY_SCRATCH_SIZE_MIN, "the scratch holds the longest key");
    this.#store = store;
    this.#scratch = scratch;
    this.#clock = clock;
    this.#beginMs = clock.nowMs();
    store.nowMs = 0;
    assert(isSourceOf(store, scratch), "the scratch is a part of what the store takes keys from");
  }

  /** Takes the SET, DELETE or only PART that a reader is at; it is in the store after `settle`. */
  add(record: RecordReader): void {
    const { keyLength, valueLength, deadlineLow, deadlineHigh } = record;
    const size = keyLength + valueLength;
    if (size > GATHERED_SIZE_MAX) {
      this.#applyLong(record);
      return;
    }
    if (this.#count === BATCH_CAPACITY || this.#used + size > this.#scratch.length) this.settle();
    const { area } = this.#scratch;
    const offset = this.#scratch.offset + this.#used;
    copyBytes(record.area, record.keyOffset, area, offset, size);
    this.#used += size;
    const row = this.#count++;
    this.#store.database = record.database;
    this.#hashes[row] = this.#store.hashOf(offset, keyLength);
    this.#databases[row] = record.database;
    const isDelete = record.kind === RECORD_KIND.DELETE;
    const isSet = !isDelete && !this.#hasPassed(deadlineLow, deadlineHigh);
    this.#isSet[row] = Number(isSet);
    this.#keyOffsets[row] = offset;
    this.#keyLengths[row] = keyLength;
    this.#valueLengths[row] = valueLength;
    this.#deadlineLows[row] = deadlineLow;
    this.#deadlineHighs[row] = deadlineHigh;
  }

  /** Puts what has been gathered into the store. */
  settle(): void {
    const count = this.#count;
    if (count === 0) return;
    const { candidates } = this.#store.segments;
    candidates.touchSlots(this.#hashes, count);
    candidates.find(this.#hashes, this.#candidates, 0, count);
    candidates.touchEntries(this.#candidates, count);
    for (let row = 0; row < count; row++) {
      if (!this.#applyRow(row)) this.#refuse();
    }
    this.#store.database = 0;
    this.#count = 0;
    this.#used = 0;
    this.#noteApplied(count);
  }

  /** Puts a change of a whole group into the store. */
  apply(change: Change): void {
    const store = this.#store;
    this.settle();
    const { kind, database, key, value, deadlineLow, deadlineHigh } = change;
    if (kind === RECORD_KIND.FLUSH_ALL || kind === RECORD_KIND.FLUSH) {
      this.flush(kind === RECORD_KIND.FLUSH_ALL ? null : database);
      return;
    }
    const { area, offset } = this.#scratch;
    area.bytes.set(key, offset);
    if (kind === RECORD_KIND.DELETE || this.#hasPassed(deadlineLow, deadlineHigh)) {
      this.#remove(database, key.length);
      if (!(value instanceof Uint8Array)) this.give(value);
    } else if (value instanceof Uint8Array) {
      this.#set(database, key.length, value, deadlineLow, deadlineHigh);
    } else {
      this.#within(database, key.length, (hash) => {
        const args = [offset, key.length, hash, value, deadlineLow, deadlineHigh] as const;
        return store.setChain(...args) !== 0;
      });
    }
    this.#noteApplied(1);
  }

  /** Removes the keys of a database, null = of all. */
  flush(database: number | null): void {
    this.settle();
    this.#store.flush(database);
    this.#noteApplied(1);
  }

  /** Puts a part of a value behind those before it. */
  append(chain: PieceChain, bytes: Uint8Array): void {
    // Pages are taken: rows that wait are not touched by that, for they have no references yet.
    if (!this.#store.pieces.append(chain, bytes)) this.#refuse();
  }

  give(chain: PieceChain): void {
    this.#store.pieces.give(chain);
  }

  /** All records are in the store: time goes on. */
  finish(): void {
    this.settle();
    this.#store.nowMs = this.#clock.nowMs();
  }

  #applyRow(row: number): boolean {
    const store = this.#store;
    const offset = this.#keyOffsets[row]!;
    const keyLength = this.#keyLengths[row]!;
    const hash = this.#hashes[row]!;
    store.database = this.#databases[row]!;
    if (this.#isSet[row] === 0) {
      store.remove(offset, keyLength, hash);
      return true;
    }
    const reference = store.set(
      offset,
      keyLength,
      hash,
      offset + keyLength,
      this.#valueLengths[row]!,
      this.#deadlineLows[row]!,
      this.#deadlineHighs[row]!,
    );
    return reference !== 0;
  }

  #applyLong(record: RecordReader): void {
    this.settle();
    const { area, offset } = this.#scratch;
    const { keyOffset, keyLength, valueOffset, valueLength, database } = record;
    const { kind, deadlineLow, deadlineHigh } = record;
    record.area.bytes.copy(area.bytes, offset, keyOffset, keyOffset + keyLength);
    if (kind === RECORD_KIND.DELETE || this.#hasPassed(deadlineLow, deadlineHigh)) {
      this.#remove(database, keyLength);
    } else {
      const value = record.area.bytes.subarray(valueOffset, valueOffset + valueLength);
      this.#set(database, keyLength, value, deadlineLow, deadlineHigh);
    }
    this.#noteApplied(1);
  }

  #set(database: number, keyLength: number, value: Uint8Array, low: number, high: number): void {
    const { offset } = this.#scratch;
    this.#within(
      database,
      keyLength,
      (hash) => this.#store.setBytes(offset, keyLength, hash, value, low, high) !== 0,
    );
  }

  #remove(database: number, keyLength: number): void {
    this.#within(database, keyLength, (hash) => {
      this.#store.remove(this.#scratch.offset, keyLength, hash);
      return true;
    });
  }

  /** Does something with the key in the scratch, in a database; refuses when memory stays full. */
  #within(database: number, keyLength: number, work: (hash: number) => boolean): void {
    const store = this.#store;
    store.database = database;
    const hash = store.hashOf(this.#scratch.offset, keyLength);
    if (!work(hash)) this.#refuse();
    store.database = 0;
  }

  #hasPassed(deadlineLow: number, deadlineHigh: number): boolean {
    if ((deadlineLow | deadlineHigh) === 0) return false;
    return (deadlineHigh >>> 0) * HIGH_WORD + (deadlineLow >>> 0) <= this.#beginMs;
  }

  /** With the time at 0 nothing is due, but reminders of deadlines that were replaced go. */
  #noteApplied(count: number): void {
    this.recordCount += count;
    if (this.recordCount < this.#maintainAt) return;
    this.#maintainAt = this.recordCount + MAINTENANCE_INTERVAL;
    do this.#store.runMaintenance();
    while (this.#store.expiry.hasPending);
  }

  #refuse(): never {
    this.#store.database = 0;
    throw new MemoryFullError(
      `memory is full after ${this.recordCount} records: --max-memory is smaller than the data`,
    );
  }
}

/** Whether the store sees what is written to the scratch: keys of anywhere else would be lost. */
function isSourceOf(store: Store, { area, offset }: ReplayScratch): boolean {
  return [0x5a, 0xa5].every((byte) => {
    area.bytes[offset] = byte;
    return store.hashOf(offset, 1) === store.segments.hashOf(area.view, offset, 1);
  });
}
