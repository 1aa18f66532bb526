import { expect, test } from "bun:test";
import {
  COLLECTION_SLOTS,
  Collection,
  LENGTH,
  OFFSET,
  SLOT_WORDS,
} from "../../src/shard/collection.ts";

function fill(collection: Collection, slot: number, text: string, reference = 0): void {
  const offset = collection.place(slot, text.length, reference);
  collection.area.bytes.write(text, offset, "latin1");
}

function textOf(collection: Collection, slot: number): string {
  const { area, slots } = collection;
  const offset = slots[slot * SLOT_WORDS + OFFSET]!;
  return area.bytes.toString("latin1", offset, offset + slots[slot * SLOT_WORDS + LENGTH]!);
}

test("the head is ready when its own reply has come, whatever came before it", () => {
  const collection = new Collection();
  collection.begin(3, true);
  const slots = [collection.add(), collection.add(), collection.add()];
  expect(slots).toEqual([0, 1, 2]);
  fill(collection, 2, "third");
  fill(collection, 1, "second");
  expect(collection.isHeadReady).toBe(false);
  fill(collection, 0, "first");
  const texts: string[] = [];
  while (collection.isHeadReady) texts.push(textOf(collection, collection.head++));
  expect(texts).toEqual(["first", "second", "third"]);
});

test("bytes outlive the growth of their area", () => {
  const collection = new Collection();
  collection.begin(0, false);
  for (let slot = 0; slot < 20; slot++) {
    collection.add();
    fill(collection, slot, `${slot}`.padEnd(3000, "."));
  }
  for (let slot = 0; slot < 20; slot++) {
    expect(textOf(collection, slot)).toBe(`${slot}`.padEnd(3000, "."));
  }
});

test("slots end, and begin again with the next connection", () => {
  const collection = new Collection();
  collection.begin(0, false);
  for (let slot = 0; slot < COLLECTION_SLOTS; slot++) {
    expect(collection.isFull).toBe(false);
    collection.add();
  }
  expect(collection.isFull).toBe(true);
  expect(() => collection.add()).toThrow("a collection has a slot for each request");
  fill(collection, 0, "old");
  collection.hasWritten = true;
  collection.begin(1, true);
  expect([collection.count, collection.head, collection.hasWritten]).toEqual([0, 0, false]);
  collection.add();
  expect(collection.isHeadReady).toBe(false);
});

test("own replies next to each other are one slot, unless something comes between", () => {
  const collection = new Collection();
  collection.begin(0, false);
  expect(collection.addAtHome(1, 100, 10)).toBe(true);
  expect(collection.addAtHome(1, 110, 5)).toBe(false);
  expect([collection.count, collection.slots[LENGTH]]).toEqual([1, 15]);
  // Another window, other bytes, a request of another thread, what has been delivered, too long.
  expect(collection.addAtHome(2, 115, 5)).toBe(true);
  expect(collection.addAtHome(2, 121, 5)).toBe(true);
  collection.add();
  expect(collection.addAtHome(2, 126, 5)).toBe(true);
  collection.head = collection.count;
  expect(collection.addAtHome(2, 131, 4000)).toBe(true);
  expect(collection.addAtHome(2, 4131, 97)).toBe(true);
  expect([...collection.undeliveredHomes()]).toEqual([2, 2]);
});

test("what is not delivered has pins to be ended", () => {
  const collection = new Collection();
  collection.begin(0, false);
  for (let slot = 0; slot < 4; slot++) collection.add();
  fill(collection, 0, "a", 100);
  fill(collection, 1, "b");
  fill(collection, 3, "c", 300);
  collection.head = 1;
  expect([...collection.undelivered()]).toEqual([300]);
});

test("keys that it may have written are known until the next connection begins", () => {
  const collection = new Collection();
  collection.begin(0, true);
  expect(collection.mayHaveWritten(0)).toBe(false);
  collection.markWrite(-7);
  expect(collection.mayHaveWritten(-7)).toBe(true);
  expect(collection.mayHaveWritten(-8)).toBe(false);
  collection.begin(1, true);
  expect(collection.mayHaveWritten(-7)).toBe(false);
});
