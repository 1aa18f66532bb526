import { describe, expect, test } from "bun:test";
import { Arena, BANK_SHIFT, PAGE_SIZE, reserveArena, wordIndexOf } from "../../src/store/arena.ts";
import { FLAG_DEADLINE, FLAG_PINNED } from "../../src/store/entry.ts";
import { Pins } from "../../src/store/pins.ts";
import { Random } from "../support/random.ts";
import { ThreadPair, withAllLocks, withStructure } from "../support/thread-pair.ts";

const REFERENCE = 100;
const HEADER = 5 | FLAG_DEADLINE;

function makePins() {
  const arena = new Arena(reserveArena(2 * PAGE_SIZE));
  arena.words[0]![wordIndexOf(REFERENCE)] = HEADER;
  return { pins: new Pins(arena), header: () => arena.words[0]![wordIndexOf(REFERENCE)] };
}

describe("Pins", () => {
  test("mark an entry from its first pin to its last", () => {
    const { pins, header } = makePins();
    pins.pin(REFERENCE);
    expect(header()).toBe(HEADER | FLAG_PINNED);
    pins.pin(REFERENCE);
    expect(pins.count).toBe(1);
    expect(pins.unpin(REFERENCE)).toBe(false);
    expect(header()).toBe(HEADER | FLAG_PINNED);
    expect(pins.unpin(REFERENCE)).toBe(false);
    expect(header()).toBe(HEADER);
    expect(pins.count).toBe(0);
  });

  test("have the last pin free what was unlinked meanwhile, and only the last", () => {
    const { pins } = makePins();
    pins.pin(REFERENCE);
    pins.pin(REFERENCE);
    pins.orphan(REFERENCE);
    expect(pins.unpin(REFERENCE)).toBe(false);
    expect(pins.unpin(REFERENCE)).toBe(true);
  });

  test("say which entries have one", () => {
    const { pins } = makePins();
    expect(pins.has(REFERENCE)).toBe(false);
    pins.pin(REFERENCE);
    expect(pins.has(REFERENCE)).toBe(true);
    expect(pins.has(REFERENCE + 2)).toBe(false);
    pins.unpin(REFERENCE);
    expect(pins.has(REFERENCE)).toBe(false);
  });

  test("forget that an entry was unlinked once its block is free", () => {
    const { pins } = makePins();
    pins.pin(REFERENCE);
    pins.orphan(REFERENCE);
    pins.unpin(REFERENCE);
    pins.pin(REFERENCE);
    expect(pins.unpin(REFERENCE)).toBe(false);
  });

  test("refuse to end a pin that is none", () => {
    const { pins } = makePins();
    expect(() => pins.unpin(REFERENCE)).toThrow("ended once");
    expect(() => pins.orphan(REFERENCE)).toThrow("has a pin");
  });
});

const LONG = "v".repeat(20_000);

function isMarked({ store }: ThreadPair["first"], reference: number): boolean {
  const words = store.arena.words[reference >>> BANK_SHIFT]!;
  return (words[wordIndexOf(reference)]! & FLAG_PINNED) !== 0;
}

