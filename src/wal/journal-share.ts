// What the journals of several data threads share; with one thread there is none.
//
//   word  0  waiting       threads whose backlog is not empty
//         1  drains        counts: times that became none
//         2  suspended by  0, or the failure that the log was begun anew after (wal-control.ts)
//         3  epoch         of the log; a thread whose own is another has to follow
//         4  noted         the failure at hand has been logged
//   byte 64  next group    id of the next transaction group
//       128  records       recorded, by thread
//
// Words 0 and 1 and the next group change only while the structure is held (store-locks.ts), and
// whoever begins an epoch has all segments as well: nobody is then between the verdict on a write
// and its record.
//
// While anybody waits nobody else's verdict is ALLOWED: a record must not overtake one that waits.

import { assert } from "../lib/assert.ts";

const WAITING = 0;
const DRAINS = 1;
const SUSPENDED_BY = 2;
const EPOCH = 3;
const NOTED = 4;
const WORD_COUNT = 5;

const NEXT_GROUP_OFFSET = 64;
const RECORDS_OFFSET = 128;
const EPOCH_FACTOR = 2 ** 32;

export class JournalShare {
  /** Of the thread that has this. */
  readonly index: number;
  readonly threadCount: number;
  readonly #words: Int32Array;
  readonly #nextGroup: Float64Array;
  readonly #records: Float64Array;

  constructor(buffer: SharedArrayBuffer, index: number) {
    this.index = index;
    this.#words = new Int32Array(buffer, 0, WORD_COUNT);
    this.#nextGroup = new Float64Array(buffer, NEXT_GROUP_OFFSET, 1);
    this.#records = new Float64Array(buffer, RECORDS_OFFSET);
    this.threadCount = this.#records.length;
    assert(index < this.threadCount, "a thread is one of those that share");
  }

  static reserve(threadCount: number): SharedArrayBuffer {
    const recordsSize = threadCount * Float64Array.BYTES_PER_ELEMENT;
    return new SharedArrayBuffer(RECORDS_OFFSET + recordsSize);
  }

  /** Whether records of any thread wait for room. */
  get isWaiting(): boolean {
    return Atomics.load(this.#words, WAITING) !== 0;
  }

  /** What waits now is recorded when this has changed, or nothing waits any more. */
  get drainCount(): number {
    return Atomics.load(this.#words, DRAINS) >>> 0;
  }

  /** This thread's backlog has its first record. With the structure. */
  raise(): void {
    Atomics.add(this.#words, WAITING, 1);
  }

  /** This thread's backlog is empty again. With the structure. */
  lower(): void {
    if (Atomics.sub(this.#words, WAITING, 1) === 1) Atomics.add(this.#words, DRAINS, 1);
  }

  /** 0, or the failure after which nothing is logged until a snapshot has been made. */
  get suspendedBy(): number {
    return Atomics.load(this.#words, SUSPENDED_BY);
  }

  set suspendedBy(failure: number) {
    Atomics.store(this.#words, SUSPENDED_BY, failure);
  }

  get epoch(): number {
    return Atomics.load(this.#words, EPOCH);
  }

  /** With all segments. */
  beginEpoch(epoch: number): void {
    this.#nextGroup[0] = epoch * EPOCH_FACTOR + 1;
    Atomics.store(this.#words, EPOCH, epoch);
  }

  /** Ids grow in the order of execution. With the structure. */
  takeGroupId(): number {
    return this.#nextGroup[0]!++;
  }

  /** True for the first thread that has met the failure at hand. */
  noteFailure(): boolean {
    return Atomics.exchange(this.#words, NOTED, 1) === 0;
  }

  /** The log goes on, and may fail again. */
  forgetFailure(): void {
    Atomics.store(this.#words, NOTED, 0);
  }

  /** What this thread has recorded so far. */
  set recordCount(count: number) {
    this.#records[this.index] = count;
  }

  /** What all have. */
  get totalRecordCount(): number {
    return this.#records.reduce((sum, count) => sum + count, 0);
  }
}
