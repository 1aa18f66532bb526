import { describe, expect, test } from "bun:test";
import {
  WAL_BUFFER_SIZE_MIN,
  WAL_RECORD_SIZE_MAX,
  createRingWriter,
  reserveWalBuffer,
} from "../../src/wal/wal-buffer.ts";
import {
  CONTROL_SIZE,
  PUBLISHED,
  RECORDS_BEGUN,
  RECORDS_ENDED,
  WalDoorbell,
} from "../../src/wal/wal-control.ts";
import { appendSet } from "../support/wal-records.ts";
import { openConsumer } from "../support/wal-ring.ts";

const KIB = 1024;

function createRing(size = WAL_BUFFER_SIZE_MIN) {
  const buffer = reserveWalBuffer(size);
  const producer = createRingWriter(buffer, new WalDoorbell());
  producer.restart(0);
  const consumer = openConsumer(buffer);
  return { producer, consumer, control: new Int32Array(buffer, 0, CONTROL_SIZE / 4) };
}

describe("WalConsumer", () => {
  test("groups at most what fits a group, and goes on behind it", () => {
    const { producer, consumer } = createRing(32 * 1024 * KIB);
    expect(producer.recordSizeMax).toBe(WAL_RECORD_SIZE_MAX);
    const size = 3 * 1024 * KIB;
    for (let i = 0; i < 5; i++) appendSet(producer, "", Buffer.alloc(size - 24, i));
    producer.publish();
    const counts: number[] = [];
    while (consumer.begin < producer.position()) {
      consumer.look();
      expect(consumer.published).toBe(producer.position());
      counts.push(consumer.recordCount);
      expect(consumer.length).toBe(consumer.recordCount * size);
      consumer.take(Buffer.alloc(consumer.length), 0);
    }
    expect(counts).toEqual([2, 2, 1]);
  });

  test("counts the same in the middle of a publication, and across groups", () => {
    const { producer, consumer, control } = createRing();
    let taken = 0;
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 2; i++) appendSet(producer, `key ${i}`, "value");
      producer.publish();
      const [first, firstCount] = [control[PUBLISHED]!, control[RECORDS_ENDED]!];
      expect(firstCount).toBe(taken + 2);
      for (let i = 0; i < 3; i++) appendSet(producer, `other ${i}`, "another value");
      producer.publish();
      const [second, secondCount] = [control[PUBLISHED]!, control[RECORDS_ENDED]!];
      // What it may find: begun, shown, ended, and how many records it has to see.
      const states: readonly (readonly [number, number, number, number])[] = [
        [firstCount, first, firstCount, 2],
        [secondCount, first, firstCount, 2],
        [secondCount, second, firstCount, 5],
        [secondCount, second, secondCount, 5],
      ];
      for (const [begun, shown, ended, count] of states) {
        control[RECORDS_BEGUN] = begun;
        control[PUBLISHED] = shown;
        control[RECORDS_ENDED] = ended;
        consumer.look();
        expect([consumer.recordCount, consumer.published | 0]).toEqual([count, shown]);
      }
      expect(consumer.length).toBe(producer.position() - consumer.begin);
      consumer.take(Buffer.alloc(consumer.length), 0);
      taken += 5;
    }
  });

  test("refuses to take what is no record where it has to look", () => {
    const { producer, consumer, control } = createRing();
    producer.beginRecord(32, 24);
    producer.endRecord();
    producer.publish();
    control[RECORDS_BEGUN]!++;
    expect(() => consumer.look()).toThrow("begins with its size");
  });

  test("a sync request is taken once and covers what was appended before it", () => {
    const { producer, consumer } = createRing();
    expect(consumer.takeSyncRequest()).toBe(false);
    appendSet(producer, "a", "b");
    const wanted = producer.requestSync();
    expect(consumer.takeSyncRequest()).toBe(true);
    consumer.look();
    expect(consumer.published).toBe(wanted);
    expect(consumer.takeSyncRequest()).toBe(false);
    // The same position once more is a request of its own, and one that comes between two epochs is
    // not forgotten.
    producer.requestSync();
    consumer.restart(wanted);
    expect(consumer.takeSyncRequest()).toBe(true);
  });

  test("waiting for progress is said once for each ring", () => {
    const { producer, consumer } = createRing();
    expect(consumer.takeAwaited()).toBe(false);
    producer.awaitProgress();
    expect(consumer.isAwaited).toBe(true);
    expect(consumer.takeAwaited()).toBe(true);
    expect(consumer.takeAwaited()).toBe(false);
  });
});
