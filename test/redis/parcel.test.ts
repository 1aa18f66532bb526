import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { StoreParcel } from "../../src/redis/parcel.ts";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { reserveStore } from "../../src/store/store-buffers.ts";
import { Store } from "../../src/store/store.ts";
import { Random } from "../support/random.ts";
import { TestClock } from "../support/test-clock.ts";

const MIB = 2 ** 20;
const BYTES = Buffer.alloc(4 * MIB);
new Random(1).fill(BYTES);

class ParcelFixture {
  readonly clock = new TestClock();
  readonly source = new ByteArea(new ArrayBuffer(1024));
  readonly store: Store;

  constructor(sizeBytes: number) {
    this.store = new Store(reserveStore(sizeBytes, 2), this.source, this.clock, {
      seeds: [1, 2, 3],
      slotsLog2Min: 6,
      slotsLog2Max: 13,
      releasePage: () => true,
    });
  }

  /** A parcel of the first bytes of `BYTES`, which came in pieces of their own. */
  fill(length: number, step: number): StoreParcel {
    const parcel = new StoreParcel(this.store);
    while (parcel.length < length) {
      const end = Math.min(length, parcel.length + step);
      expect(parcel.append(BYTES, parcel.length, end)).toBe(true);
    }
    return parcel;
  }

  link(parcel: StoreParcel, key: string, deadlineMs = 0): number {
    const length = this.source.bytes.write(key);
    const high = Math.floor(deadlineMs / 2 ** 32) | 0;
    return parcel.link(0, length, this.store.hashOf(0, length), deadlineMs | 0, high);
  }

  find(key: string): number {
    const length = this.source.bytes.write(key);
    return this.store.find(0, length, this.store.hashOf(0, length));
  }

  /** Whether a key has the first bytes of `BYTES`. */
  has(key: string, length: number): boolean {
    const { values } = this.store;
    const reference = this.find(key);
    const isThere = reference !== 0 && values.length(reference) === length;
    return isThere && values.bytes(reference, 0, length).equals(BYTES.subarray(0, length));
  }
}

describe("StoreParcel", () => {
  test("becomes a key's value with a deadline, without another page", () => {
    const fixture = new ParcelFixture(8 * MIB);
    fixture.fill(PAGE_SIZE, PAGE_SIZE).discard();
    const parcel = fixture.fill(3 * MIB + 7, 65_536);
    const { pieces } = fixture.store.memoryBytes();
    expect(pieces).toBe(3 * MIB + PAGE_SIZE);
    const deadlineMs = fixture.store.nowMs + 5000;
    const entry = fixture.link(parcel, "key", deadlineMs);
    expect(fixture.store.deadlineMs(entry)).toBe(deadlineMs);
    expect(fixture.has("key", 3 * MIB + 7)).toBe(true);
    expect(fixture.store.memoryBytes().pieces).toBe(pieces);
    expect(parcel.length).toBe(3 * MIB + 7);
    // Done with, as every parcel is in the end; the key has its bytes.
    parcel.discard();
    expect(fixture.has("key", 3 * MIB + 7)).toBe(true);
  });

  test("that fits a block goes there and gives its piece back", () => {
    for (const length of [0, 1, 70_000, PAGE_SIZE - 12]) {
      const fixture = new ParcelFixture(8 * MIB);
      // The old value is longer, and is written over in place where that wastes little.
      fixture.link(fixture.fill(PAGE_SIZE - 11, 65_536), "key");
      fixture.link(fixture.fill(length, 1000), "key");
      expect(fixture.has("key", length)).toBe(true);
      expect(fixture.store.values.isInPieces(fixture.find("key"))).toBe(false);
      expect(fixture.store.memoryBytes().pieces).toBe(0);
    }
  });

  test("copies its bytes for what is joined to another value", () => {
    const fixture = new ParcelFixture(8 * MIB);
    expect(fixture.fill(0, 1).bytes().length).toBe(0);
    const parcel = fixture.fill(2 * PAGE_SIZE + 1, 100_000);
    expect(parcel.bytes().equals(BYTES.subarray(0, 2 * PAGE_SIZE + 1))).toBe(true);
  });

  test("gives everything back when memory is full, or its sender leaves", () => {
    const fixture = new ParcelFixture(2 * MIB);
    const { takenCount } = fixture.store.pool;
    const left = fixture.fill(MIB, 65_536);
    left.discard();
    expect(fixture.store.pool.takenCount).toBe(takenCount);
    const refused = fixture.fill(MIB, 65_536);
    expect(refused.append(BYTES, 0, 2 * MIB)).toBe(false);
    expect(fixture.store.pool.takenCount).toBe(takenCount);
    expect(fixture.store.memoryBytes().pieces).toBe(0);
  });

  test("that no block can be had for is still the caller's, and no key has changed", () => {
    const fixture = new ParcelFixture(4 * MIB);
    fixture.link(fixture.fill(10, 10), "key");
    const { entries } = fixture.store.memoryBytes();
    const parcel = fixture.fill(MIB, 65_536);
    const { takenCount } = fixture.store.pool;
    fixture.store.pool.setLimit(takenCount);
    expect(fixture.link(parcel, "key")).toBe(0);
    expect(fixture.link(parcel, "other")).toBe(0);
    expect(fixture.has("key", 10)).toBe(true);
    expect(fixture.store.keyCount).toBe(1);
    expect(fixture.store.memoryBytes().entries).toBe(entries);
    expect(parcel.bytes().equals(BYTES.subarray(0, MIB))).toBe(true);
    fixture.store.pool.setLimit(takenCount + 2);
    expect(fixture.link(parcel, "other")).not.toBe(0);
    expect(fixture.has("other", MIB)).toBe(true);
  });

  test("of many pieces is given back at once with its key", () => {
    const fixture = new ParcelFixture(80 * MIB);
    const { store } = fixture;
    const parcel = new StoreParcel(store);
    for (let i = 0; i < 16; i++) expect(parcel.append(BYTES)).toBe(true);
    fixture.link(parcel, "key");
    expect(store.memoryBytes().pieces).toBe(64 * MIB);
    const tail = store.values.bytes(fixture.find("key"), 64 * MIB - 5, 64 * MIB);
    expect(tail.equals(BYTES.subarray(-5))).toBe(true);
    const { takenCount } = store.pool;
    store.remove(0, 3, store.hashOf(0, 3));
    expect(store.memoryBytes().pieces).toBe(0);
    // The pages of the pieces, and the one of the entry.
    expect(store.pool.takenCount).toBe(takenCount - 512 - 1);
  });
});
