// SET, GET, DEL. Each command answers true when it was executed and replied, false when the
// connection has no room for the reply: then nothing was executed.

import type { Batch } from "../batch/batch.ts";
import { SPLICE_LENGTH_MIN } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { DeadlineReader } from "../protocol/seconds.ts";
import { TAG, TEXT_LENGTH_MAX, type V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";

export class StringCommands {
  /** GETs of keys that were not there. */
  missCount = 0;
  /** Writes refused because memory is full. */
  refusedCount = 0;

  readonly #store: Store;
  readonly #replies: V1Replies;
  readonly #source: ByteArea;
  readonly #deadline = new DeadlineReader();

  constructor(store: Store, replies: V1Replies, source: ByteArea) {
    this.#store = store;
    this.#replies = replies;
    this.#source = source;
  }

  /** Replies with the value that was stored. */
  set(batch: Batch, row: number, connection: number): boolean {
    const valueOffset = batch.valueOffsets[row]!;
    const valueLength = batch.valueLengths[row]!;
    const replies = this.#replies;
    if (valueLength > TEXT_LENGTH_MAX) return replies.error(connection);
    if (!replies.hasRoomForText(connection, valueLength)) return false;
    let low = 0;
    let high = 0;
    const expiryLength = batch.expiryLengths[row]!;
    if (expiryLength !== 0) {
      const expiryOffset = batch.expiryOffsets[row]!;
      const deadline = this.#deadline;
      if (!deadline.read(this.#source, expiryOffset, expiryLength, this.#store.nowMs)) {
        return replies.error(connection);
      }
      low = deadline.low;
      high = deadline.high;
    }
    const reference = this.#store.set(
      batch.keyOffsets[row]!,
      batch.keyLengths[row]!,
      batch.hashes[row]!,
      valueOffset,
      valueLength,
      low,
      high,
    );
    if (reference === 0) {
      this.refusedCount++;
      return replies.error(connection);
    }
    if (valueLength >= SPLICE_LENGTH_MIN) return replies.entryValue(connection, reference);
    return replies.text(connection, TAG.VALUE, this.#source, valueOffset, valueLength);
  }

  get(batch: Batch, row: number, connection: number): boolean {
    const reference = this.#store.find(
      batch.keyOffsets[row]!,
      batch.keyLengths[row]!,
      batch.hashes[row]!,
    );
    if (reference === 0) {
      const isDone = this.#replies.error(connection);
      if (isDone) this.missCount++;
      return isDone;
    }
    // Set by another protocol, and longer than a reply of this one can be.
    const isTooLong = this.#store.valueLength(reference) > TEXT_LENGTH_MAX;
    if (isTooLong) return this.#replies.error(connection);
    return this.#replies.entryValue(connection, reference);
  }

  /** OK whether the key was there or not. */
  del(batch: Batch, row: number, connection: number): boolean {
    if (!this.#replies.ok(connection)) return false;
    this.#store.remove(batch.keyOffsets[row]!, batch.keyLengths[row]!, batch.hashes[row]!);
    return true;
  }
}
