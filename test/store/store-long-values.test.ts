// Values in pieces (src/store/pieces.ts) as keys have them: every way that one comes, goes or stays
// has to leave exactly the pages that are some value's.

import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { DEADLINE_SIZE, ENTRY_HEADER_SIZE } from "../../src/store/entry.ts";
import { emptyChain, type PieceChain } from "../../src/store/pieces.ts";
import { BLOCK_SIZE_MAX } from "../../src/store/size-class.ts";
import { tries } from "../support/effort.ts";
import { Random } from "../support/random.ts";
import { StoreFixture } from "../support/store-fixture.ts";

const MIB = 2 ** 20;
const BYTES = Buffer.alloc(4 * MIB);
new Random(1).fill(BYTES);

const KEYS = ["a", "b", "c", "d", "e"];
/** The longest value beside a key of one byte. */
const INLINE_MAX = BLOCK_SIZE_MAX - ENTRY_HEADER_SIZE - 1;
const LENGTHS = [
  0,
  5,
  70_000,
  INLINE_MAX - DEADLINE_SIZE - 1,
  INLINE_MAX - DEADLINE_SIZE,
  INLINE_MAX - DEADLINE_SIZE + 1,
  INLINE_MAX - 1,
  INLINE_MAX,
  INLINE_MAX + 1,
  PAGE_SIZE - 1,
  PAGE_SIZE,
  PAGE_SIZE + 1,
  3 * PAGE_SIZE - 1,
  3 * PAGE_SIZE,
  3 * PAGE_SIZE + 1,
  2 * MIB,
  3 * MIB,
];

interface Item {
  readonly value: Buffer;
  readonly deadlineMs: number;
}

interface Pinned {
  readonly reference: number;
  readonly value: Buffer;
}

