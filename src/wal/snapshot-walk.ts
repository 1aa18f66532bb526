// Goes through all entries of the store beside traffic, a slice at a time, and lays records of them
// into chunks: the data thread's part of a snapshot.
//
//   run ─▶ SLICE_OVER   go on when the turn's requests have been served
//       ─▶ CHUNK_FULL   hand the chunk to the writer, go on with another
//       ─▶ DONE         hand over the chunk, if there is anything in it
//
// The order is SCAN's over all databases (key-scan.ts): every key that is there from the walk's
// beginning to its end is met, and one that does not change is met once unless its table shrinks.
// What changes meanwhile may be in the snapshot or not; it is in the WAL.
//
// A step of the scan cannot be cut short, so what has been met and not written when a chunk is full
// is remembered by its keys: entries may move or go between two slices. A long value is pinned, and
// goes into PARTs of one transaction group over as many slices as it takes.
//
// Where several threads share the store, each step holds the structure, so the tables stay as they
// are, and the segments of the entries it reads. Why the log behind the walk's beginning, and what
// was met, make a state together (snapshot-job.ts takes the positions):
//
//   - a write is executed and recorded under the same lock of its segment. What was recorded before
//     the walk began was executed before, and is met; what is met is recorded by the walk's end, or
//     waits in a backlog, which that end (log-mark.ts) is behind of;
//   - the walk begins with the structure held and no record of any thread waiting: groups are
//     recorded with the structure held, or wait, so none lies across its beginning;
//   - a group that is executed between two steps is met in part, and lies whole between beginning
//     and end: it is replayed, because the log is synced to the end before the snapshot counts.

import { copyBytes } from "../lib/byte-area.ts";
import { PAGE_SIZE } from "../store/arena.ts";
import { CURSOR_END } from "../store/key-scan.ts";
import type { PieceChain } from "../store/pieces.ts";
import type { Store } from "../store/store.ts";
import { ALL_DATABASES } from "../store/table-clearing.ts";
import { SLICE } from "../store/work-slices.ts";
import type { SnapshotChunk } from "./snapshot-chunk.ts";

export const WALK = { SLICE_OVER: 0, CHUNK_FULL: 1, DONE: 2 } as const;
export type WalkState = (typeof WALK)[keyof typeof WALK];

/** A slice ends at the step after this, well under the promised 2 ms. */
const SLICE_BUDGET_MS = 0.5;
/** Entries of a step: their cache misses overlap. */
const STEP_COUNT = 32;
/** Bytes of a PART: half a page, so that none crosses into the next. */
export const PART_SIZE = PAGE_SIZE / 2;

/** An entry that was met and has not been written. */
interface MetKey {
  readonly database: number;
  readonly key: Buffer;
}

/** A value in pieces that is being written; its entry is pinned. */
interface LongValue {
  readonly reference: number;
  /** As it was when it was met: its entry may be written behind its end. */
  readonly chain: PieceChain;
  /** Likewise. */
  readonly deadlineLow: number;
  readonly deadlineHigh: number;
  readonly groupId: number;
  partIndex: number;
}

export class SnapshotWalk {
  recordCount = 0;
  readonly #store: Store;
  #cursor = 0;
  #isScanned = false;
  #met = new Int32Array(2 * STEP_COUNT);
  #metCount = 0;
  readonly #left: MetKey[] = [];
  #long: LongValue | null = null;
  #longCount = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** How far it has come, from 0 to 1. */
  get progress(): number {
    return this.#isScanned ? 1 : this.#cursor / CURSOR_END;
  }

  /** Goes on for a slice; the store is at its current time and in database 0. */
  run(chunk: SnapshotChunk): WalkState {
    const { slices } = this.#store;
    const beginMs = slices.begin();
    let state: WalkState | null;
    do state = this.#lockedStep(chunk);
    while (state === null && slices.begin() - beginMs < SLICE_BUDGET_MS);
    slices.end(SLICE.SNAPSHOT, beginMs);
    return state ?? WALK.SLICE_OVER;
  }

  /** Gives up before it is done: lets go of what is pinned. */
  stop(): void {
    if (this.#long === null) return;
    const { locks } = this.#store;
    locks?.enter();
    this.#store.unpin(this.#long.reference);
    locks?.leave();
    this.#long = null;
  }

  #lockedStep(chunk: SnapshotChunk): WalkState | null {
    const { locks } = this.#store;
    if (locks === null) return this.#step(chunk);
    locks.enter();
    const state = this.#step(chunk);
    locks.leave();
    return state;
  }

