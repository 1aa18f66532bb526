// The blocks of entries as a store uses them: which writes keep one, and when one is given back.

import { describe, expect, test } from "bun:test";
import { ENTRY_HEADER_SIZE } from "../../src/store/entry.ts";
import { BLOCK_SIZE_MAX } from "../../src/store/size-class.ts";
import { StoreFixture } from "../support/store-fixture.ts";

/** The longest value that lies beside the key `key`. */
const FULL = "v".repeat(BLOCK_SIZE_MAX - ENTRY_HEADER_SIZE - 3);
/** Header, deadline, key and two page numbers. */
const LIST_BLOCK_SIZE = 32;

function makeFixture(): StoreFixture {
  return new StoreFixture({ sizeBytes: 4 * 2 ** 20 });
}

describe("EntryBlocks", () => {
  test("takes an entry that fills a page, and puts a value one byte longer in pieces", () => {
    const fixture = makeFixture();
    const { store } = fixture;
    expect(fixture.set("key", FULL)).toBe(true);
    expect(store.memoryBytes()).toMatchObject({ entries: BLOCK_SIZE_MAX, pieces: 0 });
    for (const key of ["key", "kez"]) {
      expect(fixture.set(key, `${FULL}v`)).toBe(true);
      expect(fixture.get(key)).toBe(`${FULL}v`);
      expect(store.values.isInPieces(fixture.find(key))).toBe(true);
    }
    expect(store.keyCount).toBe(2);
    expect(store.memoryBytes()).toMatchObject({
      entries: 2 * LIST_BLOCK_SIZE,
      pieces: 2 * 131_072,
    });
    expect(fixture.set("key", FULL)).toBe(true);
    expect(store.memoryBytes().pieces).toBe(131_072);
    expect(fixture.get("key")).toBe(FULL);
  });

  test("puts a value in pieces when the deadline takes the bytes it lacks", () => {
    for (const write of ["set", "expire"]) {
      const fixture = makeFixture();
      const { store } = fixture;
      fixture.set("key", FULL);
      const deadlineMs = fixture.nowMs + 1;
      if (write === "set") expect(fixture.set("key", FULL, deadlineMs)).toBe(true);
      else expect(fixture.expireAt("key", deadlineMs)).toBe(true);
      expect(fixture.get("key")).toBe(FULL);
      expect(fixture.deadlineOf("key")).toBe(deadlineMs);
      expect(store.memoryBytes()).toMatchObject({ entries: LIST_BLOCK_SIZE, pieces: 131_072 });
      fixture.moveTo(deadlineMs);
      fixture.maintain();
      expect(fixture.get("key")).toBeNull();
      expect(store.memoryBytes()).toMatchObject({ entries: 0, pieces: 0 });
    }
  });

  test("leaves a key without a deadline when there is no memory for its pieces", () => {
    const fixture = makeFixture();
    fixture.set("key", FULL);
    fixture.set("other", "", fixture.nowMs + 1);
    const { takenCount } = fixture.store.pool;
    for (const pageCount of [takenCount, takenCount + 1]) {
      fixture.store.pool.setLimit(pageCount);
      expect(fixture.expireAt("key", fixture.nowMs + 1)).toBe(false);
      expect(fixture.get("key")).toBe(FULL);
      expect(fixture.deadlineOf("key")).toBe(0);
      expect(fixture.store.deadlineCount).toBe(1);
      expect(fixture.store.pool.takenCount).toBe(takenCount);
    }
    fixture.store.pool.setLimit(takenCount + 2);
    expect(fixture.expireAt("key", fixture.nowMs + 1)).toBe(true);
  });

  test("count the entries that have a deadline, whichever way one comes or goes", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 1000;
    const count = () => fixture.store.deadlineCount;
    for (const key of ["a", "b", "c", "d"]) fixture.set(key, "value", deadlineMs);
    expect(count()).toBe(4);
    // Written in place, and into another block.
    fixture.set("a", "other", deadlineMs + 1);
    fixture.set("a", "v".repeat(5000), deadlineMs + 2);
    expect(count()).toBe(4);
    fixture.set("a", "v".repeat(60_000));
    expect(count()).toBe(3);
    fixture.expireAt("b", 0);
    expect(count()).toBe(2);
    fixture.remove("c");
    expect(count()).toBe(1);
    fixture.moveTo(deadlineMs);
    expect(fixture.get("d")).toBeNull();
    expect(count()).toBe(0);
  });
});