class History {
  readonly counts = { refused: 0, orphans: 0, overwritten: 0, refusedDeadlines: 0, inPieces: 0 };
  readonly #random: Random;
  readonly #fixture: StoreFixture;
  readonly #model = new Map<string, Item>();
  readonly #pinned: Pinned[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#fixture = new StoreFixture({ sizeBytes: this.#random.between(20, 90) * PAGE_SIZE });
  }

  step(): void {
    const key = this.#random.pick(KEYS);
    const choice = this.#random.below(100);
    if (choice < 45) this.#set(key);
    else if (choice < 65) this.#overwrite(key);
    else if (choice < 75) this.#changeDeadline(key);
    else if (choice < 82) this.#remove(key);
    else if (choice < 96) this.#pinOrUnpin(key);
    else this.#passTime();
  }

  check(): void {
    const { store } = this.#fixture;
    const live = [...this.#model].filter(([, item]) => this.#isLive(item));
    for (const [key, item] of live) {
      const reference = this.#fixture.find(key);
      this.#expectValue(reference, item.value);
      expect(store.deadlineMs(reference)).toBe(item.deadlineMs);
    }
    for (const { reference, value } of this.#pinned) this.#expectValue(reference, value);
    const references = new Set(this.#fixture.references());
    for (const { reference } of this.#pinned) references.add(reference);
    let pieceBytes = 0;
    for (const reference of references) {
      if (!store.values.isInPieces(reference)) continue;
      this.counts.inPieces++;
      pieceBytes += Math.ceil(store.values.length(reference) / PAGE_SIZE) * PAGE_SIZE;
    }
    const memory = store.memoryBytes();
    expect(memory.pieces).toBe(pieceBytes);
    expect(memory.unused).toBeGreaterThanOrEqual(0);
    expect(store.pool.takenCount).toBeLessThanOrEqual(store.pool.limit);
  }

  finish(): void {
    const { store } = this.#fixture;
    for (const { reference } of this.#pinned.splice(0)) store.unpin(reference);
    for (const key of KEYS) this.#fixture.remove(key);
    this.#fixture.moveTo(this.#fixture.nowMs + 2 ** 40);
    this.#fixture.maintain();
    const memory = store.memoryBytes();
    expect([memory.entries, memory.pieces, store.pins.count]).toEqual([0, 0, 0]);
    // What is left are tables and the expiry index.
    expect(store.pool.takenCount).toBeLessThanOrEqual(3);
  }

  #set(key: string): void {
    const random = this.#random;
    const begin = random.below(1000);
    const value = BYTES.subarray(begin, begin + random.pick(LENGTHS));
    const deadlineMs = random.oneIn(3) ? this.#fixture.nowMs + random.between(1, 5000) : 0;
    const way = random.below(3);
    const short = value.length < PAGE_SIZE;
    const hasRoom =
      way === 0 && short
        ? this.#fixture.set(key, value.toString("latin1"), deadlineMs)
        : way === 1
          ? this.#setChain(key, value, deadlineMs)
          : this.#fixture.setBytes(key, value, deadlineMs);
    if (hasRoom) this.#model.set(key, { value: Buffer.from(value), deadlineMs });
    else this.counts.refused++;
    this.#compare(key);
  }

  #setChain(key: string, value: Buffer, deadlineMs: number): boolean {
    const chain = this.#fillChain(value);
    if (chain === null) return false;
    const before = { ...chain };
    const isSet = this.#fixture.setChain(key, chain, deadlineMs);
    expect(chain).toEqual(isSet ? emptyChain() : before);
    this.#fixture.store.pieces.give(chain);
    return isSet;
  }

  /** In several steps, as a value comes over a connection; null when memory is full. */
  #fillChain(value: Buffer): PieceChain | null {
    const { pieces } = this.#fixture.store;
    const chain = emptyChain();
    while (chain.length < value.length) {
      const end = Math.min(value.length, chain.length + this.#random.between(1, MIB));
      if (pieces.append(chain, value, chain.length, end)) continue;
      pieces.give(chain);
      return null;
    }
    return chain;
  }

  /** Within the value, across its end, right behind it, and beyond. */
  #overwrite(key: string): void {
    const item = this.#live(key);
    if (item === undefined) return;
    const random = this.#random;
    const { store } = this.#fixture;
    const reference = this.#fixture.find(key);
    const oldLength = item.value.length;
    const position = random.pick([random.below(oldLength + 1), oldLength, oldLength + 200_000]);
    const isPinned = this.#pinned.some((pinned) => pinned.reference === reference);
    const canOverwrite = store.values.isInPieces(reference) && (!isPinned || position >= oldLength);
    expect(store.values.canOverwrite(reference, position)).toBe(canOverwrite);
    if (!canOverwrite) return;
    const source = BYTES.subarray(5, 5 + random.pick([0, 1, 1000, PAGE_SIZE, 300_000]));
    if (store.overwrite(reference, position, source)) {
      this.counts.overwritten++;
      const value = Buffer.alloc(Math.max(oldLength, position + source.length));
      value.set(item.value);
      value.set(source, position);
      this.#model.set(key, { value, deadlineMs: item.deadlineMs });
    } else {
      this.counts.refused++;
    }
    this.#compare(key);
  }

  #changeDeadline(key: string): void {
    const item = this.#live(key);
    if (item === undefined) return;
    const deadlineMs = this.#random.oneIn(3) ? 0 : this.#fixture.nowMs + 1000;
    if (this.#fixture.expireAt(key, deadlineMs)) this.#model.set(key, { ...item, deadlineMs });
    else this.counts.refusedDeadlines++;
    this.#compare(key);
  }

  #remove(key: string): void {
    expect(this.#fixture.remove(key)).toBe(this.#live(key) !== undefined);
    this.#model.delete(key);
  }

  #pinOrUnpin(key: string): void {
    const { store } = this.#fixture;
    if (this.#pinned.length > 0 && this.#random.oneIn(2)) {
      const [pinned] = this.#pinned.splice(this.#random.below(this.#pinned.length), 1);
      this.#expectValue(pinned!.reference, pinned!.value);
      const { pieces } = store.memoryBytes();
      store.unpin(pinned!.reference);
      if (store.memoryBytes().pieces < pieces) this.counts.orphans++;
      return;
    }
    const reference = this.#fixture.find(key);
    if (reference === 0) return;
    store.pins.pin(reference);
    this.#pinned.push({ reference, value: Buffer.from(this.#live(key)!.value) });
  }

  #passTime(): void {
    this.#fixture.moveTo(this.#fixture.nowMs + this.#random.below(2000));
    this.#fixture.maintain();
  }

  #compare(key: string): void {
    const item = this.#live(key);
    const reference = this.#fixture.find(key);
    expect(reference !== 0).toBe(item !== undefined);
    if (item === undefined) return;
    this.#expectValue(reference, item.value);
    expect(this.#fixture.store.deadlineMs(reference)).toBe(item.deadlineMs);
  }

  /** The value's bytes from its start on; a pinned one may have become longer. */
  #expectValue(reference: number, value: Buffer): void {
    const { values } = this.#fixture.store;
    expect(values.length(reference)).toBeGreaterThanOrEqual(value.length);
    if (!values.bytes(reference, 0, value.length).equals(value)) throw new Error("a value differs");
  }

  #live(key: string): Item | undefined {
    const item = this.#model.get(key);
    return item !== undefined && this.#isLive(item) ? item : undefined;
  }

  #isLive({ deadlineMs }: Item): boolean {
    return deadlineMs === 0 || deadlineMs > this.#fixture.nowMs;
  }
}

