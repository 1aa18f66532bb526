// The replies of one connection while some of them are made elsewhere: a slot for each request, in
// request order, and the bytes of those that are there before their turn.
//
//   slots   | delivered | ready | pending | ready | pending |
//           0          head                               count
//
//   slot:   state or home | offset | length | reference      a word each
//
// Own replies that lie one behind the other are one slot.
//
// Slots are used once: the collection ends when all are delivered, so it and its bytes stay
// bounded. It is filled from both sides, by own rows (`add`, then `place`) and by replies that
// come (`place`), and emptied from the front.
//
// It also knows which keys its requests may have written at their owners: nothing that concerns one
// of them must be executed before that write. By hash, so it may take another key for one of them.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";

/** Requests that a connection may have in one collection. */
export const COLLECTION_SLOTS = 512;
const AREA_SIZE = 4096;
/** What a collection keeps for the next connection. */
const AREA_SIZE_KEPT = 64 * 1024;

export const SLOT_WORDS = 4;
/** PENDING, or where the reply lies: AREA, or FIRST_HOME and more: own-replies.ts. */
export const HOME = 0;
export const OFFSET = 1;
export const LENGTH = 2;
/** Entry whose value belongs into the reply, 0 = none; its pin is the slot's. */
export const REFERENCE = 3;

export const PENDING = 0;
export const AREA = 1;
/** That of window 0 of own-replies.ts. */
export const FIRST_HOME = 2;

/** Replies of one slot stay shorter: they are written without asking in between. */
const RUN_LENGTH_MAX = 4096;

const WRITE_MARKS = 512;

/** The connection has gone. */
export const NO_CONNECTION = -1;

export class Collection {
  connection = NO_CONNECTION;
  isResp = false;
  /** Owners have written for it: what it delivers has to be durable first. */
  hasWritten = false;
  /** A reply came straight from a ring, and the turn that sends it has not been told. */
  hasDelivered = false;
  /** Slots in use, and those that are delivered. */
  count = 0;
  head = 0;
  /** Ends of turns at which what it has delivered was not sent yet. */
  waitedTurns = 0;
  /** Requests that somebody else has. */
  pendingCount = 0;
  area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  #usedBytes = 0;
  readonly slots = new Int32Array(COLLECTION_SLOTS * SLOT_WORDS);
  /** Bytes of the reply before that value. */
  readonly splits = new Int32Array(COLLECTION_SLOTS);
  /** By a part of a key's hash: the serial of the collection that last wrote such a key. */
  readonly #writeMarks = new Int32Array(WRITE_MARKS);
  #serial = 0;

  begin(connection: number, isResp: boolean): void {
    this.connection = connection;
    this.isResp = isResp;
    this.hasWritten = false;
    this.hasDelivered = false;
    this.waitedTurns = 0;
    this.count = 0;
    this.head = 0;
    this.pendingCount = 0;
    this.#usedBytes = 0;
    this.#serial = (this.#serial + 1) | 0;
    if (this.#serial === 0) this.#serial = 1;
  }

  /** Nobody uses it for now: long replies were the last connection's matter. */
  giveMemoryBack(): void {
    if (this.area.length > AREA_SIZE_KEPT) this.area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  }

  get isFull(): boolean {
    return this.count === COLLECTION_SLOTS;
  }

  /** Whether the next reply to be delivered is there. */
  get isHeadReady(): boolean {
    return this.head < this.count && this.slots[this.head * SLOT_WORDS] !== PENDING;
  }

  /** A write of that key has been sent to its owner. */
  markWrite(hash: number): void {
    this.#writeMarks[hash & (WRITE_MARKS - 1)] = this.#serial;
  }

  /** Whether the key may be written by a request of this collection. */
  mayHaveWritten(hash: number): boolean {
    return this.#writeMarks[hash & (WRITE_MARKS - 1)] === this.#serial;
  }

  /** A slot for the next request. */
  add(): number {
    const slot = this.count++;
    assert(slot < COLLECTION_SLOTS, "a collection has a slot for each request");
    this.slots[slot * SLOT_WORDS] = PENDING;
    return slot;
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
    this.#write(slot, AREA, offset, length, reference);
    this.splits[slot] = split;
    return offset;
  }

  /**
   * A new slot whose bytes stay where they are, or more of the last one: false then, and it is
   * still one reply for its home.
   */
  addAtHome(home: number, offset: number, length: number): boolean {
    const last = (this.count - 1) * SLOT_WORDS;
    if (this.count > this.head && this.slots[last] === FIRST_HOME + home) {
      const runLength = this.slots[last + LENGTH]!;
      const isNext = this.slots[last + OFFSET]! + runLength === offset;
      if (isNext && runLength + length <= RUN_LENGTH_MAX) {
        this.slots[last + LENGTH] = runLength + length;
        return false;
      }
    }
    this.#write(this.add(), FIRST_HOME + home, offset, length, 0);
    return true;
  }

  /** The homes of replies that nobody will get. */
  *undeliveredHomes(): Iterable<number> {
    for (let slot = this.head; slot < this.count; slot++) {
      const home = this.slots[slot * SLOT_WORDS + HOME]!;
      if (home >= FIRST_HOME) yield home - FIRST_HOME;
    }
  }

  /** The pins of replies that nobody will get. */
  *undelivered(): Iterable<number> {
    for (let slot = this.head; slot < this.count; slot++) {
      const at = slot * SLOT_WORDS;
      if (this.slots[at] === AREA && this.slots[at + REFERENCE] !== 0) {
        yield this.slots[at + REFERENCE]!;
      }
    }
  }

  #write(slot: number, home: number, offset: number, length: number, reference: number): void {
    const at = slot * SLOT_WORDS;
    this.slots[at] = home;
    this.slots[at + OFFSET] = offset;
    this.slots[at + LENGTH] = length;
    this.slots[at + REFERENCE] = reference;
  }

  #grow(length: number): void {
    let size = this.area.length;
    while (size < length) size *= 2;
    const area = new ByteArea(new ArrayBuffer(size));
    this.area.bytes.copy(area.bytes, 0, 0, this.#usedBytes);
    this.area = area;
  }
}