describe("EntryBlocks written over", () => {
  test("writes in place while the block is not too large for it", () => {
    const fixture = makeFixture();
    fixture.set("key", "v".repeat(1000));
    const reference = fixture.find("key");
    fixture.set("key", "w".repeat(600));
    expect(fixture.find("key")).toBe(reference);
    fixture.set("key", "x".repeat(100));
    expect(fixture.find("key")).not.toBe(reference);
    expect(fixture.get("key")).toBe("x".repeat(100));
    const smaller = fixture.find("key");
    fixture.set("key", "y".repeat(1000));
    expect(fixture.find("key")).not.toBe(smaller);
    expect(fixture.get("key")).toBe("y".repeat(1000));
  });

  test("keeps a small block for whatever is smaller still", () => {
    const fixture = makeFixture();
    fixture.set("key", "v".repeat(50));
    const reference = fixture.find("key");
    fixture.set("key", "");
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.get("key")).toBe("");
  });

  test("replaces a value and keeps the deadline, in place and elsewhere", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 1000;
    for (const [key, keyDeadlineMs] of [
      ["without", 0],
      ["with", deadlineMs],
    ] as const) {
      fixture.set(key, "v".repeat(100), keyDeadlineMs);
      for (const length of [90, 100, 5000, 1, 70_000]) {
        expect(fixture.replace(key, "w".repeat(length))).toBe(true);
        expect(fixture.get(key)).toBe("w".repeat(length));
        expect(fixture.deadlineOf(key)).toBe(keyDeadlineMs);
      }
    }
    expect(fixture.store.deadlineCount).toBe(1);
  });
});

describe("EntryBlocks that are pinned", () => {
  const VALUE = "p".repeat(5000);

  test("writes elsewhere, and frees the old block with the last pin", () => {
    const fixture = makeFixture();
    fixture.set("key", VALUE);
    const reference = fixture.find("key");
    const { pins } = fixture.store;
    pins.pin(reference);
    pins.pin(reference);
    fixture.set("key", "q".repeat(5000));
    expect(fixture.find("key")).not.toBe(reference);
    expect(fixture.valueOf(reference)).toBe(VALUE);
    const { entries } = fixture.store.memoryBytes();
    fixture.store.unpin(reference);
    expect(fixture.store.memoryBytes().entries).toBe(entries);
    fixture.store.unpin(reference);
    expect(fixture.store.memoryBytes().entries).toBe(entries / 2);
    expect(fixture.get("key")).toBe("q".repeat(5000));
  });

  test("keeps the block of a key that is removed or expires until it has been sent", () => {
    const fixture = makeFixture();
    fixture.set("removed", VALUE);
    fixture.set("expired", VALUE, fixture.nowMs + 1000);
    const references = ["removed", "expired"].map((key) => fixture.find(key));
    for (const reference of references) fixture.store.pins.pin(reference);
    fixture.remove("removed");
    fixture.moveTo(fixture.nowMs + 2000);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(0);
    fixture.set("other", "o".repeat(5000));
    for (const reference of references) expect(fixture.valueOf(reference)).toBe(VALUE);
    for (const reference of references) fixture.store.unpin(reference);
    fixture.remove("other");
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("gives a deadline to a key whose value is being sent", () => {
    const fixture = makeFixture();
    fixture.set("key", VALUE);
    const reference = fixture.find("key");
    fixture.store.pins.pin(reference);
    expect(fixture.expireAt("key", fixture.nowMs + 1000)).toBe(true);
    expect(fixture.valueOf(reference)).toBe(VALUE);
    expect(fixture.get("key")).toBe(VALUE);
    fixture.store.unpin(reference);
    expect(fixture.get("key")).toBe(VALUE);
    fixture.remove("key");
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("leaves an entry that was not touched while it was pinned where it is", () => {
    const fixture = makeFixture();
    fixture.set("key", VALUE);
    const reference = fixture.find("key");
    fixture.store.pins.pin(reference);
    fixture.store.unpin(reference);
    fixture.set("key", "q".repeat(5000));
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.store.pins.count).toBe(0);
  });
});