describe("Pins of several threads", () => {
  test("are counted together, and marked from the first to the last", () => {
    const { first, second } = new ThreadPair();
    withAllLocks(first, () => first.set(0, "key", LONG));
    const reference = withAllLocks(second, () => second.entryOf(0, "key"));
    withAllLocks(first, () => first.store.pins.pin(reference));
    withAllLocks(second, () => second.store.pins.pin(reference));
    expect([first.store.pins.count, second.store.pins.count]).toEqual([1, 1]);
    first.store.unpin(reference);
    expect(isMarked(second, reference)).toBe(true);
    expect(withStructure(first, () => first.store.pins.has(reference))).toBe(true);
    second.store.unpin(reference);
    expect(isMarked(first, reference)).toBe(false);
    expect(first.store.pins.count).toBe(0);
  });

  test("keep a value that another thread removes, until the last is gone", () => {
    const { first, second } = new ThreadPair();
    withAllLocks(first, () => first.set(0, "key", LONG));
    const reference = withAllLocks(first, () => first.entryOf(0, "key"));
    for (const thread of [first, second]) {
      withAllLocks(thread, () => thread.store.pins.pin(reference));
    }
    const before = first.store.memoryBytes().entries;
    withAllLocks(second, () => second.delete(0, "key"));
    expect(first.store.memoryBytes().entries).toBe(before);
    const value = first.store.values.bytes(reference, 0, LONG.length);
    expect(value.toString()).toBe(LONG);
    first.store.unpin(reference);
    expect(first.store.memoryBytes().entries).toBe(before);
    second.store.unpin(reference);
    expect(first.store.memoryBytes().entries).toBe(0);
    expect(first.store.pins.count).toBe(0);
  });

  test("lock the segment of their entry", () => {
    const { first } = new ThreadPair();
    withAllLocks(first, () => first.set(0, "key", LONG));
    const reference = withAllLocks(first, () => first.entryOf(0, "key"));
    const { pins, segments } = first.store;
    const locks = first.store.locks!;
    const taken: number[] = [];
    const alsoKey = locks.alsoKey.bind(locks);
    locks.alsoKey = (hash) => {
      taken.push(hash);
      alsoKey(hash);
    };
    withStructure(first, () => pins.pin(reference));
    expect(taken).toEqual([segments.hashOfEntry(reference)]);
  });

  test("are begun and ended by nobody without the structure", () => {
    const { first } = new ThreadPair();
    withAllLocks(first, () => first.set(0, "key", LONG));
    const reference = withAllLocks(first, () => first.entryOf(0, "key"));
    const { pins } = first.store;
    expect(() => pins.pin(reference)).toThrow("has the structure");
    expect(() => pins.unpin(reference)).toThrow("has the structure");
    expect(pins.count).toBe(0);
  });

  test("leave nothing behind, whatever the threads do to what is pinned", () => {
    for (let seed = 1; seed <= 10; seed++) runHistory(seed);
  });
});

/** Random writes, removals and pins of a few keys by two threads, against lists of pins. */
function runHistory(seed: number): void {
  const random = new Random(seed);
  const pair = new ThreadPair();
  const keys = Array.from({ length: 8 }, (_, index) => `key ${index}`);
  const contents = new Map<string, string>();
  const pinned: { readonly thread: ThreadPair["first"]; reference: number; value: string }[] = [];
  for (let step = 0; step < 500; step++) {
    const about = `seed ${seed}, step ${step}`;
    const thread = random.pick(pair.both);
    const key = random.pick(keys);
    const action = random.below(6);
    if (action < 2) {
      const value = random.text(random.below(40_000));
      expect(
        withAllLocks(thread, () => thread.set(0, key, value)),
        about,
      ).toBe(true);
      contents.set(key, value);
    } else if (action === 2) {
      const isThere = contents.delete(key);
      expect(
        withAllLocks(thread, () => thread.delete(0, key)),
        about,
      ).toBe(isThere);
    } else if (action < 5) {
      const value = contents.get(key);
      if (value === undefined || pinned.length > 30) continue;
      withAllLocks(thread, () => {
        const reference = thread.entryOf(0, key);
        thread.store.pins.pin(reference);
        pinned.push({ thread, reference, value });
      });
    } else if (pinned.length > 0) {
      const [pin] = pinned.splice(random.below(pinned.length), 1);
      const { reference, value } = pin!;
      const bytes = pair.first.store.values.bytes(reference, 0, value.length);
      expect(bytes.toString("latin1") === value, about).toBe(true);
      pin!.thread.store.unpin(reference);
    }
    const references = new Set(pinned.map(({ reference }) => reference));
    for (const { store } of pair.both) expect(store.pins.count, about).toBe(references.size);
  }
  for (const { thread, reference } of pinned) thread.store.unpin(reference);
  const { first, second } = pair;
  for (const key of keys) {
    const value = withAllLocks(second, () => second.get(0, key));
    expect(value === (contents.get(key) ?? null), `seed ${seed}, ${key}`).toBe(true);
    withAllLocks(first, () => first.delete(0, key));
  }
  expect(second.store.memoryBytes().entries, `seed ${seed}, bytes left`).toBe(0);
}
