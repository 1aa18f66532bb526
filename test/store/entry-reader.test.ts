import { describe, expect, test } from "bun:test";
import { highWord, lowWord, StoreFixture } from "../support/store-fixture.ts";

const DEADLINE_MS = 2 ** 41 + 12_345;

describe("EntryReader", () => {
  test("reads every part of an entry", () => {
    const { store, ...fixture } = setUp();
    const reference = fixture.find("some key");
    const { bytes } = store.area(reference);
    const key = store.keyOffset(reference);
    const value = store.valueOffset(reference);
    expect(bytes.toString("latin1", key, key + store.keyLength(reference))).toBe("some key");
    expect(bytes.toString("latin1", value, value + store.valueLength(reference))).toBe("a value");
    expect(store.databaseOf(reference)).toBe(11);
    expect(store.hasDeadlinePlace(reference)).toBe(true);
    expect(store.deadlineMs(reference)).toBe(DEADLINE_MS);
    expect(store.deadlineWord(reference, 0)).toBe(lowWord(DEADLINE_MS));
    expect(store.deadlineWord(reference, 1)).toBe(highWord(DEADLINE_MS));
    expect(store.blockSize(reference)).toBe(32);
  });

  test("reads no deadline where there is no place for one", () => {
    const { store, ...fixture } = setUp();
    const reference = fixture.find("another");
    expect(store.hasDeadlinePlace(reference)).toBe(false);
    expect(store.deadlineMs(reference)).toBe(0);
    expect(store.blockSize(reference)).toBe(16);
  });
});

function setUp() {
  const fixture = new StoreFixture({ sizeBytes: 2 ** 20 });
  fixture.store.database = 11;
  fixture.set("some key", "a value", DEADLINE_MS);
  fixture.set("another", "");
  return { store: fixture.store, find: (key: string) => fixture.find(key) };
}
