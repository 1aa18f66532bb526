// What a thread sends to the owners of keys, and what of it has not been answered: for each owner a
// queue of requests, whose replies come in the same order.
//
// Room for the reply is reserved with the request. The reservations of all that is out come to at
// most half of the reply ring, and a reply within its reservation always finds room; a longer one
// takes what the other half has (inbox.ts). So an owner that has executed a write can always say
// so, and no owner waits for anything while it executes.
//
//   written replies ≤ reservations of answered requests + the other half
//
// A request that is given up (its client is gone, or has been told that it took too long) stays in
// the queue until its reply comes. A closure over constants: see src/command/fast-commands.ts.

import { BATCH_CAPACITY, type Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { NATIVE_COPY_LENGTH_MIN } from "../lib/byte-area.ts";
import { OPCODE } from "../protocol/opcode.ts";
import { OPCODE_LIMIT, RESP_OPCODE } from "../protocol/resp-opcode.ts";
import type { Collection } from "./collection.ts";
import { RESERVATION_MIN, reservationFor } from "./reply-bundle.ts";
import {
  EXPIRY_LENGTH_SHIFT,
  HASH_WORD,
  KEY_LENGTH_SHIFT,
  RECORD_HEAD_WORDS,
  SIZE_WORD,
  VALUE_WORD,
  VERSION_SHIFT,
  requestSize,
} from "./request-record.ts";
import { RING_SIZE_MIN, RingWriter, reserveRing } from "./ring.ts";

export interface OutboxParts {
  readonly batch: Batch;
  readonly windows: ReceiveWindows;
  /** By connection: the version of RESP. */
  readonly versions: Uint8Array;
  /** Rings by owner, null = this thread. */
  readonly requests: readonly (SharedArrayBuffer | null)[];
}

export interface Outbox {
  /** By owner; that of the thread itself is not used. */
  readonly writers: readonly RingWriter[];
  /** Whether a record of that size can be sent: it finds room, and so will its reply. */
  hasRoom(owner: number, size: number): boolean;
  /** By row: the hashes of those that are sent. */
  readonly hashes: Int32Array;
  /** That of the record that a row becomes. */
  sizeOf(row: number): number;
  /** Sends a row, whose `hashes` is noted; its reply goes to a new slot of the collection. */
  send(owner: number, row: number, size: number, collection: Collection, nowMs: number): void;
  /** Ends the oldest request: its reply has come. Who wants it, with `slot()` the place. */
  take(owner: number): Collection | null;
  slot(): number;
  /** Requests that are out. */
  outCount(owner: number): number;
  /** Gives up the requests that were sent before; their slots are pending no more. */
  giveUp(
    owner: number,
    beforeMs: number,
    told: (collection: Collection, slot: number) => void,
  ): number;
}

/** By opcode: 1 = its row has a value or a number beside the key. */
const HAS_VALUE = new Uint8Array(OPCODE_LIMIT);
for (const opcode of [OPCODE.SET, OPCODE.INCRBY, OPCODE.DECRBY, OPCODE.EXPIRE]) {
  HAS_VALUE[opcode] = 1;
}
for (const opcode of [RESP_OPCODE.SET, RESP_OPCODE.MSET]) HAS_VALUE[opcode] = 1;

export function createOutbox(parts: OutboxParts): Outbox {
  const { opcodes, keyOffsets, keyLengths, valueOffsets, valueLengths } = parts.batch;
  const { expiryOffsets, expiryLengths } = parts.batch;
  const { versions, requests } = parts;
  const { area } = parts.windows;
  const { view } = area;
  const hashes = new Int32Array(BATCH_CAPACITY);
  const writers = requests.map((buffer) => new RingWriter(buffer ?? reserveRing(RING_SIZE_MIN)));
  const ringSize = Math.max(...writers.map(({ size }) => size));
  const limitBytes = ringSize / 2;
  const wordMask = ringSize / 4 - 1;
  /** As many as can be out at an owner: a power of two. */
  const capacity = Math.max(1, limitBytes / RESERVATION_MIN);
  const mask = capacity - 1;
  const reservedBytes = new Int32Array(writers.length);
  const begins = new Int32Array(writers.length);
  const ends = new Int32Array(writers.length);
  /** By owner and place in its queue; null = nobody wants the reply. */
  const collections = new Array<Collection | null>(writers.length * capacity).fill(null);
  const slots = new Int32Array(writers.length * capacity);
  const reservations = new Int32Array(writers.length * capacity);
  const sentMs = new Int32Array(writers.length * capacity);
  let takenSlot = 0;

  function valueLengthOf(row: number): number {
    return HAS_VALUE[opcodes[row]!] === 1 ? valueLengths[row]! : 0;
  }

  function expiryLengthOf(row: number): number {
    return opcodes[row] === OPCODE.SET ? expiryLengths[row]! : 0;
  }

  function send(
    owner: number,
    row: number,
    size: number,
    collection: Collection,
    nowMs: number,
  ): void {
    const at = owner * capacity + (ends[owner]! & mask);
    ends[owner]!++;
    const reservation = reservationFor(size);
    reservedBytes[owner]! += reservation;
    reservations[at] = reservation;
    collections[at] = collection;
    slots[at] = collection.add();
    sentMs[at] = nowMs;
    collection.pendingCount++;
    write(writers[owner]!, row, size, versions[collection.connection]!);
  }

  function write(writer: RingWriter, row: number, size: number, version: number): void {
    const { head, words } = writer;
    const keyLength = keyLengths[row]!;
    const valueLength = valueLengthOf(row);
    const expiryLength = expiryLengthOf(row);
    let word = (head >>> 2) & wordMask;
    words[word] = opcodes[row]! | (version << VERSION_SHIFT) | (keyLength << KEY_LENGTH_SHIFT);
    words[word + HASH_WORD] = hashes[row]!;
    words[word + VALUE_WORD] = valueLength | (expiryLength << EXPIRY_LENGTH_SHIFT);
    words[word + SIZE_WORD] = size;
    word += RECORD_HEAD_WORDS;
    word = writeText(writer, word, keyOffsets[row]!, keyLength);
    if (valueLength > 0) word = writeText(writer, word, valueOffsets[row]!, valueLength);
    if (expiryLength > 0) writeText(writer, word, expiryOffsets[row]!, expiryLength);
    writer.head = (head + size) | 0;
  }

  /** Up to three bytes behind the text are written as well. */
  function writeText(writer: RingWriter, begin: number, offset: number, length: number): number {
    let word = begin;
    if (length >= NATIVE_COPY_LENGTH_MIN) {
      writer.copyFrom(area, offset, length, word << 2);
      return word + ((length + 3) >>> 2);
    }
    const { words } = writer;
    for (let from = offset; from < offset + length; from += 4) {
      words[word++ & wordMask] = view.getInt32(from, true);
    }
    return word;
  }

  function take(owner: number): Collection | null {
    const at = owner * capacity + (begins[owner]! & mask);
    begins[owner]!++;
    const collection = collections[at]!;
    collections[at] = null;
    reservedBytes[owner]! -= reservations[at]!;
    takenSlot = slots[at]!;
    if (collection !== null) collection.pendingCount--;
    return collection;
  }

  function giveUp(
    owner: number,
    beforeMs: number,
    told: (collection: Collection, slot: number) => void,
  ): number {
    let count = 0;
    for (let place = begins[owner]!; place !== ends[owner]!; place = (place + 1) | 0) {
      const at = owner * capacity + (place & mask);
      // Of times only the lower 32 bits are kept.
      if (((Math.ceil(beforeMs) - sentMs[at]!) | 0) <= 0) break;
      const collection = collections[at]!;
      if (collection === null) continue;
      collections[at] = null;
      collection.pendingCount--;
      count++;
      told(collection, slots[at]!);
    }
    return count;
  }

  return {
    writers,
    hashes,
    sizeOf: (row) => requestSize(keyLengths[row]!, valueLengthOf(row), expiryLengthOf(row)),
    hasRoom(owner, size) {
      if (reservedBytes[owner]! + reservationFor(size) > limitBytes) return false;
      return writers[owner]!.hasRoom(size);
    },
    send,
    take,
    slot: () => takenSlot,
    outCount: (owner) => (ends[owner]! - begins[owner]!) | 0,
    giveUp,
  };
}
