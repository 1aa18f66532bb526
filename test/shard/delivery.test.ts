import { expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { Collection } from "../../src/shard/collection.ts";
import { NO_POSITION, createDelivery } from "../../src/shard/delivery.ts";
import { SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";

function setUp() {
  const fixture = new SendFixture();
  const { sends } = fixture;
  const flags = new Uint8Array(3);
  const own = { windowFor: () => 0, keep: () => {}, delivered: () => {} };
  const delivery = createDelivery({ sends, own, flags, windowSizeBytes: WINDOW_SIZE });
  const collection = new Collection();
  collection.begin(0, true);
  for (let i = 0; i < 4; i++) collection.add();
  const place = (slot: number, text: string): void => {
    const offset = collection.place(slot, text.length);
    collection.area.bytes.write(text, offset, "latin1");
  };
  const deliver = (slot: number, text: string): boolean => {
    const position = delivery.positionFor(collection, slot, text.length);
    if (position === NO_POSITION) return false;
    sends.area.bytes.write(text, position, "latin1");
    delivery.delivered(collection, position + text.length);
    return true;
  };
  return { fixture, flags, collection, place, deliver };
}

test("the reply of the next slot is written at once, behind those that are ready", () => {
  const { fixture, collection, place, deliver } = setUp();
  place(0, "a");
  place(1, "b");
  expect(deliver(2, "c")).toBe(true);
  expect(collection.head).toBe(3);
  expect(fixture.flushed()).toBe("abc");
});

test("one whose predecessors have not come is kept", () => {
  const { fixture, place, deliver } = setUp();
  place(0, "a");
  expect(deliver(2, "c")).toBe(false);
  expect(fixture.flushed()).toBe("a");
});

test("nothing is written behind held replies, nor past the end of the window", () => {
  const { flags, deliver } = setUp();
  flags[0] = CONNECTION.HELD;
  expect(deliver(0, "a")).toBe(false);
  flags[0] = 0;
  expect(deliver(0, "a".repeat(WINDOW_SIZE))).toBe(true);
  expect(deliver(1, "b")).toBe(false);
});
