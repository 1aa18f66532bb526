// What the store's operations cost by the number of keys, hashing and replying not counted; and
// what the loops that run ahead of a batch win over the same loops for one row at a time.

import { BATCH_CAPACITY } from "../src/batch/batch.ts";
import { assert } from "../src/lib/assert.ts";
import type { Candidates } from "../src/store/candidates.ts";
import { KEY_LENGTH, type KeyStream } from "./key-stream.ts";
import { measureSection, type Budget, type Case, type Section } from "./measurement.ts";
import { StoreStand, VALUE_OFFSET, walkBatches } from "./store-stand.ts";

const VALUE_LENGTH = 32;
const ARENA_SIZE_MIN = 64 * 2 ** 20;
/** Key, value, header and slot, with room to spare. */
const ARENA_SIZE_PER_KEY = 128;
/** One call's operations: enough to be timed. */
const BATCHES_PER_CALL = 16;
const OPERATIONS_PER_CALL = BATCHES_PER_CALL * BATCH_CAPACITY;

export async function measureTable(keyCount: number, budget: Budget): Promise<Section[]> {
  assert(keyCount >= BATCH_CAPACITY, "there are keys for a batch");
  // Keys that are there, keys that never are, and keys that come and go.
  const freshCount = Math.min(keyCount, 16 * OPERATIONS_PER_CALL);
  const stand = new StoreStand(ARENA_SIZE_MIN + keyCount * ARENA_SIZE_PER_KEY, 3 * keyCount);
  const present = stand.openStream("k", keyCount);
  const absent = stand.openStream("m", keyCount);
  const fresh = stand.openStream("f", freshCount);
  stand.fill(present, VALUE_LENGTH);
  assert(stand.countFound(present) === keyCount, "a hit hits");
  assert(stand.countFound(absent) === 0, "a miss misses");

  const { candidates } = stand.store.segments;
  const title = `table, ${keyCount.toLocaleString("en")} keys`;
  const operations = [
    findCase("find, hit", stand, present),
    findCase("find, miss", stand, absent),
    overwriteCase(stand, present),
    comeAndGoCase(stand, fresh),
  ];
  const loops = [
    aheadCase("touch, find, touch: 64 rows", candidates, present, BATCH_CAPACITY),
    aheadCase("touch, find, touch: one by one", candidates, present, 1),
    aheadAndFindCase("the same, then find of each: 64 rows", stand, present, BATCH_CAPACITY),
    aheadAndFindCase("the same, then find of each: one by one", stand, present, 1),
  ];
  const sections = [
    await measureSection(title, "operation", operations, budget),
    await measureSection(`${title}: loops ahead of a batch`, "row", loops, budget),
  ];
  assert(stand.store.keyCount === keyCount, "what came has gone");
  return sections;
}

function findCase(name: string, { store }: StoreStand, stream: KeyStream): Case {
  const { begin, hashes } = stream;
  const nextBatch = walkBatches(stream);
  return {
    name,
    operationCount: OPERATIONS_PER_CALL,
    run() {
      let sum = 0;
      for (let batch = 0; batch < BATCHES_PER_CALL; batch++) {
        const first = nextBatch();
        for (let i = first; i < first + BATCH_CAPACITY; i++) {
          sum ^= store.find(begin + i * KEY_LENGTH, KEY_LENGTH, hashes[i]!);
        }
      }
      return sum;
    },
  };
}

function overwriteCase({ store }: StoreStand, stream: KeyStream): Case {
  const { begin, hashes } = stream;
  const nextBatch = walkBatches(stream);
  return {
    name: "set over an entry",
    operationCount: OPERATIONS_PER_CALL,
    run() {
      let sum = 0;
      for (let batch = 0; batch < BATCHES_PER_CALL; batch++) {
        const first = nextBatch();
        for (let i = first; i < first + BATCH_CAPACITY; i++) {
          const offset = begin + i * KEY_LENGTH;
          sum ^= store.set(offset, KEY_LENGTH, hashes[i]!, VALUE_OFFSET, VALUE_LENGTH, 0, 0);
        }
      }
      return sum;
    },
  };
}

/** New keys by batches; each batch goes before the next comes. */
function comeAndGoCase({ store }: StoreStand, stream: KeyStream): Case {
  const { begin, hashes } = stream;
  const nextBatch = walkBatches(stream);
  return {
    name: "insert and delete",
    operationCount: OPERATIONS_PER_CALL,
    run() {
      let sum = 0;
      for (let batch = 0; batch < BATCHES_PER_CALL; batch++) {
        const first = nextBatch();
        for (let i = first; i < first + BATCH_CAPACITY; i++) {
          const offset = begin + i * KEY_LENGTH;
          sum ^= store.set(offset, KEY_LENGTH, hashes[i]!, VALUE_OFFSET, VALUE_LENGTH, 0, 0);
        }
        for (let i = first; i < first + BATCH_CAPACITY; i++) {
          sum += Number(store.remove(begin + i * KEY_LENGTH, KEY_LENGTH, hashes[i]!));
        }
      }
      return sum;
    },
  };
}

function aheadCase(
  name: string,
  candidates: Candidates,
  stream: KeyStream,
  rowsPerBatch: number,
): Case {
  const nextBatch = walkBatches(stream);
  const hashes = new Int32Array(BATCH_CAPACITY);
  const found = new Int32Array(BATCH_CAPACITY);
  return {
    name,
    operationCount: OPERATIONS_PER_CALL,
    run() {
      for (let batch = 0; batch < BATCHES_PER_CALL; batch++) {
        const first = nextBatch();
        for (let i = first; i < first + BATCH_CAPACITY; i += rowsPerBatch) {
          runAhead(candidates, stream.hashes, i, hashes, found, rowsPerBatch);
        }
      }
      return candidates.sink();
    },
  };
}

function aheadAndFindCase(
  name: string,
  { store }: StoreStand,
  stream: KeyStream,
  rowsPerBatch: number,
): Case {
  const { candidates } = store.segments;
  const { begin } = stream;
  const nextBatch = walkBatches(stream);
  const hashes = new Int32Array(BATCH_CAPACITY);
  const found = new Int32Array(BATCH_CAPACITY);
  return {
    name,
    operationCount: OPERATIONS_PER_CALL,
    run() {
      let sum = 0;
      for (let batch = 0; batch < BATCHES_PER_CALL; batch++) {
        const first = nextBatch();
        for (let i = first; i < first + BATCH_CAPACITY; i += rowsPerBatch) {
          runAhead(candidates, stream.hashes, i, hashes, found, rowsPerBatch);
          for (let row = 0; row < rowsPerBatch; row++) {
            sum ^= store.find(begin + (i + row) * KEY_LENGTH, KEY_LENGTH, hashes[row]!);
          }
        }
      }
      return sum ^ candidates.sink();
    },
  };
}

/** What src/command/executor.ts does before it executes the rows. */
export function runAhead(
  candidates: Candidates,
  streamHashes: Int32Array,
  first: number,
  hashes: Int32Array,
  found: Int32Array,
  count: number,
): void {
  for (let row = 0; row < count; row++) hashes[row] = streamHashes[first + row]!;
  candidates.touchSlots(hashes, count);
  candidates.find(hashes, found, 0, count);
  candidates.touchEntries(found, count);
}
