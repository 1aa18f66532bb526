// Whether values of some size are better stored outside their entries. Compared are the store as it
// is, and the same store whose entries hold a reference to a block with the value:
//
//   inline      | header | key | value |
//   separate    | header | key | reference | ──▶ | value |
//
// Reading a separate value costs one more dependent read, which a loop ahead of the batch can have
// overlap like the others. Writing a value of another size moves an inline entry with its key and
// its slot, and of a separate one the value alone. Keys come in random order, so that caches miss.

import { BATCH_CAPACITY } from "../src/batch/batch.ts";
import { assert } from "../src/lib/assert.ts";
import { ByteArea, copyBytes } from "../src/lib/byte-area.ts";
import { byteOffsetOf } from "../src/store/arena.ts";
import { entrySize } from "../src/store/entry.ts";
import { CLASS_SIZES, classOfSize } from "../src/store/size-class.ts";
import { KEY_LENGTH, type KeyStream } from "./key-stream.ts";
import { measureSection, type Budget, type Case, type Section } from "./measurement.ts";
import { SeparateValues, REFERENCE_SIZE } from "./separate-values.ts";
import { StoreStand, VALUE_OFFSET, walkBatches } from "./store-stand.ts";
import { runAhead } from "./table.ts";

const KIB = 1024;
const VALUE_SIZES = [16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB];
/** What a value of another size is: so much longer that its entry has to move, both ways. */
const REWRITE_FACTOR = 4;
/** Blocks come to lie in the order of one round of writing, and the next comes in another. */
const REWRITE_ORDERS = 2;
const SEND_WINDOW_SIZE = 128 * KIB;
/** Of the entries of one layout: many times what a cache holds. */
const FILL_SIZE_MAX = 768 * 2 ** 20;
/** Two layouts, and pages that are not full. */
const ARENA_SIZE_MAX = 3 * 2 ** 30;
const ARENA_SIZE_MIN = 64 * 2 ** 20;
const INLINE = "i";
const SEPARATE = "s";

export async function measureInlineSize(keyCount: number, budget: Budget): Promise<Section[]> {
  const arenaSize = ARENA_SIZE_MIN + keyCount * 4 * inlineBlockSize(VALUE_SIZES.at(-1)!);
  const stand = new StoreStand(Math.min(arenaSize, ARENA_SIZE_MAX), 2 * REWRITE_ORDERS * keyCount);
  const values = new SeparateValues(stand);
  const sections: Section[] = [];
  for (const size of VALUE_SIZES) {
    const count = fitCount(keyCount, size);
    sections.push(await measureReading(stand, values, size, count, budget));
  }
  for (const size of VALUE_SIZES) {
    const longer = size * REWRITE_FACTOR;
    if (longer > VALUE_SIZES.at(-1)!) continue;
    const count = fitCount(keyCount, longer);
    sections.push(await measureRewriting(stand, values, [size, longer], count, budget));
  }
  return sections;
}

/** As many keys as wanted, unless their values take too much memory; whole batches of them. */
function fitCount(keyCount: number, size: number): number {
  const count = Math.min(keyCount, Math.floor(FILL_SIZE_MAX / inlineBlockSize(size)));
  return count - (count % BATCH_CAPACITY);
}

function inlineBlockSize(size: number): number {
  return CLASS_SIZES[classOfSize(entrySize(KEY_LENGTH, size, false))]!;
}

function separateBlockSize(size: number): number {
  return inlineBlockSize(REFERENCE_SIZE) + CLASS_SIZES[classOfSize(size)]!;
}

async function measureReading(
  stand: StoreStand,
  values: SeparateValues,
  size: number,
  count: number,
  budget: Budget,
): Promise<Section> {
  const inline = stand.openStream(INLINE, count);
  const separate = stand.openStream(SEPARATE, count);
  stand.fill(inline, size);
  values.fill(separate, size);
  const section = await measureSection(
    `reading ${size} bytes, ${count.toLocaleString("en")} keys`,
    "value",
    [
      inlineReadCase("inline", stand, inline, copyNative),
      inlineReadCase("inline, copied by words", stand, inline, copyWords),
      separateReadCase("separate", stand, values, separate, false),
      separateReadCase("separate, touched ahead", stand, values, separate, true),
    ],
    budget,
    [`memory a key: inline ${inlineBlockSize(size)}, separate ${separateBlockSize(size)} bytes`],
  );
  close(stand, values, inline, separate);
  return section;
}

async function measureRewriting(
  stand: StoreStand,
  values: SeparateValues,
  sizes: readonly [number, number],
  count: number,
  budget: Budget,
): Promise<Section> {
  const inline = stand.openStream(INLINE, count, REWRITE_ORDERS);
  const separate = stand.openStream(SEPARATE, count, REWRITE_ORDERS);
  stand.fill(inline, sizes[0]);
  values.fill(separate, sizes[0]);
  const section = await measureSection(
    `writing ${sizes.join(" and ")} bytes in turn, ${count.toLocaleString("en")} keys`,
    "value",
    [inlineRewriteCase(stand, inline, sizes), separateRewriteCase(stand, values, separate, sizes)],
    budget,
  );
  close(stand, values, inline, separate);
  return section;
}

function close(
  stand: StoreStand,
  values: SeparateValues,
  inline: KeyStream,
  separate: KeyStream,
): void {
  values.empty(separate);
  stand.empty(inline);
  assert(stand.store.keyCount === 0, "every key was there, and none twice");
  stand.closeStreams();
}

/** Where replies go: round and round in a window, so that it stays in the cache. */
const target = new ByteArea(new SharedArrayBuffer(SEND_WINDOW_SIZE));

