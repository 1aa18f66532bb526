import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { CLASS_SHIFT, DATABASE_SHIFT, FLAG_DEADLINE } from "../../src/store/entry.ts";
import { RECORD_KIND, recordSize, writeRecordHeader } from "../../src/wal/record.ts";
import { ENTRY_LENGTH_MAX, STAGE_SIZE, createWalProducer } from "../../src/wal/staged-producer.ts";
import { reserveWalBuffer, type WalProducer } from "../../src/wal/wal-buffer.ts";
import type { WalConsumer } from "../../src/wal/wal-consumer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { Random } from "../support/random.ts";
import { appendSet, setRecordBytes } from "../support/wal-records.ts";
import { openConsumer, takeAll } from "../support/wal-ring.ts";

const KIB = 1024;
const HEAD_SIZE = 24;
const WORD = 2 ** 32;

interface Entry {
  readonly database: number;
  readonly key: string;
  readonly value: string;
  /** Null = the entry has no place for one. */
  readonly deadlineMs: number | null;
}

/** Records that take what they are given from an entry, as it lies in the arena. */
class Stand {
  readonly producer: WalProducer;
  readonly consumer: WalConsumer;

  constructor(ringSize = 4 * STAGE_SIZE, position = 0) {
    const buffer = reserveWalBuffer(ringSize);
    // Padding has to be zeroed, whatever was there.
    new Uint8Array(buffer, 256).fill(0xff);
    this.producer = createWalProducer(buffer, new WalDoorbell(), position);
    this.consumer = openConsumer(buffer, position);
  }

  appendEntry(entry: Entry): boolean {
    const word = 6;
    return this.producer.appendEntry!(layOut(entry, word), word);
  }

  take(): Buffer {
    return takeAll(this.consumer);
  }
}

function layOut({ database, key, value, deadlineMs }: Entry, word: number): Int32Array {
  const place = deadlineMs === null ? 0 : 8;
  const words = new Int32Array(word + 4 + Math.ceil((key.length + value.length) / 4)).fill(-1);
  const flags = (deadlineMs === null ? 0 : FLAG_DEADLINE) | (database << DATABASE_SHIFT);
  words[word] = key.length | flags | (3 << CLASS_SHIFT);
  words[word + 1] = value.length;
  if (deadlineMs !== null) {
    words[word + 2] = (deadlineMs % WORD) | 0;
    words[word + 3] = Math.floor(deadlineMs / WORD);
  }
  Buffer.from(words.buffer).write(key + value, (word + 2) * 4 + place, "latin1");
  return words;
}

function recordOf({ database, key, value, deadlineMs }: Entry): Buffer {
  const bytes = setRecordBytes(key, value);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const low = ((deadlineMs ?? 0) % WORD) | 0;
  const high = Math.floor((deadlineMs ?? 0) / WORD);
  const { SET } = RECORD_KIND;
  writeRecordHeader(view, 0, bytes.length, SET, database, key.length, value.length, 0, low, high);
  return bytes;
}

function randomText(random: Random, length: number): string {
  const bytes = Buffer.alloc(length);
  random.fill(bytes);
  return bytes.toString("latin1");
}

function randomEntry(random: Random): Entry {
  const keyLength = random.below(40);
  return {
    database: random.below(16),
    key: randomText(random, keyLength),
    value: randomText(random, random.below(ENTRY_LENGTH_MAX - keyLength + 1)),
    deadlineMs: random.oneIn(2) ? null : random.oneIn(3) ? 0 : Date.now() + random.below(1e9),
  };
}

