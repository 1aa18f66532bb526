import { expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { Collection } from "../../src/shard/collection.ts";
import { Outbox, reservationFor } from "../../src/shard/outbox.ts";
import { createRingConsumer, recordSize, reserveRing } from "../../src/shard/ring.ts";
import { Random } from "../support/random.ts";

const RING_SIZE = 4096;
const FRAME = new ByteArea(new ArrayBuffer(RING_SIZE));

function setUp() {
  const requests = reserveRing(RING_SIZE);
  const outbox = new Outbox(requests, reserveRing(RING_SIZE));
  const collection = new Collection();
  collection.begin(0, true);
  const send = (length: number, nowMs = 0): void =>
    outbox.send(collection, 1, FRAME, 0, length, nowMs);
  return { outbox, collection, send, taken: createRingConsumer(requests) };
}

test("a reservation is never shorter than the reply of v1's SET, which repeats its value", () => {
  for (const valueLength of [0, 100, 300, 16_000, 65_000]) {
    const frameLength = 2 + 5 + 1 + valueLength;
    expect(reservationFor(frameLength)).toBeGreaterThanOrEqual(recordSize(5 + valueLength));
  }
});

test("half of the reply ring is reserved at most, and a reply gives its share back", () => {
  const { outbox, send } = setUp();
  let count = 0;
  for (; outbox.hasRoom(10); count++) send(10);
  expect(count).toBe(RING_SIZE / 2 / reservationFor(10));
  expect(outbox.hasRoom(0)).toBe(false);
  outbox.take(3);
  expect(outbox.hasRoom(10)).toBe(true);
  expect(outbox.hasRoom(300)).toBe(false);
});

test("nothing is sent that the request ring has no room for", () => {
  const { outbox, send, taken } = setUp();
  let reserved = 0;
  while (outbox.hasRoom(1000)) {
    send(1000);
    reserved += reservationFor(1000);
  }
  expect(reserved).toBeLessThanOrEqual(RING_SIZE / 2);
  outbox.requests.publish();
  taken.refresh();
  expect(taken.next()).toBe(true);
  expect([taken.length(), taken.second()]).toEqual([1000, 1]);
});

test("tokens lead to the slots of their requests, however replies come", () => {
  const seed = 5;
  const random = new Random(seed);
  const { outbox, collection, send } = setUp();
  const out = new Map<number, number>();
  const { requests } = outbox;
  for (let step = 0; step < 500 && !collection.isFull; step++) {
    if (random.oneIn(2) && outbox.hasRoom(1) && requests.hasRoom(recordSize(1))) {
      const slot = collection.count;
      send(1);
      const token = [...Array(outbox.tokenCount).keys()].find(
        (i) => !out.has(i) && outbox.slotOf(i) === slot,
      )!;
      out.set(token, slot);
    } else if (out.size > 0) {
      const token = random.pick([...out.keys()]);
      expect(outbox.slotOf(token), `seed ${seed}`).toBe(out.get(token)!);
      expect(outbox.take(token)).toBe(collection);
      out.delete(token);
    }
    expect(outbox.outCount).toBe(out.size);
    expect(collection.pendingCount).toBe(out.size);
  }
});

test("who is given up is told once, and its token stays out until the reply comes", () => {
  const { outbox, collection, send } = setUp();
  send(1, 100);
  send(1, 200);
  const told: number[] = [];
  const tell = (_: Collection, slot: number): number => told.push(slot);
  expect(outbox.giveUp(100, tell)).toBe(0);
  expect(outbox.giveUp(150, tell)).toBe(1);
  expect(outbox.giveUp(150, tell)).toBe(0);
  expect(told).toEqual([0]);
  expect([outbox.outCount, collection.pendingCount]).toEqual([2, 1]);
  const token = outbox.slotOf(0) === 0 ? 0 : 1;
  expect(outbox.take(token)).toBeNull();
  expect([outbox.outCount, collection.pendingCount]).toEqual([1, 1]);
});