type Copy = (source: ByteArea, sourceOffset: number, targetOffset: number, length: number) => void;

function copyNative(source: ByteArea, from: number, to: number, length: number): void {
  copyBytes(source, from, target, to, length);
}

/** As src/command/fast-commands.ts copies a value that begins at a word. */
function copyWords(source: ByteArea, from: number, to: number, length: number): void {
  const sourceView = source.view;
  const targetView = target.view;
  for (let i = 0; i < length; i += 8) {
    targetView.setInt32(to + i, sourceView.getInt32(from + i, true), true);
    targetView.setInt32(to + i + 4, sourceView.getInt32(from + i + 4, true), true);
  }
}

/** Places in the target for values, one behind another. */
function walkTarget(): (length: number) => number {
  let next = 0;
  return (length) => {
    if (next + length > SEND_WINDOW_SIZE) next = 0;
    const position = next;
    next += length;
    return position;
  };
}

function inlineReadCase(name: string, { store }: StoreStand, stream: KeyStream, copy: Copy): Case {
  const { candidates } = store.segments;
  const nextBatch = walkBatches(stream);
  const place = walkTarget();
  const hashes = new Int32Array(BATCH_CAPACITY);
  const found = new Int32Array(BATCH_CAPACITY);
  return {
    name,
    operationCount: BATCH_CAPACITY,
    run() {
      const first = nextBatch();
      runAhead(candidates, stream.hashes, first, hashes, found, BATCH_CAPACITY);
      for (let row = 0; row < BATCH_CAPACITY; row++) {
        const offset = stream.begin + (first + row) * KEY_LENGTH;
        const entry = store.find(offset, KEY_LENGTH, hashes[row]!);
        const length = store.valueLength(entry);
        copy(store.area(entry), store.valueOffset(entry), place(length), length);
      }
      return candidates.sink();
    },
  };
}

function separateReadCase(
  name: string,
  { store }: StoreStand,
  values: SeparateValues,
  stream: KeyStream,
  touchesAhead: boolean,
): Case {
  const { candidates } = store.segments;
  const nextBatch = walkBatches(stream);
  const place = walkTarget();
  const hashes = new Int32Array(BATCH_CAPACITY);
  const found = new Int32Array(BATCH_CAPACITY);
  return {
    name,
    operationCount: BATCH_CAPACITY,
    run() {
      const first = nextBatch();
      runAhead(candidates, stream.hashes, first, hashes, found, BATCH_CAPACITY);
      if (touchesAhead) values.touch(found, BATCH_CAPACITY);
      for (let row = 0; row < BATCH_CAPACITY; row++) {
        const offset = stream.begin + (first + row) * KEY_LENGTH;
        const entry = store.find(offset, KEY_LENGTH, hashes[row]!);
        const block = values.blockOf(entry);
        const length = values.lengthOf(entry);
        copyNative(values.areaOf(block), byteOffsetOf(block), place(length), length);
      }
      return candidates.sink() ^ values.sink;
    },
  };
}

/** The size of a key's next value: keys of even and of odd numbers have the two sizes in turn. */
function walkSizes(
  { source }: StoreStand,
  { keyCount }: KeyStream,
  sizes: readonly [number, number],
): (first: number, row: number, keyOffset: number) => number {
  const { bytes } = source;
  let round = 0;
  return (first, row, keyOffset) => {
    if (row === 0 && first % keyCount === 0) round++;
    const lastDigit = bytes[keyOffset + KEY_LENGTH - 1]!;
    return sizes[(round + lastDigit) % 2]!;
  };
}

function inlineRewriteCase(
  stand: StoreStand,
  stream: KeyStream,
  sizes: readonly [number, number],
): Case {
  const { store } = stand;
  const { candidates } = store.segments;
  const nextBatch = walkBatches(stream);
  const nextSize = walkSizes(stand, stream, sizes);
  const hashes = new Int32Array(BATCH_CAPACITY);
  const found = new Int32Array(BATCH_CAPACITY);
  return {
    name: "inline: entry, key and value move",
    operationCount: BATCH_CAPACITY,
    run() {
      const first = nextBatch();
      runAhead(candidates, stream.hashes, first, hashes, found, BATCH_CAPACITY);
      for (let row = 0; row < BATCH_CAPACITY; row++) {
        const offset = stream.begin + (first + row) * KEY_LENGTH;
        const size = nextSize(first, row, offset);
        const entry = store.set(offset, KEY_LENGTH, hashes[row]!, VALUE_OFFSET, size, 0, 0);
        assert(entry !== 0, "there is memory");
      }
      return candidates.sink();
    },
  };
}

function separateRewriteCase(
  stand: StoreStand,
  values: SeparateValues,
  stream: KeyStream,
  sizes: readonly [number, number],
): Case {
  const { store } = stand;
  const { candidates } = store.segments;
  const nextBatch = walkBatches(stream);
  const nextSize = walkSizes(stand, stream, sizes);
  const hashes = new Int32Array(BATCH_CAPACITY);
  const found = new Int32Array(BATCH_CAPACITY);
  return {
    name: "separate: the value moves",
    operationCount: BATCH_CAPACITY,
    run() {
      const first = nextBatch();
      runAhead(candidates, stream.hashes, first, hashes, found, BATCH_CAPACITY);
      values.touch(found, BATCH_CAPACITY);
      for (let row = 0; row < BATCH_CAPACITY; row++) {
        const offset = stream.begin + (first + row) * KEY_LENGTH;
        values.rewrite(store.find(offset, KEY_LENGTH, hashes[row]!), nextSize(first, row, offset));
      }
      return candidates.sink() ^ values.sink;
    },
  };
}
