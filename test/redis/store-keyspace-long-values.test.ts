// StoreKeyspace beside ModelKeyspace with values in pieces, in memory that runs out: what the store
// refuses, the model is not asked, and nothing may have changed.

import { expect, test } from "bun:test";
import { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import { KEEP_DEADLINE, NO_DEADLINE, type NewValue } from "../../src/redis/keyspace.ts";
import { StoreParcel } from "../../src/redis/parcel.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { reserveStore } from "../../src/store/store-buffers.ts";
import { Store } from "../../src/store/store.ts";
import { tries } from "../support/effort.ts";
import { ModelKeyspace } from "../support/model-keyspace.ts";
import { Random } from "../support/random.ts";
import { TestClock } from "../support/test-clock.ts";

const MIB = 2 ** 20;
const BYTES = Buffer.alloc(3 * MIB);
new Random(1).fill(BYTES);
/** A key so long that a value short enough for a block beside others does not fit beside it. */
const KEYS = ["a", "b", "c", "L".repeat(60_000)].map((key) => Buffer.from(key));
const DATABASES = [0, 5];
const LENGTHS = [0, 10, 75_000, 131_063, 131_064, PAGE_SIZE, 3 * PAGE_SIZE, MIB, 2 * MIB + 1];

class History {
  refusedCount = 0;
  readonly #random: Random;
  readonly #store: Store;
  readonly #keys: StoreKeyspace;
  readonly #model: ModelKeyspace;
  readonly #pinned: { reference: number; value: Buffer }[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
    const windows = new ReceiveWindows(1, 1024);
    const buffers = reserveStore(this.#random.between(20, 70) * PAGE_SIZE, 1);
    const clock = new TestClock();
    this.#store = new Store(buffers, windows.area, clock, {
      seeds: [1, 2, 3],
      slotsLog2Min: 6,
      slotsLog2Max: 13,
      releasePage: () => true,
    });
    this.#keys = new StoreKeyspace(this.#store, windows);
    this.#model = new ModelKeyspace(clock.nowMs());
  }

  step(): void {
    const random = this.#random;
    const database = random.pick(DATABASES);
    const key = random.pick(KEYS);
    const choice = random.below(100);
    if (choice < 35) this.#set(database, key);
    else if (choice < 50) this.#overwrite(database, key);
    else if (choice < 75) this.#copyOrMove(database, key);
    else if (choice < 82) this.#setDeadline(database, key);
    else if (choice < 87) this.#both((keys) => keys.delete(database, key));
    else if (choice < 97) this.#pinOrUnpin(database, key);
    else if (choice < 98) this.#both((keys) => keys.flush(database));
    else this.#passTime();
    this.#compare(database, key);
  }

  finish(): void {
    for (const database of DATABASES) for (const key of KEYS) this.#compare(database, key);
    this.#both((keys) => keys.flush());
    for (const { reference, value } of this.#pinned.splice(0)) {
      expect(this.#store.values.bytes(reference, 0, value.length).equals(value)).toBe(true);
      this.#store.unpin(reference);
    }
    const memory = this.#store.memoryBytes();
    expect([memory.entries, memory.pieces, this.#store.keyCount]).toEqual([0, 0, 0]);
  }

  #set(database: number, key: Buffer): void {
    const random = this.#random;
    const bytes = BYTES.subarray(0, random.pick(LENGTHS));
    const deadlines = [NO_DEADLINE, KEEP_DEADLINE, BigInt(this.#store.nowMs + 5000)];
    const deadlineMs = random.pick(deadlines);
    const parcel = random.oneIn(2) ? this.#fill(bytes) : null;
    this.#try(
      (keys, value) => keys.set(database, key, value, deadlineMs),
      parcel ?? bytes,
      Buffer.from(bytes),
    );
    parcel?.discard();
  }

  /** Null when memory is full. */
  #fill(bytes: Buffer): StoreParcel | null {
    const parcel = new StoreParcel(this.#store);
    for (let begin = 0; begin < bytes.length; begin += 50_000) {
      if (!parcel.append(bytes, begin, Math.min(begin + 50_000, bytes.length))) return null;
    }
    return parcel;
  }

  #overwrite(database: number, key: Buffer): void {
    const length = this.#keys.find(database, key)?.length;
    if (length === undefined) return;
    const random = this.#random;
    const position = random.pick([0, random.below(length + 1), length, length + 100_000]);
    const bytes = BYTES.subarray(3, 3 + random.pick([1, 1000, PAGE_SIZE + 1]));
    this.#try((keys) => keys.overwrite(database, key, position, bytes), bytes, bytes);
  }

  #copyOrMove(from: number, key: Buffer): void {
    const random = this.#random;
    const to = random.pick(DATABASES);
    const newKey = random.pick(KEYS);
    if (this.#keys.find(from, key) === null) return;
    if (to === from && newKey === key) return;
    const name = random.oneIn(2) ? "copy" : "move";
    this.#try((keys) => keys[name](from, key, to, newKey), key, key);
    this.#compare(to, newKey);
  }

  #setDeadline(database: number, key: Buffer): void {
    if (this.#keys.find(database, key) === null) return;
    const deadlineMs = this.#random.oneIn(2) ? NO_DEADLINE : BigInt(this.#store.nowMs + 3000);
    this.#try((keys) => keys.setDeadline(database, key, deadlineMs), key, key);
  }

  #pinOrUnpin(database: number, key: Buffer): void {
    if (this.#pinned.length > 0 && this.#random.oneIn(2)) {
      const { reference, value } = this.#pinned.pop()!;
      expect(this.#store.values.bytes(reference, 0, value.length).equals(value)).toBe(true);
      this.#store.unpin(reference);
      return;
    }
    const found = this.#keys.find(database, key);
    if (found === null) return;
    this.#store.pins.pin(found.reference);
    this.#pinned.push({ reference: found.reference, value: found.bytes() });
  }

  #passTime(): void {
    this.#store.nowMs += this.#random.below(3000);
    this.#model.nowMs = this.#store.nowMs;
    this.#store.runMaintenance();
  }

  /** Does it to the model if the store has done it; the model takes bytes for a parcel. */
  #try(
    write: (keys: StoreKeyspace | ModelKeyspace, value: NewValue) => boolean,
    value: NewValue,
    bytes: Buffer,
  ): void {
    if (write(this.#keys, value)) expect(write(this.#model, bytes)).toBe(true);
    else this.refusedCount++;
  }

  #both<T>(work: (keys: StoreKeyspace | ModelKeyspace) => T): void {
    expect(work(this.#keys)).toEqual(work(this.#model));
  }

  #compare(database: number, key: Buffer): void {
    const expected = this.#model.find(database, key);
    const actual = this.#keys.find(database, key);
    expect(actual === null).toBe(expected === null);
    expect(this.#keys.count(database)).toBeGreaterThanOrEqual(actual === null ? 0 : 1);
    if (actual === null || expected === null) return;
    expect(actual.deadlineMs).toBe(expected.deadlineMs);
    expect(actual.length).toBe(expected.length);
    if (!actual.bytes().equals(expected.bytes())) throw new Error("a value differs");
    const [begin, end] = [this.#random.below(actual.length + 1), actual.length];
    expect(actual.bytes(begin, end).equals(expected.bytes(begin, end))).toBe(true);
    expect(this.#keys.memoryBytes(database, key)).toBeGreaterThan(actual.length);
  }
}

test("StoreKeyspace agrees with the model about long values", () => {
  let refusedCount = 0;
  for (let seed = 0; seed < tries(5); seed++) {
    const history = new History(seed);
    try {
      for (let step = 0; step < 200; step++) history.step();
      history.finish();
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
    refusedCount += history.refusedCount;
  }
  expect(refusedCount).toBeGreaterThan(20);
  expect(refusedCount).toBeLessThan(2000);
});