describe("a stage before a ring", () => {
  test("shows nothing before it is published, moved to the ring or not", () => {
    const { producer, consumer } = new Stand();
    const record = setRecordBytes("key", "x".repeat(1000));
    const count = Math.ceil((2 * STAGE_SIZE) / record.length);
    for (let i = 0; i < count; i++) appendSet(producer, "key", "x".repeat(1000));
    consumer.look();
    expect(consumer.length).toBe(0);
    expect(producer.position()).toBe(count * record.length);
    expect(producer.room()).toBe(producer.size - count * record.length);
    producer.publish();
    consumer.look();
    expect(consumer.recordCount).toBe(count);
  });

  test("gives what it holds to whoever asks for a sync", () => {
    const stand = new Stand();
    appendSet(stand.producer, "a", "b");
    expect(stand.producer.requestSync()).toBe(stand.producer.position());
    expect(stand.take()).toEqual(setRecordBytes("a", "b"));
  });

  test("is empty after a restart", () => {
    const stand = new Stand();
    appendSet(stand.producer, "lost", "");
    stand.producer.restart(800);
    stand.consumer.restart(800);
    expect(stand.producer.position()).toBe(800);
    appendSet(stand.producer, "kept", "");
    stand.producer.publish();
    expect(stand.take()).toEqual(setRecordBytes("kept", ""));
  });

  test("takes as much as the ring has room for, and a record as large as the ring", () => {
    const stand = new Stand(4 * KIB);
    const { producer } = stand;
    expect(producer.hasRoom(4 * KIB)).toBe(true);
    appendSet(producer, "", "x".repeat(4 * KIB - HEAD_SIZE));
    expect(producer.hasRoom(8)).toBe(false);
    expect(() => appendSet(producer, "", "")).toThrow("there is room");
    expect(() => producer.beginRecord(4 * KIB + 8, HEAD_SIZE)).toThrow("fits");
    producer.publish();
    expect(stand.take()).toHaveLength(4 * KIB);
    expect(producer.room()).toBe(4 * KIB);
  });

  test.each([STAGE_SIZE - 8, STAGE_SIZE, STAGE_SIZE + 8, 2 * STAGE_SIZE])(
    "holds a record of %d bytes, or has it in the ring at once",
    (size) => {
      const stand = new Stand();
      const value = randomText(new Random(size), size - HEAD_SIZE - 3);
      appendSet(stand.producer, "a", "before");
      appendSet(stand.producer, "key", value);
      appendSet(stand.producer, "b", "behind");
      expect(stand.appendEntry({ database: 0, key: "c", value: "d", deadlineMs: null })).toBe(true);
      stand.producer.publish();
      const records = [
        ["a", "before"],
        ["key", value],
        ["b", "behind"],
        ["c", "d"],
      ];
      const expected = Buffer.concat(records.map(([k, v]) => setRecordBytes(k!, v!)));
      expect(stand.take().equals(expected)).toBe(true);
    },
  );
});

describe("an entry", () => {
  test("is the record of its key, value, database and deadline, at every length", () => {
    for (let length = 0; length <= ENTRY_LENGTH_MAX; length++) {
      for (const deadlineMs of [null, 0, 1.8e12]) {
        const stand = new Stand();
        const text = randomText(new Random(length + 1), length);
        const keyLength = Math.min(length, (length % 7) * 3);
        const key = text.slice(0, keyLength);
        const entry = { database: length % 16, key, value: text.slice(keyLength), deadlineMs };
        appendSet(stand.producer, "before", "");
        expect(stand.appendEntry(entry)).toBe(true);
        appendSet(stand.producer, "behind", "");
        stand.producer.publish();
        const ends = ["before", "behind"].map((name) => setRecordBytes(name, ""));
        const expected = Buffer.concat([ends[0]!, recordOf(entry), ends[1]!]);
        expect(stand.take().equals(expected), `${length} bytes`).toBe(true);
      }
    }
  });

  test("that is longer has to come the other way, and nothing has been done", () => {
    const stand = new Stand();
    const value = "x".repeat(ENTRY_LENGTH_MAX);
    const entry = { database: 0, key: "k", value, deadlineMs: null };
    expect(stand.appendEntry(entry)).toBe(false);
    expect(stand.producer.position()).toBe(0);
    expect(stand.appendEntry({ ...entry, key: "" })).toBe(true);
  });

  test("for which the stage has no room has what is there go to the ring", () => {
    const stand = new Stand();
    const entry = { database: 0, key: "key", value: "value", deadlineMs: null };
    const size = recordSize(3, 5, false, false);
    const count = Math.floor(STAGE_SIZE / size) + 1;
    for (let i = 0; i < count; i++) expect(stand.appendEntry(entry)).toBe(true);
    expect(stand.producer.position()).toBe(count * size);
    stand.producer.publish();
    const expected = Buffer.concat(Array.from({ length: count }, () => recordOf(entry)));
    expect(stand.take().equals(expected)).toBe(true);
  });

  test("is refused when the ring has no room, until some is known again", () => {
    const stand = new Stand(4 * KIB);
    const entry = { database: 0, key: "", value: "x".repeat(40), deadlineMs: null };
    for (let i = 0; i < 64; i++) expect(stand.appendEntry(entry)).toBe(true);
    expect(stand.appendEntry(entry)).toBe(false);
    stand.producer.publish();
    expect(stand.appendEntry(entry)).toBe(false);
    stand.take();
    appendSet(stand.producer, "", "");
    stand.producer.publish();
    expect(stand.appendEntry(entry)).toBe(true);
  });
});

