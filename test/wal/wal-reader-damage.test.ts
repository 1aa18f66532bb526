// What the reader says of bytes that are not as they were written, and how it goes on.

import { describe, expect, test } from "bun:test";
import { type WalFault, type WalReaderOptions } from "../../src/wal/wal-reader.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { Random } from "../support/random.ts";
import {
  buildWalFile,
  filesOf,
  set,
  type BuiltFile,
  type PlainFile,
} from "../support/plain-wal.ts";
import {
  flip,
  keysOf,
  openReader,
  read,
  readGroups,
  readOn,
  smallFile,
  twoFiles,
  type Reading,
} from "../support/wal-reader-fixture.ts";

describe("damage", () => {
  test("is what is bad before a header that says it was synced", () => {
    const file = smallFile();
    const bytes = flip(file.bytes, file.offsets[1]! + 50);
    expect(read({ [file.name]: bytes }).fault).toEqual({
      kind: "damage",
      fileName: file.name,
      offset: file.offsets[1]!,
      position: 32,
      reason: "the checksum of a group's records is wrong",
      lostBytes: 144,
    });
    // The header is evidence even if its own records are torn, too.
    const tornToo = flip(bytes, file.bytes.length - 1).subarray(0, -1);
    expect(read({ [file.name]: tornToo }).fault?.kind).toBe("damage");
  });

  test("is what is bad in a file that is not the last, or not of the last epoch", () => {
    const [first, second] = twoFiles();
    const files = { ...filesOf(first, second), [first.name]: first.bytes.subarray(0, -1) };
    const offset = first.offsets[2]!;
    const expected = { kind: "damage", fileName: first.name, offset, reason: "a group is cut off" };
    expect(read(files).fault).toMatchObject(expected);
    const alone = { [first.name]: first.bytes.subarray(0, -1) };
    expect(read(alone).fault?.kind).toBe("torn");
    expect(read(alone, { isLastEpoch: false }).fault).toMatchObject(expected);
  });

  test("is what is bad below the position that is proven otherwise", () => {
    const file = smallFile();
    const torn = { [file.name]: file.bytes.subarray(0, -1) };
    expect(read(torn, { provenPosition: 64 }).fault?.kind).toBe("torn");
    expect(read(torn, { provenPosition: 72 }).fault?.kind).toBe("damage");
    expect(read(torn, { fromPosition: 72 }).fault?.kind).toBe("damage");
    const short = { [file.name]: file.bytes.subarray(0, file.offsets[2]) };
    expect(read(short, { provenPosition: 64 }).fault).toBeNull();
    expect(read(short, { provenPosition: 72 }).fault).toMatchObject({
      kind: "damage",
      offset: file.offsets[2]!,
      reason: "it ends at position 64, but was synced up to 72",
    });
  });

  test("is a bad header with anything behind it", () => {
    const file = smallFile([0, 0, 0]);
    const bytes = flip(file.bytes, 30);
    expect(read({ [file.name]: bytes }).fault).toMatchObject({
      kind: "damage",
      offset: 0,
      reason: "the checksum of the file's header is wrong",
    });
    expect(read({ [file.name]: bytes.subarray(0, 64) }).fault?.kind).toBe("torn");
  });

  test("is a header of an unknown version, even with nothing behind it", () => {
    const file = buildWalFile({ groups: [] });
    expect(read({ [file.name]: flip(file.bytes, 8, 3) }).fault).toMatchObject({
      kind: "damage",
      reason: "it is of version 2 of the format, and this program knows 1",
    });
  });

  test.each<[string, PlainFile, Partial<WalReaderOptions>]>([
    ["it was written as wal-0000000002-00-0000000002", { epoch: 2, groups: [] }, {}],
    ["it was written as wal-0000000001-01-0000000002", { partition: 1, groups: [] }, {}],
    ["it was written as wal-0000000001-00-0000000003", { sequence: 3, groups: [] }, {}],
    ["it is of 3 partitions, and those before it of 2", { partitionCount: 3, groups: [] }, {}],
    ["it begins at position 104, but 96 is due", { position: 104, groups: [] }, {}],
    ["it begins at position 88, but 96 is due", { position: 88, groups: [] }, {}],
  ])("is a file of which %s", (reason, file, options) => {
    const { bytes } = buildWalFile({ sequence: 2, position: 96, ...file });
    const name = "wal-0000000001-00-0000000002";
    const reading = read({ ...filesOf(smallFile()), [name]: bytes }, options);
    expect(keysOf(reading)).toBe("abc");
    expect(reading.fault).toMatchObject({ kind: "damage", fileName: name, offset: 0, reason });
  });

  test("is a file of a directory with other segments", () => {
    const files = filesOf(smallFile());
    expect(read(files, { segmentBits: 9 }).fault?.reason).toBe(
      "it has 10 segment bits, and the directory 9",
    );
    expect(read(files, { segmentBits: null }).fault).toBeNull();
  });

  test("is a group that is not due, though it is sound", () => {
    const file = smallFile();
    const [, second, third, end] = file.offsets;
    const withoutSecond = Buffer.concat([
      file.bytes.subarray(0, second),
      file.bytes.subarray(third),
    ]);
    expect(read({ [file.name]: withoutSecond }).fault).toMatchObject({
      kind: "damage",
      offset: second!,
      reason: "a group begins at position 64, but 32 is due",
    });
    const twice = Buffer.concat([file.bytes, file.bytes.subarray(third)]);
    expect(read({ [file.name]: twice }).fault).toMatchObject({
      kind: "damage",
      offset: end!,
      reason: "a group begins at position 64, but 96 is due",
    });
  });

  test("is a group whose records are none, though its checksums are right", () => {
    const bad = set("k", "v", { database: 16 });
    const groups = [
      { records: [set("a", "1")], syncedPosition: 0 },
      { records: [set("b", "2"), bad], syncedPosition: 0 },
    ];
    const file = buildWalFile({ groups });
    const reading = read(filesOf(file));
    expect(keysOf(reading)).toBe("a");
    expect(reading.fault).toMatchObject({
      kind: "damage",
      offset: file.offsets[1]!,
      reason: "a record is of a database that there is not",
    });
  });

  test("is a file that is missing in between", () => {
    const [first, second] = twoFiles();
    const third = buildWalFile({ sequence: 3, position: 192, groups: [] });
    expect(read(filesOf(first, third)).fault).toMatchObject({
      kind: "damage",
      fileName: second.name,
      reason: "the file is missing",
    });
  });
});

