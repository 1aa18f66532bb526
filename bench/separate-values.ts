// The other layout of inline-size.ts, which the store does not have: an entry's value is 8 bytes,
//
//   0 reference of a block with nothing but the value     4 its length
//
// and the block comes from the store's own heap, so that it costs what a block costs.

import { assert } from "../src/lib/assert.ts";
import { copyBytes, type ByteArea } from "../src/lib/byte-area.ts";
import { BANK_SHIFT, byteOffsetOf, wordIndexOf } from "../src/store/arena.ts";
import { PURPOSE } from "../src/store/block-heap.ts";
import { ENTRY_HEADER_SIZE } from "../src/store/entry.ts";
import { classOfSize } from "../src/store/size-class.ts";
import { KEY_LENGTH, type KeyStream } from "./key-stream.ts";
import { KEY_OFFSET, VALUE_OFFSET, type StoreStand } from "./store-stand.ts";

export const REFERENCE_SIZE = 8;
/** Of the reference in an entry without a deadline: keys are of whole words. */
const REFERENCE_WORD = (ENTRY_HEADER_SIZE + KEY_LENGTH) / 4;

assert(KEY_LENGTH % 4 === 0, "a reference lies at a word");

export class SeparateValues {
  /** What `touch` has read. */
  sink = 0;
  readonly #stand: StoreStand;
  readonly #banks: readonly Int32Array[];
  readonly #areas: readonly ByteArea[];

  constructor(stand: StoreStand) {
    this.#stand = stand;
    this.#banks = stand.store.arena.words;
    this.#areas = stand.store.arena.areas;
  }

  /** Sets every key of a stream to the first bytes of the source's value, in order of number. */
  fill(stream: KeyStream, valueLength: number): void {
    const { store } = this.#stand;
    this.#stand.fill(stream, REFERENCE_SIZE);
    for (let number = 0; number < stream.keyCount; number++) {
      const hash = this.#stand.placeKey(stream.kind, number);
      const entry = store.find(KEY_OFFSET, KEY_LENGTH, hash);
      this.#write(entry, this.#allocate(valueLength), valueLength);
    }
  }

  /** Removes every key of a stream, with its value. */
  empty(stream: KeyStream): void {
    const { store } = this.#stand;
    for (let number = 0; number < stream.keyCount; number++) {
      const hash = this.#stand.placeKey(stream.kind, number);
      store.heap.free(this.blockOf(store.find(KEY_OFFSET, KEY_LENGTH, hash)));
      store.remove(KEY_OFFSET, KEY_LENGTH, hash);
    }
  }

  blockOf(entry: number): number {
    return this.#banks[entry >>> BANK_SHIFT]![wordIndexOf(entry) + REFERENCE_WORD]!;
  }

  lengthOf(entry: number): number {
    return this.#banks[entry >>> BANK_SHIFT]![wordIndexOf(entry) + REFERENCE_WORD + 1]!;
  }

  areaOf(block: number): ByteArea {
    return this.#areas[block >>> BANK_SHIFT]!;
  }

  /** Reads the first line of the values of the first `count` entries. */
  touch(entries: Int32Array, count: number): void {
    let read = 0;
    for (let i = 0; i < count; i++) {
      const block = this.blockOf(entries[i]!);
      read ^= this.#banks[block >>> BANK_SHIFT]![wordIndexOf(block)]!;
    }
    this.sink ^= read;
  }

  /** Replaces a value by one of another size. */
  rewrite(entry: number, valueLength: number): void {
    const old = this.blockOf(entry);
    this.#write(entry, this.#allocate(valueLength), valueLength);
    this.#stand.store.heap.free(old);
  }

  #allocate(valueLength: number): number {
    const block = this.#stand.store.heap.allocate(PURPOSE.ENTRY, classOfSize(valueLength));
    assert(block !== 0, "there is memory");
    return block;
  }

  #write(entry: number, block: number, valueLength: number): void {
    const words = this.#banks[entry >>> BANK_SHIFT]!;
    const word = wordIndexOf(entry) + REFERENCE_WORD;
    words[word] = block;
    words[word + 1] = valueLength;
    const { source } = this.#stand;
    copyBytes(source, VALUE_OFFSET, this.areaOf(block), byteOffsetOf(block), valueLength);
  }
}
