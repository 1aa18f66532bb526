import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import {
  RECORD_KIND,
  payloadOffset,
  recordSize,
  writeMembership,
  writePartPlace,
  writeRecordHeader,
} from "../../src/wal/record.ts";
import {
  WAL_BUFFER_SIZE_MIN,
  createRingWriter,
  reserveWalBuffer,
  type WalProducer,
} from "../../src/wal/wal-buffer.ts";
import { WalDoorbell, failureName, failureOf } from "../../src/wal/wal-control.ts";
import { Random } from "../support/random.ts";
import { appendSet, setRecordBytes } from "../support/wal-records.ts";
import { RING_STARTS, openConsumer, takeAll } from "../support/wal-ring.ts";

const KIB = 1024;

function createRing(size = WAL_BUFFER_SIZE_MIN, position = 0) {
  const buffer = reserveWalBuffer(size);
  const doorbell = new WalDoorbell();
  const producer = createRingWriter(buffer, doorbell);
  producer.restart(position);
  const consumer = openConsumer(buffer, position);
  return { producer, consumer, doorbell, buffer };
}

describe("a WAL buffer", () => {
  test("hands over what was published, and nothing before", () => {
    const { producer, consumer } = createRing();
    appendSet(producer, "key", "value");
    expect(takeAll(consumer)).toHaveLength(0);
    producer.publish();
    expect(takeAll(consumer)).toEqual(setRecordBytes("key", "value"));
    expect(takeAll(consumer)).toHaveLength(0);
    expect(consumer.begin).toBe(producer.position());
  });

  test("counts room down to nothing, and back when it is taken", () => {
    const { producer, consumer } = createRing();
    const size = recordSize(4, 36, false, false);
    expect(producer.size % size).toBe(0);
    for (let left = producer.size; left > 0; left -= size) {
      expect(producer.room()).toBe(left);
      expect(producer.hasRoom(size)).toBe(true);
      appendSet(producer, "abcd", "x".repeat(36));
    }
    expect(producer.hasRoom(8)).toBe(false);
    expect(() => appendSet(producer, "abcd", "")).toThrow("there is room");
    producer.publish();
    consumer.look();
    expect(consumer.recordCount).toBe(producer.size / size);
    expect(producer.room()).toBe(0);
    takeAll(consumer);
    expect(producer.room()).toBe(producer.size);
  });

  test("takes a record as large as the ring, and none of more", () => {
    const { producer, consumer } = createRing();
    expect(producer.recordSizeMax).toBe(WAL_BUFFER_SIZE_MIN);
    appendSet(producer, "", "x".repeat(8));
    producer.publish();
    takeAll(consumer);
    const value = "y".repeat(WAL_BUFFER_SIZE_MIN - 24);
    expect(producer.hasRoom(WAL_BUFFER_SIZE_MIN)).toBe(true);
    appendSet(producer, "", value);
    producer.publish();
    expect(takeAll(consumer)).toEqual(setRecordBytes("", value));
    expect(() => producer.beginRecord(WAL_BUFFER_SIZE_MIN + 8, 24)).toThrow("fits");
  });
});

describe("the head of a record", () => {
  const whole = 4000;
  const headSize = payloadOffset(true, true);
  const size = recordSize(3, 5, true, true);

  function appendPart(producer: WalProducer): void {
    const at = producer.beginRecord(size, headSize);
    const { view } = producer.area;
    writeRecordHeader(view, at, size, RECORD_KIND.PART, 2, 3, 5, 1, 7, 8);
    writeMembership(view, at + 24, 2 ** 40 + 1, 3, 2);
    writePartPlace(view, at + 40, 100, whole);
    producer.copyBytes(headSize, Buffer.from("keyvalue"), 0, 8);
    producer.endRecord();
  }

  test("is the same wherever in the ring it lies", () => {
    const straight = createRing();
    appendPart(straight.producer);
    straight.producer.publish();
    const expected = takeAll(straight.consumer);
    expect(expected).toHaveLength(size);
    for (let back = 8; back <= size + 8; back += 8) {
      const { producer, consumer } = createRing();
      appendSet(producer, "", "x".repeat(WAL_BUFFER_SIZE_MIN - back - 24));
      producer.publish();
      takeAll(consumer);
      // What was there before must not shine through.
      consumer.look();
      appendPart(producer);
      producer.publish();
      expect(takeAll(consumer)).toEqual(expected);
    }
  });
});

describe("positions", () => {
  test.each(RING_STARTS)("are whole numbers on both sides from %d on", (start) => {
    const { producer, consumer } = createRing(WAL_BUFFER_SIZE_MIN, start);
    for (let i = 0; i < 20; i++) {
      expect(producer.position()).toBeGreaterThanOrEqual(start);
      const before = producer.position();
      appendSet(producer, "k", "v".repeat(1000));
      producer.publish();
      takeAll(consumer);
      expect(consumer.begin).toBe(producer.position());
      expect(producer.position()).toBe(before + recordSize(1, 1000, false, false));
      consumer.publishWritten(consumer.begin);
      consumer.publishSynced(before);
      expect(producer.writtenPosition()).toBe(consumer.begin);
      expect(producer.syncedPosition()).toBe(before);
    }
  });

  test("may lie as far behind as a ring and what is left unsynced", () => {
    const { producer, consumer } = createRing(WAL_BUFFER_SIZE_MIN, 2 ** 33);
    producer.restart(2 ** 33 + 2 ** 31);
    consumer.publishSynced(2 ** 33);
    expect(producer.syncedPosition()).toBe(2 ** 33);
  });

  test("begin anew with another epoch, and the ring is empty then", () => {
    const { producer, consumer } = createRing();
    appendSet(producer, "lost", "with the disk");
    producer.publish();
    consumer.look();
    consumer.publishFailure(failureOf("ENOSPC"));
    expect(failureName(producer.failure())).toBe("ENOSPC");
    const position = 2 ** 32 + 800;
    producer.restart(position);
    expect(producer.room()).toBe(producer.size);
    expect(producer.failure()).not.toBe(0);
    consumer.restart(position);
    expect(producer.failure()).toBe(0);
    expect([producer.writtenPosition(), producer.syncedPosition()]).toEqual([position, position]);
    appendSet(producer, "new", "epoch");
    producer.publish();
    expect(takeAll(consumer)).toEqual(setRecordBytes("new", "epoch"));
  });
});

