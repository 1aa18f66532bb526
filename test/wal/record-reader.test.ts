import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { VALUE_LENGTH_MAX } from "../../src/store/pieces.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { RECORD_STEP, RecordReader, checkRecords } from "../../src/wal/record-reader.ts";
import {
  anyRecord,
  copyRecord,
  encodeRecord,
  set,
  type PlainRecord,
} from "../support/plain-wal.ts";

function areaOf(bytes: Uint8Array): ByteArea {
  return new ByteArea(Uint8Array.from(bytes).buffer);
}

function open(bytes: Uint8Array): RecordReader {
  const area = areaOf(bytes);
  const reader = new RecordReader(area);
  reader.open(area, 0, area.length);
  return reader;
}

/** Reads them one by one, and holds that against what is said of all of them together. */
function readAll(bytes: Uint8Array): { records: PlainRecord[]; fault: string } {
  const reader = open(bytes);
  const records: PlainRecord[] = [];
  while (reader.next() === RECORD_STEP.RECORD) records.push(copyRecord(reader));
  const { fault, area } = reader;
  expect(checkRecords(area, 0, area.length)).toBe(fault === "" ? records.length : fault);
  if (fault === "") expect(readSound(area)).toEqual(records);
  return { records, fault };
}

function readSound(area: ByteArea): PlainRecord[] {
  const reader = new RecordReader(area);
  reader.openSound(area, 0, area.length);
  const records: PlainRecord[] = [];
  while (reader.next() === RECORD_STEP.RECORD) records.push(copyRecord(reader));
  return records;
}

describe("a record", () => {
  test("of any kind is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 8 }), (records) => {
        const bytes = Buffer.concat(records.map(encodeRecord));
        expect(readAll(bytes)).toEqual({ records, fault: "" });
      }),
    );
  });

  test("has the longest key there is", () => {
    const record = set("k".repeat(0xffff), "v");
    expect(readAll(encodeRecord(record))).toEqual({ records: [record], fault: "" });
  });

  test("keeps a deadline of 64 bits", () => {
    const bytes = encodeRecord(set("a", "b"));
    bytes.fill(0xff, 16, 24);
    const reader = open(bytes);
    expect(reader.next()).toBe(RECORD_STEP.RECORD);
    expect([reader.deadlineLow, reader.deadlineHigh]).toEqual([-1, -1]);
    expect(reader.deadlineMs).toBe(2 ** 64);
  });

  test("says where it is, and leaves nothing of the one before", () => {
    const first = encodeRecord({
      ...set("a", "b"),
      kind: RECORD_KIND.PART,
      group: { id: 9, count: 2, index: 1 },
      part: { offset: 1, wholeLength: 5 },
    });
    const reader = open(Buffer.concat([first, encodeRecord(set("c", "d"))]));
    reader.next();
    reader.next();
    expect(reader.offset).toBe(first.length);
    expect(reader.size).toBe(32);
    expect([reader.groupId, reader.groupCount, reader.groupIndex]).toEqual([0, 0, 0]);
    expect([reader.partOffset, reader.wholeLength, reader.isMember]).toEqual([0, 0, false]);
    expect(reader.next()).toBe(RECORD_STEP.END);
    expect(reader.next()).toBe(RECORD_STEP.END);
  });
});

