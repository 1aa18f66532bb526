// A store without a server around it, with huge pages as a data thread has them, and the area that
// keys and values come from:
//
//   source   | a value of up to 64 KiB | one key    | streams of keys, one behind another |
//            0                         KEY_OFFSET   STREAMS_BEGIN

import { ByteArea } from "../src/lib/byte-area.ts";
import { systemClock } from "../src/lib/clock.ts";
import { MADV_HUGEPAGE, loadLibc } from "../src/lib/libc.ts";
import { BATCH_CAPACITY } from "../src/batch/batch.ts";
import { HUGE_PAGE_SIZE, type Arena } from "../src/store/arena.ts";
import { STORE_DEFAULTS, reserveStore } from "../src/store/store-buffers.ts";
import { Store } from "../src/store/store.ts";
import {
  KEY_LENGTH,
  keyStreamSize,
  writeKey,
  writeKeyStream,
  type KeyStream,
} from "./key-stream.ts";

export const VALUE_OFFSET = 0;
const VALUE_SIZE = 64 * 1024;
export const KEY_OFFSET = VALUE_SIZE;
const STREAMS_BEGIN = KEY_OFFSET + KEY_LENGTH;
export const SEEDS = [0x1234567, 0x89abcde, 0x3c6ef37] as const;

export class StoreStand {
  readonly source: ByteArea;
  readonly store: Store;
  #streamsEnd = STREAMS_BEGIN;

  /** `streamKeyCount` is the keys of all streams that will be open at once. */
  constructor(arenaSizeBytes: number, streamKeyCount: number) {
    const sourceSize = STREAMS_BEGIN + keyStreamSize(streamKeyCount);
    this.source = new ByteArea(new SharedArrayBuffer(sourceSize));
    this.source.bytes.fill("v", VALUE_OFFSET, VALUE_SIZE);
    const { segmentBits } = STORE_DEFAULTS;
    const buffers = reserveStore(arenaSizeBytes, segmentBits);
    this.store = new Store(buffers, this.source, systemClock, {
      ...STORE_DEFAULTS,
      seeds: SEEDS,
      releasePage: () => false,
    });
    adviseHugePages(this.store.arena);
  }

  /** `keyCount` keys of a kind in random order, in `roundCount` such orders. */
  openStream(kind: string, keyCount: number, roundCount = 1): KeyStream {
    const begin = this.#streamsEnd;
    this.#streamsEnd += keyStreamSize(keyCount * roundCount);
    return writeKeyStream(this.source, begin, kind, keyCount, roundCount, (offset, length) =>
      this.store.hashOf(offset, length),
    );
  }

  /** Frees the room of all streams. */
  closeStreams(): void {
    this.#streamsEnd = STREAMS_BEGIN;
  }

  /** Writes a key by its number, to KEY_OFFSET; its hash. */
  placeKey(kind: string, number: number): number {
    writeKey(this.source.bytes, KEY_OFFSET, kind, number);
    return this.store.hashOf(KEY_OFFSET, KEY_LENGTH);
  }

  /** Sets every key of a stream to the first bytes of the source's value, in order of number. */
  fill({ kind, keyCount }: KeyStream, valueLength: number): void {
    const { store } = this;
    for (let number = 0; number < keyCount; number++) {
      const hash = this.placeKey(kind, number);
      const entry = store.set(KEY_OFFSET, KEY_LENGTH, hash, VALUE_OFFSET, valueLength, 0, 0);
      if (entry === 0) throw new Error("the stand's arena is too small");
    }
  }

  /** Removes every key of a stream. */
  empty({ kind, keyCount }: KeyStream): void {
    for (let number = 0; number < keyCount; number++) {
      const hash = this.placeKey(kind, number);
      this.store.remove(KEY_OFFSET, KEY_LENGTH, hash);
    }
  }

  /** How many keys of a stream are there. */
  countFound({ kind, keyCount }: KeyStream): number {
    let count = 0;
    for (let number = 0; number < keyCount; number++) {
      const hash = this.placeKey(kind, number);
      if (this.store.find(KEY_OFFSET, KEY_LENGTH, hash) !== 0) count++;
    }
    return count;
  }
}

/**
 * Walks a stream by batches, again and again: `next` answers where the next batch begins. What does
 * not fill a batch at the end is left out.
 */
export function walkBatches(stream: KeyStream): () => number {
  const end = stream.count - (stream.count % BATCH_CAPACITY);
  let next = 0;
  return () => {
    const begin = next;
    next = begin + BATCH_CAPACITY === end ? 0 : begin + BATCH_CAPACITY;
    return begin;
  };
}

/** As src/server/data-thread.ts does. */
function adviseHugePages(arena: Arena): void {
  const libc = loadLibc();
  if (libc === null) return;
  for (const { bytes } of arena.areas) {
    const address = libc.addressOf(bytes);
    const begin = Math.ceil(address / HUGE_PAGE_SIZE) * HUGE_PAGE_SIZE;
    const length = address + bytes.length - begin;
    if (length >= HUGE_PAGE_SIZE) libc.madvise(begin, length, MADV_HUGEPAGE);
  }
}
