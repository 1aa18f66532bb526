// The slow log of all data threads together: entries one behind the other in a ring of bytes in
// shared memory, each as JSON, read and written under a lock. When there is no room for another
// entry the oldest ones go, whatever `slowlog-max-len` says.
//
//   +------+---------+-------+-------+-----+--------------------------------+
//   | lock | next id | count | begin | end | length, JSON · length, JSON · … |
//   +------+---------+-------+-------+-----+--------------------------------+
//
//   begin ≤ end ≤ begin + capacity; both only grow, and are taken modulo the capacity

import { lockWord, unlockWord } from "../lib/word-lock.ts";
import type { SlowLogEntries, SlowLogEntry } from "../redis/slow-log.ts";

const LOCK = 0;
const NEXT_ID = 0;
const COUNT = 1;
const BEGIN = 2;
const END = 3;
const LOCK_BYTES = 8;
const HEADER_BYTES = LOCK_BYTES + 4 * 8;
const LENGTH_BYTES = 4;
/** The arguments of an entry take some 30 KiB at most, and most of them 100 bytes. */
const CAPACITY = 2 ** 20;

export const SHARED_SLOW_LOG_BYTES = HEADER_BYTES + CAPACITY;

interface EntryText extends Omit<SlowLogEntry, "args"> {
  /** One character a byte. */
  readonly args: readonly string[];
}

export class SharedSlowLog implements SlowLogEntries {
  readonly #lock: Int32Array;
  /** Whole numbers that grow for ever. */
  readonly #header: Float64Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#lock = new Int32Array(buffer, offset, 1);
    this.#header = new Float64Array(buffer, offset + LOCK_BYTES, 4);
    this.#bytes = new Uint8Array(buffer, offset + HEADER_BYTES, CAPACITY);
  }

  get length(): number {
    return this.#header[COUNT]!;
  }

  push(entry: Omit<SlowLogEntry, "id">, lengthMax: number): void {
    const args = entry.args.map((arg) => arg.toString("latin1"));
    lockWord(this.#lock, LOCK);
    const id = this.#header[NEXT_ID]!++;
    const text = Buffer.from(JSON.stringify({ ...entry, id, args } satisfies EntryText));
    // A client's name may be as long as it likes.
    if (LENGTH_BYTES + text.length <= CAPACITY) this.#append(text, lengthMax);
    unlockWord(this.#lock, LOCK);
  }

  latest(count: number): SlowLogEntry[] {
    const texts: Buffer[] = [];
    lockWord(this.#lock, LOCK);
    const end = this.#header[END]!;
    for (let position = this.#header[BEGIN]!; position < end;) {
      const length = this.#read(position, LENGTH_BYTES).readUInt32LE();
      texts.push(this.#read(position + LENGTH_BYTES, length));
      position += LENGTH_BYTES + length;
    }
    unlockWord(this.#lock, LOCK);
    return texts
      .slice(Math.max(0, texts.length - count))
      .reverse()
      .map(parseEntry);
  }

  clear(): void {
    lockWord(this.#lock, LOCK);
    this.#header[BEGIN] = this.#header[END]!;
    this.#header[COUNT] = 0;
    unlockWord(this.#lock, LOCK);
  }

  #append(text: Uint8Array, lengthMax: number): void {
    const header = this.#header;
    const size = LENGTH_BYTES + text.length;
    while (header[END]! + size - header[BEGIN]! > CAPACITY) this.#dropOldest();
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(text.length);
    this.#write(length);
    this.#write(text);
    header[COUNT]!++;
    while (header[COUNT]! > lengthMax) this.#dropOldest();
  }

  #dropOldest(): void {
    const begin = this.#header[BEGIN]!;
    const length = this.#read(begin, LENGTH_BYTES).readUInt32LE();
    this.#header[BEGIN] = begin + LENGTH_BYTES + length;
    this.#header[COUNT]!--;
  }

  #write(bytes: Uint8Array): void {
    const place = this.#header[END]! % CAPACITY;
    const firstLength = Math.min(bytes.length, CAPACITY - place);
    this.#bytes.set(bytes.subarray(0, firstLength), place);
    this.#bytes.set(bytes.subarray(firstLength), 0);
    this.#header[END]! += bytes.length;
  }

  #read(position: number, length: number): Buffer {
    const place = position % CAPACITY;
    const bytes = Buffer.alloc(length);
    const firstLength = Math.min(length, CAPACITY - place);
    bytes.set(this.#bytes.subarray(place, place + firstLength));
    bytes.set(this.#bytes.subarray(0, length - firstLength), firstLength);
    return bytes;
  }
}

function parseEntry(text: Buffer): SlowLogEntry {
  const entry = JSON.parse(text.toString()) as EntryText;
  return { ...entry, args: entry.args.map((arg) => Buffer.from(arg, "latin1")) };
}
