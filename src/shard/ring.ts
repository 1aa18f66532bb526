// A ring of bytes between two threads: one appends records, one takes them.
//
//   SharedArrayBuffer:   | PUBLISHED … | RELEASED … | ring, a power of two of bytes |
//                          cache line    cache line
//
//   record:   length u32 | first i32 | second i32 | third i32 | payload, up to the next 16 bytes
//
//   taken        released      position       published           head
//     v             v              v              v                v
//   --+---- free ---+-- copied out-+-- to take ---+-- not shown ---+-- free --
//
//   released ≤ position ≤ published ≤ head ≤ released + size
//
// A record lies at its position modulo the size. Its head never wraps, because positions are
// multiples of its size; its payload may, and is copied in two parts then. Both ends count in
// words of their own and touch the other's cache line once for each `refresh` and `publish`.
//
// Positions are kept modulo 2^32. Closures over constants: see src/command/fast-commands.ts.

import { assert } from "../lib/assert.ts";
import { ByteArea, NATIVE_COPY_LENGTH_MIN, copyBytes } from "../lib/byte-area.ts";

const CACHE_LINE_SIZE = 64;
const CONTROL_SIZE = 3 * CACHE_LINE_SIZE;
/** Words of the control area, each in a cache line of its own. */
const PUBLISHED = 0;
const RELEASED = CACHE_LINE_SIZE / 4;
/** 1 = the producer waits for room, and wants to hear of it. */
const WANTS_ROOM = (2 * CACHE_LINE_SIZE) / 4;

export const RECORD_HEAD_SIZE = 16;
const HEAD_WORDS = RECORD_HEAD_SIZE / 4;
export const RING_SIZE_MIN = 64;
export const RING_SIZE_MAX = 2 ** 30;

/** What a record with a payload of that length takes of the ring. */
export function recordSize(length: number): number {
  return RECORD_HEAD_SIZE + ((length + RECORD_HEAD_SIZE - 1) & -RECORD_HEAD_SIZE);
}

/** `size` is a power of two. Nothing of it is committed before it is touched. */
export function reserveRing(size: number): SharedArrayBuffer {
  const isInRange = size >= RING_SIZE_MIN && size <= RING_SIZE_MAX;
  assert(isInRange && Number.isInteger(Math.log2(size)), "a ring's size is a power of two");
  return new SharedArrayBuffer(CONTROL_SIZE + size);
}

export interface RingProducer {
  readonly size: number;
  /** Bytes that the consumer has not given back, by its last word. */
  usedBytes(): number;
  /** Whether a record of `recordSize` bytes may be appended; asks the consumer only if need be. */
  hasRoom(bytes: number): boolean;
  /** Appends a record, for which there is room; up to three bytes behind it are read as well. */
  append(
    first: number,
    second: number,
    third: number,
    source: ByteArea,
    offset: number,
    length: number,
  ): void;
  /** Shows all records to the consumer; false when there is nothing new. */
  publish(): boolean;
  /** Has the consumer tell when it next gives room back. Look for room again after it. */
  awaitRoom(): void;
}

export interface RingConsumer {
  /** Whether there is a record to take, of those that the producer has shown by now. */
  hasMore(): boolean;
  /** Takes notice of what has been published. */
  refresh(): void;
  /** Reads the head of the next record; false when all that `refresh` has seen is taken. */
  next(): boolean;
  /** Of the record that `next` has read. */
  length(): number;
  first(): number;
  second(): number;
  third(): number;
  /** Copies the payload, and up to three bytes more. */
  copyTo(target: ByteArea, offset: number): void;
  /** Goes on behind it. */
  skip(): void;
  /** Gives the room of what was taken back; true when the producer waits for it. */
  release(): boolean;
}

export function createRingProducer(buffer: SharedArrayBuffer): RingProducer {
  const control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
  const words = new Int32Array(buffer, CONTROL_SIZE);
  const area = new ByteArea(buffer, CONTROL_SIZE);
  const size = area.length;
  const mask = size - 1;
  let head = Atomics.load(control, PUBLISHED);
  let published = head;
  let released = Atomics.load(control, RELEASED);

  function append(
    first: number,
    second: number,
    third: number,
    source: ByteArea,
    offset: number,
    length: number,
  ): void {
    const at = head & mask;
    const word = at >>> 2;
    words[word] = length;
    words[word + 1] = first;
    words[word + 2] = second;
    words[word + 3] = third;
    const begin = (at + RECORD_HEAD_SIZE) & mask;
    const straight = size - begin;
    if (length < NATIVE_COPY_LENGTH_MIN && length <= straight) {
      const from = source.view;
      let to = begin >>> 2;
      for (let i = 0; i < length; i += 4) words[to++] = from.getInt32(offset + i, true);
    } else if (length <= straight) {
      copyBytes(source, offset, area, begin, length);
    } else {
      copyBytes(source, offset, area, begin, straight);
      copyBytes(source, offset + straight, area, 0, length - straight);
    }
    head = (head + recordSize(length)) | 0;
  }

  function refreshedUsedBytes(): number {
    released = Atomics.load(control, RELEASED);
    return (head - released) | 0;
  }

  return {
    size,
    usedBytes: refreshedUsedBytes,
    hasRoom(bytes) {
      if (((head - released) | 0) + bytes <= size) return true;
      return refreshedUsedBytes() + bytes <= size;
    },
    append,
    publish() {
      if (head === published) return false;
      published = head;
      Atomics.store(control, PUBLISHED, head);
      return true;
    },
    awaitRoom() {
      Atomics.store(control, WANTS_ROOM, 1);
    },
  };
}

export function createRingConsumer(buffer: SharedArrayBuffer): RingConsumer {
  const control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
  const words = new Int32Array(buffer, CONTROL_SIZE);
  const area = new ByteArea(buffer, CONTROL_SIZE);
  const size = area.length;
  const mask = size - 1;
  let position = Atomics.load(control, RELEASED);
  let released = position;
  let published = position;
  let length = 0;
  let headWord = 0;

  function copyTo(target: ByteArea, offset: number): void {
    const begin = ((position & mask) + RECORD_HEAD_SIZE) & mask;
    const straight = size - begin;
    if (length < NATIVE_COPY_LENGTH_MIN && length <= straight) {
      const to = target.view;
      let from = begin >>> 2;
      for (let i = 0; i < length; i += 4) to.setInt32(offset + i, words[from++]!, true);
    } else if (length <= straight) {
      copyBytes(area, begin, target, offset, length);
    } else {
      copyBytes(area, begin, target, offset, straight);
      copyBytes(area, 0, target, offset + straight, length - straight);
    }
  }

  return {
    hasMore: () => Atomics.load(control, PUBLISHED) !== position,
    refresh() {
      published = Atomics.load(control, PUBLISHED);
    },
    next() {
      if (position === published) return false;
      headWord = (position & mask) >>> 2;
      length = words[headWord]!;
      return true;
    },
    length: () => length,
    first: () => words[headWord + 1]!,
    second: () => words[headWord + 2]!,
    third: () => words[headWord + HEAD_WORDS - 1]!,
    copyTo,
    skip() {
      position = (position + recordSize(length)) | 0;
    },
    release() {
      if (released === position) return false;
      released = position;
      Atomics.store(control, RELEASED, position);
      return Atomics.exchange(control, WANTS_ROOM, 0) === 1;
    },
  };
}