describe("what is no record", () => {
  const { SET, DELETE, FLUSH, FLUSH_ALL, PART } = RECORD_KIND;
  const part = { offset: 0, wholeLength: 4 };
  const member = { id: 1, count: 2, index: 0 };

  test.each<[string, PlainRecord]>([
    ["a record is of a database that there is not", set("k", "v", { database: 16 })],
    ["a record has a value that it cannot have", set("k", "v", { kind: DELETE })],
    ["a record has a value that it cannot have", set("", "v", { kind: FLUSH })],
    ["a record has a deadline that it cannot have", set("k", "", { kind: DELETE, deadlineMs: 1 })],
    [
      "a record has a deadline that it cannot have",
      set("", "", { kind: FLUSH, deadlineMs: 2 ** 32 }),
    ],
    ["a flush has a key", set("k", "", { kind: FLUSH })],
    ["a flush has a key", set("k", "", { kind: FLUSH_ALL })],
    ["a flush of all databases names one", set("", "", { kind: FLUSH_ALL, database: 1 })],
    ["a part of a value is empty", set("k", "", { kind: PART, part })],
    ["a part lies outside its value", set("k", "12345", { kind: PART, part })],
    [
      "a part lies outside its value",
      set("k", "1234", { kind: PART, part: { offset: 1, wholeLength: 4 } }),
    ],
    [
      "a value is too long",
      set("k", "1", { kind: PART, part: { offset: 0, wholeLength: VALUE_LENGTH_MAX + 1 } }),
    ],
    [
      "a record lies outside its transaction group",
      set("k", "v", { group: { ...member, index: 2 } }),
    ],
    [
      "a record lies outside its transaction group",
      set("k", "v", { group: { id: 1, count: 0, index: 0 } }),
    ],
    ["a transaction group's id is too large", set("k", "v", { group: { ...member, id: 2 ** 53 } })],
  ])("%s: %j", (fault, record) => {
    expect(readAll(encodeRecord(record)).fault).toBe(fault);
  });

  test.each<[string, number, number]>([
    ["a record is of an unknown kind", 4, 0],
    ["a record is of an unknown kind", 4, 6],
    ["a record has unknown flags", 12, 2],
    ["a record has unknown flags", 15, 0x80],
    ["a record's size is not that of its contents", 12, 1],
    ["a record's size is not that of its contents", 0, 24],
    ["a record's size is not that of its contents", 0, 33],
    ["a record's size is not that of its contents", 0, 0],
    ["a record's size is not that of its contents", 6, 200],
    ["a record's size is not that of its contents", 11, 0xff],
    ["a record is longer than what holds it", 1, 1],
    ["a record's padding is not zero", 31, 1],
  ])("%s: byte %d is %d", (fault, offset, byte) => {
    const bytes = Buffer.concat([encodeRecord(set("key", "val")), encodeRecord(set("a", "b"))]);
    bytes[offset] = byte;
    const reader = open(bytes);
    expect(reader.next()).toBe(RECORD_STEP.INVALID);
    expect(reader.fault).toBe(fault);
    expect(reader.next()).toBe(RECORD_STEP.INVALID);
    expect(reader.offset).toBe(0);
  });

  test("is a record that is cut off anywhere", () => {
    const bytes = encodeRecord(set("key", "value", { kind: SET, group: member }));
    for (let length = 1; length < bytes.length; length++) {
      expect(readAll(bytes.subarray(0, length)).fault).not.toBe("");
    }
    expect(readAll(bytes).fault).toBe("");
  });

  test("never leads out of its block, whatever the bytes", () => {
    const hostile = fc.uint8Array({ minLength: 24, maxLength: 96 }).map((bytes) => {
      // Small numbers where the lengths are, or nothing would get past the first check.
      bytes[0]! &= 0x78;
      for (const offset of [1, 2, 3, 7, 9, 10, 11, 13, 14, 15]) bytes[offset] = 0;
      bytes[4] = (bytes[4]! % 5) + 1;
      bytes[12]! &= 1;
      return bytes;
    });
    fc.assert(
      fc.property(hostile, (bytes) => {
        const reader = open(bytes);
        while (reader.next() === RECORD_STEP.RECORD) {
          expect(reader.valueOffset + reader.valueLength).toBeLessThanOrEqual(bytes.length);
          expect(reader.keyOffset + reader.keyLength).toBe(reader.valueOffset);
          expect(encodeRecord(copyRecord(reader)).length).toBe(reader.size);
        }
      }),
    );
  });
});
