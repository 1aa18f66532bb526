// A row of a batch that a test makes itself: its key and value lie in the first receive window.

import { Batch } from "../../src/batch/batch.ts";
import type { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import type { Store } from "../../src/store/store.ts";

// Neither begins at a multiple of a word.
const KEY_OFFSET = 5;
const VALUE_OFFSET = 30_003;

export class BatchRow {
  readonly batch = new Batch();
  readonly #store: Store;
  readonly #windows: ReceiveWindows;

  constructor(store: Store, windows: ReceiveWindows) {
    this.#store = store;
    this.#windows = windows;
  }

  /** Row 0 is about this key, with this value or amount. Text is one byte a character. */
  write(key: string, value = ""): void {
    const { bytes } = this.#windows.area;
    const { batch } = this;
    bytes.write(key, KEY_OFFSET, "latin1");
    bytes.write(value, VALUE_OFFSET, "latin1");
    batch.keyOffsets[0] = KEY_OFFSET;
    batch.keyLengths[0] = key.length;
    batch.valueOffsets[0] = VALUE_OFFSET;
    batch.valueLengths[0] = value.length;
    batch.hashes[0] = this.#store.hashOf(KEY_OFFSET, key.length);
  }

  /** Sets the row's key to a value; its entry. */
  set(key: string, value: string, deadlineMs = 0): number {
    this.write(key, value);
    const { batch } = this;
    const high = Math.floor(deadlineMs / 2 ** 32);
    return this.#store.set(
      KEY_OFFSET,
      key.length,
      batch.hashes[0]!,
      VALUE_OFFSET,
      value.length,
      deadlineMs | 0,
      high,
    );
  }

  /** The value of a key, null = there is none. */
  get(key: string): string | null {
    this.write(key);
    const reference = this.#store.find(KEY_OFFSET, key.length, this.batch.hashes[0]!);
    if (reference === 0) return null;
    const length = this.#store.valueLength(reference);
    return this.#store.values.bytes(reference, 0, length).toString("latin1");
  }
}
