import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { reserveStore } from "../../src/store/store-buffers.ts";
import { Store } from "../../src/store/store.ts";

const KEY_LENGTH = 8;
const LONG_LENGTH = 1000;
const SHORT_LENGTH = 5;
const VALUE_OFFSET = 1024;

describe("Store that is full", () => {
  test("still takes a shorter value for a key it has", () => {
    const source = new ByteArea(new SharedArrayBuffer(8192));
    const store = new Store(reserveStore(2 * 1024 * 1024, 1), source, systemClock, {
      seeds: [1, 2, 3],
      slotsLog2Min: 6,
      slotsLog2Max: 7,
      releasePage: () => true,
    });
    const set = (number: number, valueLength: number): number => {
      source.view.setFloat64(0, number);
      const hash = store.hashOf(0, KEY_LENGTH);
      return store.set(0, KEY_LENGTH, hash, VALUE_OFFSET, valueLength, 0, 0);
    };
    let count = 0;
    while (set(count, LONG_LENGTH) !== 0) count++;
    expect(count).toBeGreaterThan(100);

    // Only a block of another size class would be smaller, and there is no page for one.
    const entry = set(0, SHORT_LENGTH);

    expect(entry).not.toBe(0);
    expect(store.valueLength(entry)).toBe(SHORT_LENGTH);
    expect(store.keyCount).toBe(count);
  });
});