describe("going on behind damage", () => {
  const [first, second] = twoFiles();

  test("loses the group that is bad, and no more", () => {
    const files = {
      ...filesOf(first, second),
      [first.name]: flip(first.bytes, first.offsets[1]! + 60),
    };
    const { keys, faults, skipped } = readOn(files);
    expect([keys, skipped]).toEqual(["acdef", [72]]);
    expect(faults.map(({ offset }) => offset)).toEqual([first.offsets[1]!]);
  });

  test("loses a file that is missing", () => {
    const third = buildWalFile({
      sequence: 3,
      position: 192,
      groups: [{ records: [set("g", "")], syncedPosition: 192 }],
    });
    const { keys, faults } = readOn(filesOf(first, third));
    expect([keys, faults.length]).toEqual(["abcg", 1]);
  });

  test("loses a header alone, and a file of something else as a whole", () => {
    const files = { ...filesOf(first, second), [second.name]: flip(second.bytes, 20) };
    expect(readOn(files)).toMatchObject({ keys: "abcdef", skipped: [64] });
    const other = buildWalFile({ partition: 1, groups: [] });
    const foreign = { ...filesOf(first, second), [first.name]: other.bytes };
    expect(readOn(foreign).keys).toBe("def");
  });

  test("never gives out what comes too late", () => {
    const bytes = Buffer.concat([first.bytes, first.bytes.subarray(first.offsets[1])]);
    const { keys, faults } = readOn({ [first.name]: bytes });
    expect([keys, faults.length]).toEqual(["abc", 2]);
  });

  test("ends", () => {
    const file = smallFile();
    const reader = openReader(filesOf(file), { provenPosition: 1000 });
    expect(keysOf(readGroups(reader))).toBe("abc");
    expect(reader.fault?.kind).toBe("damage");
    expect(reader.skipDamage()).toBe(0);
    expect(reader.next()).toBe(false);
    expect(reader.fault).toBeNull();
    expect(reader.skipDamage()).toBe(0);
  });
});

describe("whatever one byte becomes", () => {
  const groups = [
    { records: [set("a", "1"), set("b", "22", { database: 3 })], syncedPosition: 0 },
    { records: [set("", "", { kind: RECORD_KIND.FLUSH })], syncedPosition: 64 },
    { records: [set("c", "333", { deadlineMs: 5 })], syncedPosition: 64 },
    { records: [set("d", "4444")], syncedPosition: 120 },
  ];
  const first = buildWalFile({ groups });
  const end = first.positions.at(-1)!;
  const second = buildWalFile({
    sequence: 2,
    position: end,
    groups: groups.map(({ records }) => ({ records, syncedPosition: end })),
  });
  const sound = read(filesOf(first, second)).records;

  function expectPrefix(reading: Reading, file: BuiltFile, offset: number): WalFault {
    expect(reading.records).toEqual(sound.slice(0, reading.records.length));
    expect(reading.fault).not.toBeNull();
    const begins = [0, ...file.offsets];
    const place = begins.findLast((begin) => begin <= offset)!;
    expect([reading.fault!.fileName, reading.fault!.offset]).toEqual([file.name, place]);
    return reading.fault!;
  }

  test.each([0x01, 0x80, 0xff])("in a file that is not the last (by %d), it is found", (mask) => {
    for (let offset = 0; offset < first.bytes.length; offset++) {
      const files = { ...filesOf(first, second), [first.name]: flip(first.bytes, offset, mask) };
      expect(expectPrefix(read(files), first, offset).kind).toBe("damage");
    }
  });

  test.each([0x01, 0x80, 0xff])("in the last file (by %d), it is found", (mask) => {
    for (let offset = 0; offset < second.bytes.length; offset++) {
      const files = { ...filesOf(first, second), [second.name]: flip(second.bytes, offset, mask) };
      const fault = expectPrefix(read(files), second, offset);
      expect(fault.kind).toBe(offset < 64 ? "damage" : "torn");
    }
  });

  test("random bytes in any number never give a wrong record", () => {
    const seed = 61120261;
    const random = new Random(seed);
    for (let round = 0; round < 300; round++) {
      const bytes = second.bytes.slice(0, random.between(64, second.bytes.length + 1));
      const begin = random.between(64, bytes.length + 1);
      random.fill(bytes.subarray(begin, begin + random.below(200)));
      const reading = read({ ...filesOf(first, second), [second.name]: bytes });
      expect(reading.records).toEqual(sound.slice(0, reading.records.length));
      expect(reading.fault?.kind ?? "torn").toBe("torn");
    }
  });
});
