// The WAL thread's end of a ring (wal-buffer.ts): looks what has been published, copies whole
// records out, and tells what became of them.

import { assert } from "../lib/assert.ts";
import { RECORD_HEADER_SIZE } from "./record.ts";
import { MARGIN_SIZE, WAL_RECORD_SIZE_MAX } from "./wal-buffer.ts";
import {
  AWAITED,
  CONTROL_SIZE,
  FAILURE,
  PUBLISHED,
  RECORDS_BEGUN,
  RECORDS_ENDED,
  RELEASED,
  SYNCED,
  SYNC_REQUESTS,
  WAKE_RECORDS,
  WRITTEN,
} from "./wal-control.ts";

/** The WAL thread's end. */
export class WalConsumer {
  readonly size: number;
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  #begin = 0;
  #walked = 0;
  #published = 0;
  #recordCount = 0;
  #takenRecordCount = 0;
  #syncRequests = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.size = buffer.byteLength - CONTROL_SIZE - MARGIN_SIZE;
    this.#control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
    this.#words = new Int32Array(buffer, CONTROL_SIZE);
    this.#bytes = Buffer.from(buffer as unknown as ArrayBuffer, CONTROL_SIZE, this.size);
  }

  /** Begins at the position where the producer was (re)started. */
  restart(position: number): void {
    this.#begin = position;
    this.#walked = position;
    this.#published = position;
    this.#recordCount = 0;
    this.#takenRecordCount = 0;
    for (const word of [RELEASED, WRITTEN, SYNCED]) {
      Atomics.store(this.#control, word, position | 0);
    }
    Atomics.store(this.#control, FAILURE, 0);
  }

  /** Position of the first byte that has not been taken. */
  get begin(): number {
    return this.#begin;
  }

  /** Bytes of the whole records that `look` has seen and `take` would take. */
  get length(): number {
    return this.#walked - this.#begin;
  }

  /** How many records those are. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** End of what `look` found published, of which it may have left some for the next time. */
  get published(): number {
    return this.#published;
  }

  /** Looks what has been published: whole records of up to WAL_RECORD_SIZE_MAX bytes. */
  look(): void {
    // Read in the other order than they are written in: when both counts are the same, nobody has
    // begun to publish anything since, and it is what they count.
    const ended = Atomics.load(this.#control, RECORDS_ENDED);
    const shown = Atomics.load(this.#control, PUBLISHED);
    const begun = Atomics.load(this.#control, RECORDS_BEGUN);
    this.#published = this.#begin + ((shown - (this.#begin | 0)) >>> 0);
    const size = this.#published - this.#begin;
    assert(size <= this.size, "no more is published than the ring holds");
    if (ended !== begun || size > WAL_RECORD_SIZE_MAX) {
      this.#walk();
      return;
    }
    this.#walked = this.#published;
    this.#recordCount = (ended - this.#takenRecordCount) | 0;
  }

  /** Goes from record to record, each of which the other core has written. */
  #walk(): void {
    const mask = this.size - 1;
    while (this.#walked < this.#published) {
      const recordSize = this.#words[((this.#walked | 0) & mask) >>> 2]!;
      const isSize = recordSize >= RECORD_HEADER_SIZE && recordSize <= WAL_RECORD_SIZE_MAX;
      assert(isSize && recordSize % 8 === 0, "a published record begins with its size");
      if (this.length + recordSize > WAL_RECORD_SIZE_MAX) return;
      this.#walked += recordSize;
      this.#recordCount++;
    }
    assert(this.#walked === this.#published, "published records are whole");
  }

  /** Copies what `look` has seen to `target` from `at` on, and gives its room back. */
  take(target: Buffer, at: number): void {
    const begin = (this.#begin | 0) & (this.size - 1);
    const length = this.length;
    const fitting = Math.min(length, this.size - begin);
    this.#bytes.copy(target, at, begin, begin + fitting);
    this.#bytes.copy(target, at + fitting, 0, length - fitting);
    this.#begin = this.#walked;
    this.#takenRecordCount = (this.#takenRecordCount + this.#recordCount) | 0;
    this.#recordCount = 0;
    Atomics.store(this.#control, RELEASED, this.#begin | 0);
  }

  /** Whether the producer has asked for a sync since the last call; look again afterwards. */
  takeSyncRequest(): boolean {
    const requests = Atomics.load(this.#control, SYNC_REQUESTS);
    if (requests === this.#syncRequests) return false;
    this.#syncRequests = requests;
    return true;
  }

  /** The thread will want to wake when `count` records can be taken. */
  setWakeCount(count: number): void {
    Atomics.store(this.#control, WAKE_RECORDS, (this.#takenRecordCount + count) | 0);
  }

  publishWritten(position: number): void {
    Atomics.store(this.#control, WRITTEN, position | 0);
  }

  publishSynced(position: number): void {
    Atomics.store(this.#control, SYNCED, position | 0);
  }

  publishFailure(failure: number): void {
    Atomics.store(this.#control, FAILURE, failure);
  }

  /** Whether the producer waits for progress. */
  get isAwaited(): boolean {
    return Atomics.load(this.#control, AWAITED) !== 0;
  }

  /** The same, which it has to say again then. */
  takeAwaited(): boolean {
    return Atomics.exchange(this.#control, AWAITED, 0) !== 0;
  }
}