describe("what the threads ask of each other", () => {
  /** What a thread that says it sleeps is left with. */
  function isWoken(doorbell: WalDoorbell, act: () => void): boolean {
    let isAwake = false;
    doorbell.sleep(() => {
      act();
      isAwake = doorbell.words[0] === 0;
      return 0;
    });
    return isAwake;
  }

  test("a sleeping thread is woken by as many records as it waits for", () => {
    const { producer, consumer, doorbell } = createRing();
    appendSet(producer, "a", "");
    producer.publish();
    consumer.look();
    consumer.setWakeCount(3);
    const append = () => {
      appendSet(producer, "a", "");
      producer.publish();
    };
    expect(isWoken(doorbell, append)).toBe(false);
    expect(isWoken(doorbell, append)).toBe(true);
    takeAll(consumer);
    consumer.setWakeCount(1);
    expect(isWoken(doorbell, () => producer.publish())).toBe(false);
    expect(isWoken(doorbell, append)).toBe(true);
  });

  test("by half a ring, a sync request, and somebody who waits", () => {
    const { producer, consumer, doorbell } = createRing();
    consumer.setWakeCount(1000);
    const append = (length: number) => () => {
      appendSet(producer, "", "x".repeat(length));
      producer.publish();
    };
    expect(isWoken(doorbell, append(2000 - 24))).toBe(false);
    expect(isWoken(doorbell, append(24))).toBe(false);
    expect(isWoken(doorbell, append(8))).toBe(true);
    expect(isWoken(doorbell, () => void producer.requestSync())).toBe(true);
    expect(isWoken(doorbell, () => producer.awaitProgress())).toBe(true);
    expect(isWoken(doorbell, () => doorbell.call())).toBe(true);
  });
});

describe("a ring against a plain model", () => {
  const source = new ByteArea(new ArrayBuffer(8 * KIB));

  /** Appends a record of random size in a random way; what it is in bytes. */
  function appendRandom(producer: WalProducer, random: Random): Buffer {
    const limit = random.oneIn(3) ? producer.room() - 32 : 200;
    const valueLength = random.below(Math.max(1, Math.min(limit, producer.room() - 32)));
    const keyLength = random.below(8);
    const size = recordSize(keyLength, valueLength, false, false);
    const begin = random.below(source.length - keyLength - valueLength + 1);
    random.fill(source.bytes.subarray(begin, begin + keyLength + valueLength));
    const key = source.bytes.subarray(begin, begin + keyLength);
    const value = source.bytes.subarray(begin + keyLength, begin + keyLength + valueLength);
    const at = producer.beginRecord(size, 24);
    const kind = RECORD_KIND.SET;
    writeRecordHeader(producer.area.view, at, size, kind, 0, keyLength, valueLength, 0, 0, 0);
    producer.copyArea(24, source, begin, keyLength);
    const valueOffset = 24 + keyLength;
    const valueBegin = begin + keyLength;
    const way = random.below(3);
    if (way === 0) producer.copyArea(valueOffset, source, valueBegin, valueLength);
    else if (way === 1) producer.copyBytes(valueOffset, source.bytes, valueBegin, valueLength);
    else producer.copyBytes(valueOffset, new Uint8Array(value), 0, valueLength);
    producer.endRecord();
    return setRecordBytes(key.toString("latin1"), value.toString("latin1"));
  }

  test.each(RING_STARTS)("agrees from %d on", (start) => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed);
      const { producer, consumer, buffer } = createRing(WAL_BUFFER_SIZE_MIN, start);
      // Padding has to be zeroed, whatever was there.
      new Uint8Array(buffer, 256).fill(0xff);
      let sent = Buffer.alloc(0);
      let arrived = Buffer.alloc(0);
      for (let i = 0; i < 300; i++) {
        if (producer.room() > 40 && !random.oneIn(3)) {
          sent = Buffer.concat([sent, appendRandom(producer, random)]);
        }
        if (random.oneIn(2)) producer.publish();
        if (random.oneIn(3)) arrived = Buffer.concat([arrived, takeAll(consumer)]);
        const inRing = sent.length - arrived.length;
        expect(producer.room(), `seed ${seed}, step ${i}`).toBe(producer.size - inRing);
        expect(producer.position()).toBe(start + sent.length);
      }
      producer.publish();
      arrived = Buffer.concat([arrived, takeAll(consumer)]);
      expect(arrived.equals(sent), `seed ${seed}`).toBe(true);
      expect(sent.length, `seed ${seed} goes round`).toBeGreaterThan(4 * producer.size);
    }
  });
});
