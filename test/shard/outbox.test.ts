import { expect, test } from "bun:test";
import { Batch } from "../../src/batch/batch.ts";
import { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { Collection } from "../../src/shard/collection.ts";
import { createOutbox } from "../../src/shard/outbox.ts";
import { RESERVATION_MIN, reservationFor } from "../../src/shard/reply-bundle.ts";
import { requestSize } from "../../src/shard/request-record.ts";
import { RingReader, reserveRing } from "../../src/shard/ring.ts";
import { Random } from "../support/random.ts";

const RING_SIZE = 4096;
const OWNER = 1;
const KEY_LENGTH = 5;

function setUp() {
  const ring = reserveRing(RING_SIZE);
  const batch = new Batch();
  const windows = new ReceiveWindows(1, 65536);
  const outbox = createOutbox({
    batch,
    windows,
    versions: new Uint8Array(1),
    requests: [null, ring],
  });
  const collection = new Collection();
  collection.begin(0, true);
  windows.area.bytes.write("a key", 0, "latin1");
  batch.opcodes[0] = OPCODE.SET;
  batch.keyLengths[0] = KEY_LENGTH;
  batch.valueOffsets[0] = 100;
  const sizeOf = (valueLength: number): number => requestSize(KEY_LENGTH, valueLength, 0);
  const hasRoom = (valueLength: number): boolean => outbox.hasRoom(OWNER, sizeOf(valueLength));
  const send = (valueLength: number, nowMs = 0): void => {
    batch.valueLengths[0] = valueLength;
    expect(outbox.sizeOf(0)).toBe(sizeOf(valueLength));
    outbox.send(OWNER, 0, sizeOf(valueLength), collection, nowMs);
  };
  return { outbox, collection, hasRoom, send, reader: new RingReader(ring) };
}

test("half of the reply ring is reserved at most, and a reply gives its share back", () => {
  const { outbox, hasRoom, send } = setUp();
  let count = 0;
  for (; hasRoom(10); count++) send(10);
  expect(count).toBe(RING_SIZE / 2 / RESERVATION_MIN);
  expect(outbox.outCount(OWNER)).toBe(count);
  expect(hasRoom(0)).toBe(false);
  outbox.take(OWNER);
  expect(hasRoom(10)).toBe(true);
  expect(hasRoom(300)).toBe(false);
});

test("nothing is sent that the request ring has no room for", () => {
  const { outbox, hasRoom, send, reader } = setUp();
  let reserved = 0;
  let size = 0;
  while (hasRoom(1000)) {
    send(1000);
    size += requestSize(KEY_LENGTH, 1000, 0);
    reserved += reservationFor(requestSize(KEY_LENGTH, 1000, 0));
  }
  expect(reserved).toBeLessThanOrEqual(RING_SIZE / 2);
  outbox.writers[OWNER]!.publish();
  reader.refresh();
  expect(reader.published).toBe(size);
  while (outbox.outCount(OWNER) > 0) outbox.take(OWNER);
  while (hasRoom(10)) {
    send(10);
    outbox.take(OWNER);
  }
  const used = outbox.writers[OWNER]!.usedBytes();
  expect(used).toBeLessThanOrEqual(RING_SIZE);
  expect(used + requestSize(KEY_LENGTH, 10, 0)).toBeGreaterThan(RING_SIZE);
});

test("replies lead to the slots of their requests, in their order", () => {
  const seed = 5;
  const random = new Random(seed);
  const { outbox, collection, hasRoom, send, reader } = setUp();
  const out: number[] = [];
  for (let step = 0; step < 500 && !collection.isFull; step++) {
    if (random.oneIn(2) && hasRoom(1)) {
      out.push(collection.count);
      send(1);
    } else if (out.length > 0) {
      expect(outbox.take(OWNER)).toBe(collection);
      expect(outbox.slot(), `seed ${seed}`).toBe(out.shift()!);
    }
    expect([outbox.outCount(OWNER), collection.pendingCount]).toEqual([out.length, out.length]);
    outbox.writers[OWNER]!.publish();
    reader.refresh();
    reader.position = reader.published;
    reader.release();
  }
});

test("who is given up is told once, and stays out until the reply comes", () => {
  const { outbox, collection, send } = setUp();
  send(1, 100);
  send(1, 200);
  const told: number[] = [];
  const tell = (_: Collection, slot: number): number => told.push(slot);
  expect(outbox.giveUp(OWNER, 100, tell)).toBe(0);
  expect(outbox.giveUp(OWNER, 150, tell)).toBe(1);
  expect(outbox.giveUp(OWNER, 150, tell)).toBe(0);
  expect(told).toEqual([0]);
  expect([outbox.outCount(OWNER), collection.pendingCount]).toEqual([2, 1]);
  expect(outbox.take(OWNER)).toBeNull();
  expect([outbox.outCount(OWNER), collection.pendingCount]).toEqual([1, 1]);
  expect(outbox.take(OWNER)).toBe(collection);
  expect(outbox.slot()).toBe(1);
});