describe("Store with long values", () => {
  test("agrees with a Map, in memory that runs out, and gives every piece back", () => {
    const counts = { refused: 0, orphans: 0, overwritten: 0, refusedDeadlines: 0, inPieces: 0 };
    for (let seed = 0; seed < tries(12); seed++) {
      const history = new History(seed);
      try {
        for (let step = 1; step <= 200; step++) {
          history.step();
          if (step % 20 === 0) history.check();
        }
        history.finish();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
      for (const name of Object.keys(counts) as (keyof typeof counts)[]) {
        counts[name] += history.counts[name];
      }
    }
    for (const [name, count] of Object.entries(counts)) expect(count, name).toBeGreaterThan(0);
  });

  test("keeps the pieces of a value that is being sent until the last pin is gone", () => {
    for (const change of ["set", "remove", "expire"]) {
      const fixture = new StoreFixture({ sizeBytes: 8 * MIB });
      const { store } = fixture;
      const value = BYTES.subarray(0, MIB);
      fixture.setBytes("key", value, fixture.nowMs + 1000);
      const reference = fixture.find("key");
      store.pins.pin(reference);
      store.pins.pin(reference);
      if (change === "set") fixture.set("key", "short");
      else if (change === "remove") fixture.remove("key");
      else fixture.moveTo(fixture.nowMs + 2000);
      fixture.maintain();
      fixture.setBytes("other", BYTES.subarray(MIB, 3 * MIB));
      store.unpin(reference);
      expect(store.values.bytes(reference, 0, MIB).equals(value)).toBe(true);
      expect(store.memoryBytes().pieces).toBe(3 * MIB);
      store.unpin(reference);
      expect(store.memoryBytes().pieces).toBe(2 * MIB);
      expect(fixture.get("key")).toBe(change === "set" ? "short" : null);
    }
  });

  test("appends to a value that is being sent without changing what is sent", () => {
    const fixture = new StoreFixture({ sizeBytes: 8 * MIB });
    const { store } = fixture;
    fixture.setBytes("key", BYTES.subarray(0, MIB + 10));
    const reference = fixture.find("key");
    store.pins.pin(reference);
    expect(store.values.canOverwrite(reference, MIB + 9)).toBe(false);
    expect(store.values.canOverwrite(reference, MIB + 10)).toBe(true);
    expect(store.overwrite(reference, MIB + 10, BYTES.subarray(MIB + 10, 2 * MIB))).toBe(true);
    expect(fixture.find("key")).toBe(reference);
    expect(store.values.bytes(reference, 0, 2 * MIB).equals(BYTES.subarray(0, 2 * MIB))).toBe(true);
    fixture.remove("key");
    store.unpin(reference);
    expect(store.memoryBytes().pieces).toBe(0);
  });

  test("changes nothing when a value is refused half way", () => {
    const fixture = new StoreFixture({ sizeBytes: 2 * MIB });
    const { store } = fixture;
    const old = BYTES.subarray(0, MIB);
    const deadlineMs = fixture.nowMs + 1000;
    fixture.setBytes("key", old, deadlineMs);
    const before = store.memoryBytes();
    const { takenCount } = store.pool;
    expect(fixture.setBytes("key", BYTES.subarray(0, 2 * MIB))).toBe(false);
    expect(fixture.setBytes("other", BYTES.subarray(0, 2 * MIB))).toBe(false);
    expect(store.overwrite(fixture.find("key"), MIB - 1, BYTES.subarray(0, MIB))).toBe(false);
    expect(store.memoryBytes()).toEqual(before);
    expect(store.pool.takenCount).toBe(takenCount);
    expect(store.keyCount).toBe(1);
    expect(store.values.bytes(fixture.find("key"), 0, MIB).equals(old)).toBe(true);
    expect(fixture.deadlineOf("key")).toBe(deadlineMs);
  });

  test("is not asked to move an entry in pieces for a deadline", () => {
    const fixture = new StoreFixture({ sizeBytes: 8 * MIB });
    fixture.setBytes("key", BYTES.subarray(0, MIB));
    const reference = fixture.find("key");
    const { pieces } = fixture.store.memoryBytes();
    fixture.store.pins.pin(reference);
    expect(fixture.expireAt("key", fixture.nowMs + 1000)).toBe(true);
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.store.deadlineCount).toBe(1);
    expect(fixture.store.memoryBytes().pieces).toBe(pieces);
    fixture.store.unpin(reference);
  });

  test("lets the compactor move the entry alone", () => {
    const fixture = new StoreFixture({ sizeBytes: 16 * MIB });
    const { store } = fixture;
    // A key so long that few entries share a page, most of which go again.
    const names = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(20_000, "k"));
    for (const name of names) expect(fixture.setBytes(name, BYTES.subarray(0, 150_000))).toBe(true);
    for (const [i, name] of names.entries()) if (i % 6 !== 0) fixture.remove(name);
    store.pool.setLimit(store.pool.takenCount);
    const { movedCount } = store.compactor;
    const { pieces } = store.memoryBytes();
    expect(fixture.setBytes("key", BYTES.subarray(0, 3 * PAGE_SIZE))).toBe(true);
    expect(store.compactor.movedCount).toBeGreaterThan(movedCount);
    expect(store.memoryBytes().pieces).toBe(pieces + 3 * PAGE_SIZE);
    for (const [i, name] of names.entries()) {
      if (i % 6 !== 0) continue;
      const value = store.values.bytes(fixture.find(name), 0, 150_000);
      expect(value.equals(BYTES.subarray(0, 150_000))).toBe(true);
    }
  });
});
