// A ring of bytes between two threads: one writes, one reads.
//
//   SharedArrayBuffer:   | PUBLISHED, REWOUND … | RELEASED … | WANTS_ROOM … | ring, 2^n bytes |
//                          a cache line each
//
//   read         released      position       published           head
//     v             v              v              v                v
//   --+---- free ---+--- read -----+--- to read --+-- not shown ---+-- free --
//
//   released ≤ position ≤ published ≤ head ≤ released + size
//
// What is written is a stream of words: what records it consists of is the matter of those who
// write and read them (outbox.ts and inbox.ts). A byte lies at its position modulo the size, so
// that what is copied may be in two parts. Both ends count in words of their own and touch the
// other's cache line once for each `refresh` and `publish`.
//
// When all is read the writer may go back to the front of the ring (`rewind`), so that both ends
// stay with memory that their caches have: REWOUND says at which position, and whoever reads comes
// there with nothing left to read.
//
// Positions are multiples of four, and kept modulo 2^32.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";

const CACHE_LINE_SIZE = 64;
/** The last position at which the writer has gone back, + 1; 0 = none that is not passed by. */
const REWOUND = 1;
const CONTROL_SIZE = 3 * CACHE_LINE_SIZE;
/** Words of the control area, each in a cache line of its own. */
const PUBLISHED = 0;
const RELEASED = CACHE_LINE_SIZE / 4;
/** 1 = the writer waits for room, and wants to hear of it. */
const WANTS_ROOM = (2 * CACHE_LINE_SIZE) / 4;

/** So far a writer goes before it goes back. */
const REWIND_SIZE_MIN = 64 * 1024;

/** No position, which are multiples of four. */
const NOWHERE = -1;

export const RING_SIZE_MIN = 64;
export const RING_SIZE_MAX = 2 ** 30;

/** `size` is a power of two. Nothing of it is committed before it is touched. */
export function reserveRing(size: number): SharedArrayBuffer {
  const isInRange = size >= RING_SIZE_MIN && size <= RING_SIZE_MAX;
  assert(isInRange && Number.isInteger(Math.log2(size)), "a ring's size is a power of two");
  return new SharedArrayBuffer(CONTROL_SIZE + size);
}

export class RingWriter {
  readonly size: number;
  /** The ring's words, for what is written in place; the writer moves `head` behind it. */
  readonly words: Int32Array;
  head: number;
  readonly #control: Int32Array;
  readonly #area: ByteArea;
  #published: number;
  #released: number;
  /** Where the writer has last gone back, and to where, until the reader has come there. */
  #rewoundFrom: number = NOWHERE;
  #rewoundTo = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
    this.words = new Int32Array(buffer, CONTROL_SIZE);
    this.#area = new ByteArea(buffer, CONTROL_SIZE);
    this.size = this.#area.length;
    this.head = Atomics.load(this.#control, PUBLISHED);
    this.#published = this.head;
    this.#released = Atomics.load(this.#control, RELEASED);
  }

  /** Bytes that the reader has not given back, by its last word. */
  usedBytes(): number {
    const released = Atomics.load(this.#control, RELEASED);
    // Behind where the writer has gone back there is nothing.
    this.#released = released === this.#rewoundFrom ? this.#rewoundTo : released;
    return (this.head - this.#released) | 0;
  }

  /** Whether that many bytes may be written; asks the reader only if need be. */
  hasRoom(bytes: number): boolean {
    if (((this.head - this.#released) | 0) + bytes <= this.size) return true;
    return this.usedBytes() + bytes <= this.size;
  }

  /** Copies to `position`, which is the head's or after it; there is room. */
  copyFrom(source: ByteArea, offset: number, length: number, position: number): void {
    const begin = position & (this.size - 1);
    const straight = Math.min(length, this.size - begin);
    const { bytes } = this.#area;
    source.bytes.copy(bytes, begin, offset, offset + straight);
    if (straight < length) source.bytes.copy(bytes, 0, offset + straight, offset + length);
  }

  /**
   * Before anything is written in a turn: goes back to the front of the ring if nothing is left to
   * read and enough of it has been gone through.
   */
  rewind(): void {
    const usedBytes = this.usedBytes();
    const { head, size } = this;
    if (this.#rewoundFrom !== NOWHERE) {
      if (this.#released === this.#rewoundTo) return;
      this.#rewoundFrom = NOWHERE;
      this.#control[REWOUND] = 0;
    }
    if (usedBytes !== 0 || (head & (size - 1)) < REWIND_SIZE_MIN) return;
    this.#rewoundFrom = head;
    this.#rewoundTo = (head + size) & -size;
    this.#control[REWOUND] = head + 1;
    this.head = this.#rewoundTo;
    this.#published = this.#rewoundTo;
    this.#released = this.#rewoundTo;
  }

  /** Shows what has been written; false when there is nothing new. */
  publish(): boolean {
    if (this.head === this.#published) return false;
    this.#published = this.head;
    Atomics.store(this.#control, PUBLISHED, this.head);
    return true;
  }

  /** Has the reader tell when it next gives room back. Look for room again after it. */
  awaitRoom(): void {
    Atomics.store(this.#control, WANTS_ROOM, 1);
  }
}

export class RingReader {
  readonly size: number;
  /** The ring's words and bytes, for what is read in place. */
  readonly words: Int32Array;
  readonly area: ByteArea;
  /** Of what is to be read next; whoever reads in place moves it. */
  position: number;
  published: number;
  readonly #control: Int32Array;
  #released: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
    this.words = new Int32Array(buffer, CONTROL_SIZE);
    this.area = new ByteArea(buffer, CONTROL_SIZE);
    this.size = this.area.length;
    this.position = Atomics.load(this.#control, RELEASED);
    this.published = this.position;
    this.#released = this.position;
  }

  /** Whether there is something to read, of what the writer has shown by now. */
  hasMore(): boolean {
    return Atomics.load(this.#control, PUBLISHED) !== this.position;
  }

  /** Takes notice of what has been published. */
  refresh(): void {
    const published = Atomics.load(this.#control, PUBLISHED);
    this.published = published;
    const { position, size } = this;
    if (position !== published && this.#control[REWOUND] === position + 1) {
      this.position = (position + size) & -size;
    }
  }

  /** Copies from `position` on, which may be any byte's. */
  copyTo(target: ByteArea, offset: number, length: number, position: number): void {
    const begin = position & (this.size - 1);
    const straight = Math.min(length, this.size - begin);
    const { bytes } = this.area;
    bytes.copy(target.bytes, offset, begin, begin + straight);
    if (straight < length) bytes.copy(target.bytes, offset + straight, 0, length - straight);
  }

  /** Gives the room of what was read back; true when the writer waits for it. */
  release(): boolean {
    if (this.#released === this.position) return false;
    this.#released = this.position;
    Atomics.store(this.#control, RELEASED, this.position);
    return Atomics.exchange(this.#control, WANTS_ROOM, 0) === 1;
  }
}