describe("a stage against a plain model", () => {
  const source = new ByteArea(new ArrayBuffer(64 * KIB));

  function appendRandom(producer: WalProducer, random: Random, lengthMax: number): Buffer {
    const length = random.below(Math.max(1, Math.min(lengthMax, producer.room() - 32)));
    const keyLength = random.below(length + 1) & 0xff;
    const begin = random.below(source.length - length + 1);
    random.fill(source.bytes.subarray(begin, begin + length));
    const valueLength = length - keyLength;
    const size = recordSize(keyLength, valueLength, false, false);
    const at = producer.beginRecord(size, HEAD_SIZE);
    const { view } = producer.area;
    writeRecordHeader(view, at, size, RECORD_KIND.SET, 0, keyLength, valueLength, 0, 0, 0);
    const valueBegin = begin + keyLength;
    const valueOffset = HEAD_SIZE + keyLength;
    producer.copyArea(HEAD_SIZE, source, begin, keyLength);
    if (random.oneIn(2)) producer.copyArea(valueOffset, source, valueBegin, valueLength);
    else producer.copyBytes(valueOffset, source.bytes, valueBegin, valueLength);
    producer.endRecord();
    const key = source.bytes.toString("latin1", begin, valueBegin);
    return setRecordBytes(key, source.bytes.toString("latin1", valueBegin, begin + length));
  }

  test.each([
    [4 * KIB, 0],
    [4 * KIB, 2 ** 32 - 2 * KIB],
    [64 * KIB, 2 ** 31 - 8 * KIB],
    [64 * KIB, 5 * 2 ** 32 - 64],
  ])("agrees with a ring of %d bytes from %d on", (ringSize, start) => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed);
      const stand = new Stand(ringSize, start);
      const { producer } = stand;
      const sent: Buffer[] = [];
      const arrived: Buffer[] = [];
      let sentBytes = 0;
      let arrivedBytes = 0;
      const send = (record: Buffer): void => {
        sent.push(record);
        sentBytes += record.length;
      };
      for (let i = 0; i < 400; i++) {
        if (random.oneIn(2)) {
          const entry = randomEntry(random);
          if (stand.appendEntry(entry)) send(recordOf(entry));
        } else if (producer.room() > 40) {
          send(appendRandom(producer, random, random.oneIn(6) ? 3 * STAGE_SIZE : 600));
        }
        if (random.oneIn(4)) producer.publish();
        if (random.oneIn(6)) {
          const bytes = stand.take();
          arrived.push(bytes);
          arrivedBytes += bytes.length;
        }
        const where = `seed ${seed}, step ${i}`;
        expect(producer.position(), where).toBe(start + sentBytes);
        expect(producer.room(), where).toBe(ringSize - (sentBytes - arrivedBytes));
      }
      producer.publish();
      arrived.push(stand.take());
      const isRight = Buffer.concat(arrived).equals(Buffer.concat(sent));
      expect(isRight, `seed ${seed}`).toBe(true);
      expect(sentBytes, `seed ${seed} goes round`).toBeGreaterThan(3 * ringSize);
    }
  });
});
