import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { createJoinedProducer } from "../../src/wal/joined-producer.ts";
import { RECORD_STEP, RecordReader } from "../../src/wal/record-reader.ts";
import { WAL_BUFFER_SIZE_MIN, reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { PRODUCER_LOCK, WalDoorbell, failureOf } from "../../src/wal/wal-control.ts";
import { appendedBy, type AppendWork } from "../support/append-worker.ts";
import { Random } from "../support/random.ts";
import { appendSet, setRecordBytes, setRecordSize } from "../support/wal-records.ts";
import { RING_STARTS, openConsumer, takeAll } from "../support/wal-ring.ts";

function createRing(producerCount: number, size = WAL_BUFFER_SIZE_MIN, position = 0) {
  const buffer = reserveWalBuffer(size);
  const doorbell = new WalDoorbell();
  const producers = Array.from({ length: producerCount }, () => {
    return createJoinedProducer(buffer, doorbell);
  });
  producers[0]!.restart(position);
  const consumer = openConsumer(buffer, position);
  return { buffer, doorbell, producers, consumer };
}

describe("producers of one ring", () => {
  test("go on where the last one has come to, and show what all have appended", () => {
    const { producers, consumer } = createRing(2);
    const [one, other] = producers;
    appendSet(one!, "a", "1");
    appendSet(other!, "b", "2");
    appendSet(one!, "c", "3");
    expect(takeAll(consumer)).toHaveLength(0);
    other!.publish();
    const records = [setRecordBytes("a", "1"), setRecordBytes("b", "2"), setRecordBytes("c", "3")];
    expect(takeAll(consumer)).toEqual(Buffer.concat(records));
    expect(one!.position()).toBe(other!.position());
    // What has been shown is not shown again, and does not go back.
    one!.publish();
    expect(takeAll(consumer)).toHaveLength(0);
  });

  test("have the ring's room together", () => {
    const { producers, consumer } = createRing(2);
    const [one, other] = producers;
    const size = setRecordSize("k", "v".repeat(1000));
    appendSet(one!, "k", "v".repeat(1000));
    expect(other!.room()).toBe(other!.size - size);
    expect(other!.hasRoom(other!.size - size)).toBe(true);
    expect(other!.hasRoom(other!.size)).toBe(false);
    other!.publish();
    takeAll(consumer);
    expect(other!.room()).toBe(other!.size);
  });

  test("keep each other out while one holds the ring, and let go by themselves otherwise", () => {
    const { producers, buffer } = createRing(2);
    const words = new Int32Array(buffer);
    const [one, other] = producers;
    one!.hold();
    appendSet(one!, "a", "1");
    appendSet(one!, "b", "2");
    one!.publish();
    expect(words[PRODUCER_LOCK]).not.toBe(0);
    const end = one!.position();
    one!.release();
    expect(words[PRODUCER_LOCK]).toBe(0);
    appendSet(other!, "c", "3");
    expect(words[PRODUCER_LOCK]).toBe(0);
    expect(other!.position()).toBe(end + setRecordSize("c", "3"));
  });

  test("all follow where one begins anew", () => {
    const { producers, consumer } = createRing(3, WAL_BUFFER_SIZE_MIN, 800);
    appendSet(producers[1]!, "lost", "with the disk");
    producers[2]!.publish();
    consumer.publishFailure(failureOf("ENOSPC"));
    const position = 3 * 2 ** 32 + 8;
    producers[0]!.restart(position);
    consumer.restart(position);
    for (const producer of producers) {
      expect([producer.position(), producer.syncedPosition()]).toEqual([position, position]);
      expect([producer.room(), producer.failure()]).toEqual([producer.size, 0]);
    }
    appendSet(producers[2]!, "new", "epoch");
    producers[1]!.publish();
    expect(takeAll(consumer)).toEqual(setRecordBytes("new", "epoch"));
  });

  test("wake a sleeping thread by records of all of them", () => {
    const { producers, consumer, doorbell } = createRing(2);
    const isWoken = (act: () => void): boolean => {
      let isAwake = false;
      doorbell.sleep(() => {
        act();
        isAwake = doorbell.words[0] === 0;
        return 0;
      });
      return isAwake;
    };
    consumer.setWakeCount(3);
    const append = (thread: number) => () => {
      appendSet(producers[thread]!, "a", "");
      producers[thread]!.publish();
    };
    expect([isWoken(append(0)), isWoken(append(1)), isWoken(append(0))]).toEqual([
      false,
      false,
      true,
    ]);
    consumer.setWakeCount(1000);
    appendSet(producers[0]!, "b", "");
    expect(isWoken(() => void producers[1]!.requestSync())).toBe(true);
    consumer.look();
    expect(consumer.published).toBe(producers[0]!.position());
  });
});

describe("producers of one ring against a plain model", () => {
  test.each(RING_STARTS)("agree from %d on", (start) => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = new Random(seed);
      const { producers, consumer } = createRing(3, WAL_BUFFER_SIZE_MIN, start);
      let sent = Buffer.alloc(0);
      let arrived = Buffer.alloc(0);
      for (let i = 0; i < 300; i++) {
        const producer = random.pick(producers);
        const key = `key${i}`;
        const value = random.text(random.below(400));
        if (producer.hasRoom(setRecordSize(key, value)) && !random.oneIn(3)) {
          appendSet(producer, key, value);
          sent = Buffer.concat([sent, setRecordBytes(key, value)]);
        }
        if (random.oneIn(2)) random.pick(producers).publish();
        if (random.oneIn(3)) arrived = Buffer.concat([arrived, takeAll(consumer)]);
        if (random.oneIn(4)) consumer.publishSynced(start + arrived.length);
        const asked = random.pick(producers);
        const context = `seed ${seed}, step ${i}`;
        expect(asked.room(), context).toBe(asked.size - (sent.length - arrived.length));
        expect(asked.position(), context).toBe(start + sent.length);
        expect(asked.syncedPosition(), context).toBeLessThanOrEqual(start + arrived.length);
      }
      producers[0]!.publish();
      arrived = Buffer.concat([arrived, takeAll(consumer)]);
      expect(arrived.equals(sent), `seed ${seed}`).toBe(true);
      expect(sent.length, `seed ${seed} goes round`).toBeGreaterThan(2 * WAL_BUFFER_SIZE_MIN);
    }
  });
});

