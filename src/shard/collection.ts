// The replies of one connection while some of them are made elsewhere: a slot for each request, in
// request order, and the bytes of those that are there before their turn.
//
//   slots   | delivered | ready | pending | ready | pending |
//           0          head                               count
//
// Slots are used once: the collection ends when all are delivered, so it and its bytes stay
// bounded. It is filled from both sides, by own rows (`add`, then `place`) and by replies that
// come (`place`), and emptied from the front.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";

/** Requests that a connection may have in one collection. */
export const COLLECTION_SLOTS = 512;
const AREA_SIZE = 4096;
/** What a collection keeps for the next connection. */
const AREA_SIZE_KEPT = 64 * 1024;

const PENDING = 0;
const READY = 1;

/** The connection has gone. */
export const NO_CONNECTION = -1;

export class Collection {
  connection = NO_CONNECTION;
  isResp = false;
  /** Owners have written for it: what it delivers has to be durable first. */
  hasWritten = false;
  /** Slots in use, and those that are delivered. */
  count = 0;
  head = 0;
  /** Ends of turns at which what it has delivered was not sent yet. */
  waitedTurns = 0;
  /** Requests that somebody else has. */
  pendingCount = 0;
  area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  #usedBytes = 0;
  readonly #states = new Uint8Array(COLLECTION_SLOTS);
  /** Where the reply lies: 0 = in `area`, else a window of own-replies.ts. */
  readonly homes = new Uint8Array(COLLECTION_SLOTS);
  readonly offsets = new Int32Array(COLLECTION_SLOTS);
  readonly lengths = new Int32Array(COLLECTION_SLOTS);
  /** Entry whose value belongs into the reply, 0 = none; its pin is the slot's. */
  readonly references = new Int32Array(COLLECTION_SLOTS);
  /** Bytes of the reply before that value. */
  readonly splits = new Int32Array(COLLECTION_SLOTS);

  begin(connection: number, isResp: boolean): void {
    this.connection = connection;
    this.isResp = isResp;
    this.hasWritten = false;
    this.waitedTurns = 0;
    this.count = 0;
    this.head = 0;
    this.pendingCount = 0;
    this.#usedBytes = 0;
    if (this.area.length > AREA_SIZE_KEPT) this.area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  }

  get isFull(): boolean {
    return this.count === COLLECTION_SLOTS;
  }

  /** Whether the next reply to be delivered is there. */
  get isHeadReady(): boolean {
    return this.head < this.count && this.#states[this.head] === READY;
  }

  /** A slot for the next request. */
  add(): number {
    assert(!this.isFull, "a collection has a slot for each request");
    this.#states[this.count] = PENDING;
    return this.count++;
  }

  /**
   * Makes a slot ready; the offset in `area` where its `length` bytes are to be written now, and
   * whole words may be.
   */
  place(slot: number, length: number, reference = 0, split = 0): number {
    const offset = this.#usedBytes;
    const end = offset + ((length + 3) & ~3);
    if (end > this.area.length) this.#grow(end);
    this.#usedBytes = end;
    this.#states[slot] = READY;
    this.homes[slot] = 0;
    this.offsets[slot] = offset;
    this.lengths[slot] = length;
    this.references[slot] = reference;
    this.splits[slot] = split;
    return offset;
  }

  /** Makes a slot ready whose bytes stay where they are. */
  placeAtHome(slot: number, home: number, offset: number, length: number): void {
    this.#states[slot] = READY;
    this.homes[slot] = home;
    this.offsets[slot] = offset;
    this.lengths[slot] = length;
    this.references[slot] = 0;
  }

  /** The homes of replies that nobody will get. */
  *undeliveredHomes(): Iterable<number> {
    for (let slot = this.head; slot < this.count; slot++) {
      if (this.#states[slot] === READY && this.homes[slot] !== 0) yield this.homes[slot]!;
    }
  }

  /** The pins of replies that nobody will get. */
  *undelivered(): Iterable<number> {
    for (let slot = this.head; slot < this.count; slot++) {
      const isThere = this.#states[slot] === READY && this.references[slot] !== 0;
      if (isThere) yield this.references[slot]!;
    }
  }

  #grow(length: number): void {
    let size = this.area.length;
    while (size < length) size *= 2;
    const area = new ByteArea(new ArrayBuffer(size));
    this.area.bytes.copy(area.bytes, 0, 0, this.#usedBytes);
    this.area = area;
  }
}
