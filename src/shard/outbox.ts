// What a thread has sent to one owner and not been answered: a token for each request, which comes
// back with its reply.
//
// Room for the reply is reserved with the request. The reservations of all that is out come to at
// most half of the reply ring, and a reply within its reservation always finds room; a longer one
// takes what the other half has (inbox.ts). So an owner that has executed a write can always say
// so, and no owner waits for anything while it executes.
//
//   written replies ≤ reservations of answered requests + the other half
//
// A token whose request is given up (its client is gone, or has been told that it took too long)
// stays out until its reply comes.

import type { ByteArea } from "../lib/byte-area.ts";
import type { Collection } from "./collection.ts";
import {
  createRingConsumer,
  createRingProducer,
  recordSize,
  type RingConsumer,
  type RingProducer,
} from "./ring.ts";

/** The error texts of writes are shorter. */
const RESERVATION_MIN = 256;
const TOKEN_WORDS = 4;
const SLOT = 0;
const RESERVATION = 1;
const SENT_MS = 2;

/** No reply to a write is longer than this: the longest, that of v1's SET, repeats its value. */
export function reservationFor(frameLength: number): number {
  return Math.max(RESERVATION_MIN, recordSize(frameLength));
}

export class Outbox {
  readonly requests: RingProducer;
  readonly replies: RingConsumer;
  readonly tokenCount: number;
  /** Requests that are out. */
  outCount = 0;
  #reservedBytes = 0;
  readonly #limitBytes: number;
  /** By token; null = nobody wants its reply. */
  readonly #collections: (Collection | null)[];
  /** By token, next to each other: SLOT, RESERVATION and SENT_MS. */
  readonly #tokens: Int32Array;
  readonly #free: Int32Array;

  constructor(requests: SharedArrayBuffer, replies: SharedArrayBuffer) {
    this.requests = createRingProducer(requests);
    this.replies = createRingConsumer(replies);
    this.#limitBytes = this.requests.size / 2;
    const tokenCount = this.#limitBytes / RESERVATION_MIN;
    this.tokenCount = tokenCount;
    this.#collections = new Array<Collection | null>(tokenCount).fill(null);
    this.#tokens = new Int32Array(tokenCount * TOKEN_WORDS);
    this.#free = Int32Array.from({ length: tokenCount }, (_, i) => tokenCount - 1 - i);
  }

  /** Whether a frame of that length can be sent: its request finds room, and so will its reply. */
  hasRoom(frameLength: number): boolean {
    if (this.#reservedBytes + reservationFor(frameLength) > this.#limitBytes) return false;
    return this.requests.hasRoom(recordSize(frameLength));
  }

  /** Sends a frame whose reply goes to a new slot of the collection. */
  send(
    collection: Collection,
    kind: number,
    source: ByteArea,
    offset: number,
    length: number,
    nowMs: number,
  ): void {
    const token = this.#free[this.tokenCount - 1 - this.outCount++]!;
    const reservation = reservationFor(length);
    this.#reservedBytes += reservation;
    this.#collections[token] = collection;
    const tokens = this.#tokens;
    const at = token * TOKEN_WORDS;
    tokens[at + SLOT] = collection.add();
    tokens[at + RESERVATION] = reservation;
    tokens[at + SENT_MS] = nowMs;
    collection.pendingCount++;
    this.requests.append(token, kind, 0, source, offset, length);
  }

  /** Ends a token: its reply has come. The collection that wants it, with `slot()` the place. */
  take(token: number): Collection | null {
    const collection = this.#collections[token]!;
    this.#collections[token] = null;
    this.#reservedBytes -= this.#tokens[token * TOKEN_WORDS + RESERVATION]!;
    this.outCount--;
    this.#free[this.tokenCount - 1 - this.outCount] = token;
    if (collection !== null) collection.pendingCount--;
    return collection;
  }

  slotOf(token: number): number {
    return this.#tokens[token * TOKEN_WORDS + SLOT]!;
  }

  /** Gives up the requests that were sent before; their slots are pending no more. */
  giveUp(beforeMs: number, told: (collection: Collection, slot: number) => void): number {
    if (this.outCount === 0) return 0;
    let count = 0;
    for (let token = 0; token < this.tokenCount; token++) {
      const collection = this.#collections[token]!;
      if (collection === null) continue;
      // Of times only the lower 32 bits are kept.
      const ageMs = (Math.ceil(beforeMs) - this.#tokens[token * TOKEN_WORDS + SENT_MS]!) | 0;
      if (ageMs <= 0) continue;
      this.#collections[token] = null;
      collection.pendingCount--;
      count++;
      told(collection, this.slotOf(token));
    }
    return count;
  }
}