test("threads append at once: records arrive whole, and those of a thread in order", async () => {
  const THREAD_COUNT = 3;
  const { buffer, doorbell, consumer } = createRing(1, 8192, 2 ** 32 - 50_000);
  const takes = new SharedArrayBuffer(4);
  const works = Array.from({ length: THREAD_COUNT }, (_, i): AppendWork => {
    const name = String.fromCharCode(97 + i);
    const shared = { ring: buffer, doorbell: doorbell.buffer, takes };
    return { ...shared, name, recordCount: 3000, threadCount: THREAD_COUNT, seed: 10 * i + 1 };
  });
  const workers = works.map((work) => {
    const worker = new Worker(new URL("../support/append-worker.ts", import.meta.url).href);
    worker.postMessage(work);
    return worker;
  });
  const expected = works.map((work) => appendedBy(work));
  const area = new ByteArea(new ArrayBuffer(8192));
  const records = new RecordReader(area);
  let missing = THREAD_COUNT * 3000;
  while (missing > 0) {
    consumer.look();
    const { length, recordCount } = consumer;
    const missingBefore = missing;
    consumer.take(area.bytes, 0);
    Atomics.add(new Int32Array(takes), 0, 1);
    Atomics.notify(new Int32Array(takes), 0);
    records.open(area, 0, length);
    while (records.next() === RECORD_STEP.RECORD) {
      const { keyOffset, keyLength, valueOffset, valueLength } = records;
      const key = area.bytes.toString("latin1", keyOffset, keyOffset + keyLength);
      const [wantedKey, wantedValue] = expected[key.charCodeAt(0) - 97]!.next().value!;
      expect(key).toBe(wantedKey);
      const value = area.bytes.toString("latin1", valueOffset, valueOffset + valueLength);
      expect(value === wantedValue, `the value of ${key}`).toBe(true);
      missing--;
    }
    expect(records.fault).toBe("");
    expect(missingBefore - missing).toBe(recordCount);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  for (const worker of workers) worker.terminate();
}, 60_000);
