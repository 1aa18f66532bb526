// EXPIRE, TTL, PERSIST. All three see a key whose deadline has passed as missing.

import type { Batch } from "../batch/batch.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { DeadlineReader, secondsUntil } from "../protocol/seconds.ts";
import { INT64_TEXT_LENGTH_MAX, writeBigInteger, writeInteger } from "../protocol/int64.ts";
import { TAG, type V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";

const TTL_MISSING = -2;
const TTL_NONE = -1;

export class ExpiryCommands {
  /** Writes refused because memory is full. */
  refusedCount = 0;

  readonly #store: Store;
  readonly #replies: V1Replies;
  readonly #source: ByteArea;
  readonly #target: ByteArea;
  readonly #deadline = new DeadlineReader();

  /** `source` holds the requests, `target` the replies. */
  constructor(store: Store, replies: V1Replies, source: ByteArea, target: ByteArea) {
    this.#store = store;
    this.#replies = replies;
    this.#source = source;
    this.#target = target;
  }

  /** OK if the key is there and the seconds are valid. */
  expire(batch: Batch, row: number, connection: number): boolean {
    if (!this.#replies.hasRoomForText(connection, 0)) return false;
    const store = this.#store;
    const keyOffset = batch.keyOffsets[row]!;
    const keyLength = batch.keyLengths[row]!;
    const hash = batch.hashes[row]!;
    const entry = store.find(keyOffset, keyLength, hash);
    if (entry === 0) return this.#replies.error(connection);
    const deadline = this.#deadline;
    const valueOffset = batch.valueOffsets[row]!;
    if (!deadline.read(this.#source, valueOffset, batch.valueLengths[row]!, store.nowMs)) {
      return this.#replies.error(connection);
    }
    if (!store.setDeadline(entry, keyOffset, keyLength, hash, deadline.low, deadline.high)) {
      this.refusedCount++;
      return this.#replies.error(connection);
    }
    return this.#replies.ok(connection);
  }

  /** Seconds left, rounded down; −1 without a deadline, −2 without a key. */
  ttl(batch: Batch, row: number, connection: number): boolean {
    const store = this.#store;
    const textOffset = this.#replies.beginText(connection, INT64_TEXT_LENGTH_MAX);
    if (textOffset < 0) return false;
    const entry = store.find(batch.keyOffsets[row]!, batch.keyLengths[row]!, batch.hashes[row]!);
    let seconds: number | bigint = entry === 0 ? TTL_MISSING : TTL_NONE;
    if (entry !== 0 && store.deadlineMs(entry) !== 0) {
      const low = store.deadlineWord(entry, 0);
      seconds = secondsUntil(low, store.deadlineWord(entry, 1), store.nowMs);
    }
    const length =
      typeof seconds === "number"
        ? writeInteger(this.#target, textOffset, seconds)
        : writeBigInteger(this.#target, textOffset, seconds);
    this.#replies.finishText(connection, TAG.VALUE, textOffset, length);
    return true;
  }

  /** OK whether the key was there or not. */
  persist(batch: Batch, row: number, connection: number): boolean {
    if (!this.#replies.ok(connection)) return false;
    const keyOffset = batch.keyOffsets[row]!;
    const keyLength = batch.keyLengths[row]!;
    const hash = batch.hashes[row]!;
    const entry = this.#store.find(keyOffset, keyLength, hash);
    if (entry !== 0) this.#store.setDeadline(entry, keyOffset, keyLength, hash, 0, 0);
    return true;
  }
}