  #step(chunk: SnapshotChunk): WalkState | null {
    if (this.#long !== null) return this.#writePart(chunk, this.#long);
    if (this.#left.length > 0) return this.#writeLeft(chunk);
    if (this.#isScanned) return WALK.DONE;
    this.#scan();
    for (let i = 0; i < this.#metCount; i++) {
      if (this.#write(chunk, this.#met[i]!)) continue;
      for (let j = i; j < this.#metCount; j++) this.#remember(this.#met[j]!);
      return WALK.CHUNK_FULL;
    }
    return null;
  }

  #scan(): void {
    const { scan, candidates } = this.#store.segments;
    this.#metCount = 0;
    const from = this.#cursor;
    this.#cursor = scan.run(ALL_DATABASES, this.#cursor, STEP_COUNT, (reference) => {
      if (this.#metCount === this.#met.length) this.#growMet();
      this.#met[this.#metCount++] = reference;
    });
    this.#isScanned = this.#cursor === 0;
    this.#lockSegments(from, this.#isScanned ? CURSOR_END - 1 : this.#cursor);
    candidates.touchEntries(this.#met, this.#metCount);
  }

  /** Those of the keys between two cursors: places come in the order of hashes. */
  #lockSegments(from: number, to: number): void {
    const { locks } = this.#store;
    if (locks === null) return;
    const cursorsPerSegment = CURSOR_END / locks.segmentCount;
    const last = Math.floor(to / cursorsPerSegment);
    for (let segment = Math.floor(from / cursorsPerSegment); segment <= last; segment++) {
      locks.alsoSegment(segment);
    }
  }

  #growMet(): void {
    const grown = new Int32Array(2 * this.#met.length);
    grown.set(this.#met);
    this.#met = grown;
  }

  /** Writes an entry, or begins or remembers a long one; false when the chunk is full. */
  #write(chunk: SnapshotChunk, reference: number): boolean {
    const store = this.#store;
    if (store.hasExpired(reference)) return true;
    if (store.values.isInPieces(reference)) {
      if (this.#long === null) this.#beginLong(reference);
      else this.#remember(reference);
      return true;
    }
    const keyLength = store.keyLength(reference);
    const valueLength = store.valueLength(reference);
    const offset = chunk.beginSet(
      store.databaseOf(reference),
      keyLength,
      valueLength,
      this.#deadlineWord(reference, 0),
      this.#deadlineWord(reference, 1),
    );
    if (offset < 0) return false;
    // The value lies right behind its key, there and here.
    const length = keyLength + valueLength;
    copyBytes(store.area(reference), store.keyOffset(reference), chunk.area, offset, length);
    this.recordCount++;
    return true;
  }

  /** Writes the first of the entries that were left; it may have changed, or gone. */
  #writeLeft(chunk: SnapshotChunk): WalkState | null {
    const reference = this.#findEntry(this.#left.at(-1)!);
    if (reference !== 0 && !this.#write(chunk, reference)) return WALK.CHUNK_FULL;
    this.#left.pop();
    return null;
  }

  /** Not `Store.find`, which takes keys from the receive windows and removes what has expired. */
  #findEntry({ database, key }: MetKey): number {
    const { segments, locks } = this.#store;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    segments.database = database;
    const hash = segments.hashOf(view, 0, key.length);
    locks?.alsoKey(hash);
    const reference = segments.find(view, 0, key.length, hash);
    segments.database = 0;
    return reference;
  }

  #remember(reference: number): void {
    const store = this.#store;
    const offset = store.keyOffset(reference);
    const key = store.area(reference).bytes.subarray(offset, offset + store.keyLength(reference));
    this.#left.push({ database: store.databaseOf(reference), key: Buffer.from(key) });
  }

  #beginLong(reference: number): void {
    this.#store.pins.pin(reference);
    this.#long = {
      reference,
      chain: this.#store.values.chain(reference),
      deadlineLow: this.#deadlineWord(reference, 0),
      deadlineHigh: this.#deadlineWord(reference, 1),
      groupId: ++this.#longCount,
      partIndex: 0,
    };
  }

  #writePart(chunk: SnapshotChunk, long: LongValue): WalkState | null {
    const store = this.#store;
    const { reference, chain, deadlineLow, deadlineHigh, groupId, partIndex } = long;
    const begin = partIndex * PART_SIZE;
    const length = Math.min(PART_SIZE, chain.length - begin);
    const keyLength = store.keyLength(reference);
    const database = store.databaseOf(reference);
    const groupCount = Math.ceil(chain.length / PART_SIZE);
    const place = {
      groupId,
      groupCount,
      groupIndex: partIndex,
      offset: begin,
      wholeLength: chain.length,
    };
    const deadline = [deadlineLow, deadlineHigh] as const;
    let offset = chunk.beginPart(database, keyLength, length, ...deadline, place);
    if (offset < 0) return WALK.CHUNK_FULL;
    copyBytes(store.area(reference), store.keyOffset(reference), chunk.area, offset, keyLength);
    offset += keyLength;
    store.pieces.forEachStretch(chain, begin, begin + length, (area, from, count) => {
      copyBytes(area, from, chunk.area, offset, count);
      offset += count;
    });
    this.recordCount++;
    long.partIndex++;
    if (long.partIndex === groupCount) this.stop();
    return null;
  }

  #deadlineWord(reference: number, index: 0 | 1): number {
    const store = this.#store;
    return store.hasDeadlinePlace(reference) ? store.deadlineWord(reference, index) : 0;
  }
}
