import { expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import {
  RECORD_HEAD_SIZE,
  createRingConsumer,
  createRingProducer,
  recordSize,
  reserveRing,
} from "../../src/shard/ring.ts";
import { Random } from "../support/random.ts";

const AREA_SIZE = 4096;

interface Sent {
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly payload: string;
}

function openRing(size: number) {
  const buffer = reserveRing(size);
  return { producer: createRingProducer(buffer), consumer: createRingConsumer(buffer) };
}

function areaOf(text: string): ByteArea {
  const area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  area.bytes.write(text, "latin1");
  return area;
}

test("a record takes its head and whole units of 16 bytes", () => {
  expect([0, 1, 16, 17].map(recordSize)).toEqual([16, 32, 32, 48]);
});

test("nothing is seen before it is published, and then all of it", () => {
  const { producer, consumer } = openRing(256);
  producer.append(1, 2, 3, areaOf("one"), 0, 3);
  producer.append(4, 5, 6, areaOf("second"), 0, 6);
  expect(consumer.hasMore()).toBe(false);
  consumer.refresh();
  expect(consumer.next()).toBe(false);

  expect(producer.publish()).toBe(true);
  expect(producer.publish()).toBe(false);
  expect(consumer.hasMore()).toBe(true);
  consumer.refresh();
  expect(takeAll(consumer)).toEqual([
    { first: 1, second: 2, third: 3, payload: "one" },
    { first: 4, second: 5, third: 6, payload: "second" },
  ]);
  expect(consumer.hasMore()).toBe(false);
});

test("room is there again when it is given back, and not before", () => {
  const { producer, consumer } = openRing(64);
  producer.append(0, 0, 0, areaOf("x".repeat(48)), 0, 48);
  producer.publish();
  expect(producer.hasRoom(RECORD_HEAD_SIZE)).toBe(false);
  consumer.refresh();
  takeAll(consumer);
  expect(producer.hasRoom(RECORD_HEAD_SIZE)).toBe(false);
  expect(consumer.release()).toBe(false);
  expect(producer.usedBytes()).toBe(0);
  expect(producer.hasRoom(64)).toBe(true);
  expect(producer.hasRoom(80)).toBe(false);
});

test("who waits for room hears of it once", () => {
  const { producer, consumer } = openRing(64);
  producer.append(0, 0, 0, areaOf(""), 0, 0);
  producer.publish();
  producer.awaitRoom();
  consumer.refresh();
  expect(consumer.release()).toBe(false);
  takeAll(consumer);
  expect(consumer.release()).toBe(true);
  producer.append(0, 0, 0, areaOf(""), 0, 0);
  producer.publish();
  consumer.refresh();
  takeAll(consumer);
  expect(consumer.release()).toBe(false);
});

test("any history arrives as it was sent, whatever wraps around", () => {
  const seed = 7;
  for (const size of [64, 128, 1024]) {
    const random = new Random(seed + size);
    const { producer, consumer } = openRing(size);
    const sent: Sent[] = [];
    const taken: Sent[] = [];
    for (let step = 0; step < 3000; step++) {
      const payload = random.text(random.below(size - RECORD_HEAD_SIZE + 1));
      if (producer.hasRoom(recordSize(payload.length))) {
        const record = { first: random.word(), second: random.word(), third: random.word() };
        const { first, second, third } = record;
        producer.append(first, second, third, areaOf(payload), 0, payload.length);
        sent.push({ ...record, payload });
      }
      if (random.oneIn(2)) producer.publish();
      if (random.oneIn(2)) consumer.refresh();
      taken.push(...takeAll(consumer, random.below(4)));
      if (random.oneIn(3)) consumer.release();
    }
    producer.publish();
    consumer.refresh();
    taken.push(...takeAll(consumer));
    expect(taken, `size ${size}, seed ${seed}`).toEqual(sent);
    expect(sent.length).toBeGreaterThan(100);
  }
});

test("positions go on when they have been counted through", () => {
  const buffer = reserveRing(64);
  // The words of PUBLISHED and RELEASED, 16 bytes before the end of 32 bits.
  const words = new Int32Array(buffer);
  words[0] = -16;
  words[16] = -16;
  const producer = createRingProducer(buffer);
  const consumer = createRingConsumer(buffer);
  for (let i = 0; i < 8; i++) {
    expect(producer.hasRoom(recordSize(20))).toBe(true);
    producer.append(i, 0, 0, areaOf(`${i}`.repeat(20)), 0, 20);
    producer.publish();
    expect(producer.usedBytes()).toBe(recordSize(20));
    consumer.refresh();
    expect(takeAll(consumer).map(({ payload }) => payload)).toEqual([`${i}`.repeat(20)]);
    consumer.release();
  }
});

function takeAll(consumer: ReturnType<typeof createRingConsumer>, countMax = Infinity): Sent[] {
  const area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  const records: Sent[] = [];
  while (records.length < countMax && consumer.next()) {
    consumer.copyTo(area, 0);
    records.push({
      first: consumer.first(),
      second: consumer.second(),
      third: consumer.third(),
      payload: area.bytes.toString("latin1", 0, consumer.length()),
    });
    consumer.skip();
  }
  return records;
}
