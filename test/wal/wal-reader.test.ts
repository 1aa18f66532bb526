import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  SEED,
  anyRecord,
  buildGroup,
  buildWalFile,
  filesOf,
  set,
  type BuiltFile,
  type PlainRecord,
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
} from "../support/wal-reader-fixture.ts";

describe("the reader of a partition", () => {
  test("reads what was written, over several files", () => {
    const synced = (count: number) => Array.from({ length: count }, () => 0);
    const groups = fc.array(fc.array(anyRecord, { minLength: 1, maxLength: 5 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(groups, { minLength: 1, maxLength: 4 }), (contents) => {
        const files: BuiltFile[] = [];
        for (const [i, content] of contents.entries()) {
          const position = files.at(-1)?.positions.at(-1) ?? 8000;
          const zeroes = synced(content.length);
          const fileGroups = content.map((records, j) => ({ records, syncedPosition: zeroes[j]! }));
          files.push(buildWalFile({ sequence: i + 1, position, groups: fileGroups }));
        }
        const reading = read(filesOf(...files));
        expect(reading.fault).toBeNull();
        expect(reading.records).toEqual(contents.flat(2));
        expect(reading.endPosition).toBe(files.at(-1)!.positions.at(-1)!);
      }),
    );
  });

  test("says where each record and group is", () => {
    const first = { records: [set("a", "1"), set("b", "2")], syncedPosition: 0 };
    const second = { records: [set("c", "3")], syncedPosition: 8 };
    const file = buildWalFile({ position: 8, groups: [first, second] });
    const reader = openReader(filesOf(file));
    expect(reader.next()).toBe(true);
    expect([reader.fileName, reader.groupOffset, reader.group.position]).toEqual([
      file.name,
      64,
      8,
    ]);
    expect(readGroups(openReader(filesOf(file))).positions).toEqual([8, 40, 72]);
    expect(reader.next()).toBe(true);
    expect([reader.groupOffset, reader.endPosition, reader.syncedPosition]).toEqual([168, 104, 8]);
    expect(reader.next()).toBe(false);
    expect(reader.next()).toBe(false);
    expect(reader.fault).toBeNull();
  });

  test("reads a group that is larger than what it reads at a time", () => {
    const record = set("k", "v".repeat(3 << 20));
    const groups = [{ records: [record, set("a", "b")], syncedPosition: 0 }];
    const reading = read(filesOf(buildWalFile({ groups })));
    expect(reading.records).toEqual(groups[0]!.records as PlainRecord[]);
  });

  test("takes files without a byte at the end for nothing wrong, in any epoch", () => {
    const file = smallFile();
    const empty = {
      "wal-0000000001-00-0000000002": new Uint8Array(0),
      "wal-0000000001-00-0000000003": new Uint8Array(0),
    };
    for (const isLastEpoch of [true, false]) {
      const reading = read({ ...filesOf(file), ...empty }, { isLastEpoch });
      expect([keysOf(reading), reading.fault]).toEqual(["abc", null]);
      expect(read(empty, { isLastEpoch })).toMatchObject({ records: [], fault: null });
    }
    const torn = { ...filesOf(file), [file.name]: file.bytes.subarray(0, -1), ...empty };
    expect(read(torn).fault).toMatchObject({ kind: "torn", offset: file.offsets[2]! });
  });

  test("takes a file with nothing but its header for whole", () => {
    const reading = read(filesOf(buildWalFile({ position: 80, groups: [] })));
    expect([reading.fault, reading.endPosition]).toEqual([null, 80]);
  });
});

describe("the beginning", () => {
  const [first, second] = twoFiles();
  const files = filesOf(first, second);

  test.each([
    [0, "abcdef"],
    [32, "bcdef"],
    [40, "bcdef"],
    [64, "cdef"],
    [95, "cdef"],
    [96, "def"],
    [128, "ef"],
    [192, ""],
  ])("is where position %d lies", (fromPosition, keys) => {
    const reading = read(files, { fromPosition });
    expect([keysOf(reading), reading.fault]).toEqual([keys, null]);
  });

  test("is not looked for in files that have gone", () => {
    expect(keysOf(read(filesOf(second), { fromPosition: 128 }))).toBe("ef");
    expect(keysOf(read({ ...files, [first.name]: new Uint8Array(7) }, { fromPosition: 96 }))).toBe(
      "def",
    );
    const later = read(filesOf(second), { firstSequence: 2 });
    expect([keysOf(later), later.fault]).toEqual(["def", null]);
  });

  test("must not be missing", () => {
    expect(read(filesOf(second)).fault).toMatchObject({
      kind: "damage",
      fileName: first.name,
      offset: 0,
      reason: "the file is missing",
      lostBytes: 0,
    });
    const gap = read(filesOf(second), { fromPosition: 64 });
    expect(gap.fault).toMatchObject({ kind: "damage", fileName: second.name, offset: 0 });
    expect(gap.fault?.reason).toBe("it begins at position 96, but 64 is due");
  });

  test("must not lie behind the end", () => {
    const reading = read(files, { fromPosition: 200 });
    expect(reading.fault).toEqual({
      kind: "damage",
      fileName: second.name,
      offset: second.bytes.length,
      position: 192,
      reason: "it ends at position 192, but was synced up to 200",
      lostBytes: 0,
    });
  });
});

describe("a torn end", () => {
  test("is what a truncation leaves, wherever it cuts", () => {
    const [first, second] = twoFiles([96, 96, 96]);
    for (let size = 1; size < second.bytes.length; size++) {
      const files = { ...filesOf(first), [second.name]: second.bytes.subarray(0, size) };
      const reading = read(files);
      const sound = second.offsets.filter((offset) => offset <= size).length - 1;
      const offset = sound < 0 ? 0 : second.offsets[sound]!;
      expect(keysOf(reading)).toBe("abcdef".slice(0, 3 + Math.max(0, sound)));
      if (offset === size) expect(reading.fault).toBeNull();
      else {
        expect(reading.fault).toMatchObject({
          kind: "torn",
          fileName: second.name,
          offset,
          position: reading.endPosition,
          lostBytes: size - offset,
        });
      }
    }
  });

  test.each([
    ["zeroes", (length: number) => new Uint8Array(length)],
    ["noise", (length: number) => new Uint8Array(length).map((_, i) => (i * 77) ^ 0x5a)],
  ])("is %s behind the last group", (_, makeTail) => {
    const file = smallFile();
    for (const length of [1, 39, 40, 512, 70_000]) {
      const bytes = Buffer.concat([file.bytes, makeTail(length)]);
      const reading = read({ [file.name]: bytes });
      expect(keysOf(reading)).toBe("abc");
      const expected = { kind: "torn", offset: file.bytes.length, lostBytes: length };
      expect(reading.fault).toMatchObject(expected);
    }
  });

  test("is a header of zeroes with nothing behind it", () => {
    const [first, second] = twoFiles();
    for (const size of [1, 63, 64]) {
      const reading = read({ ...filesOf(first), [second.name]: new Uint8Array(size) });
      expect(keysOf(reading)).toBe("abc");
      expect(reading.fault).toMatchObject({ kind: "torn", offset: 0, lostBytes: size });
      const alone = read({ [first.name]: new Uint8Array(size) });
      expect(alone.fault).toMatchObject({ kind: "torn", fileName: first.name, position: null });
    }
  });

  test("has groups behind it that prove nothing", () => {
    const file = smallFile([0, 32, 32]);
    const reading = read({ [file.name]: flip(file.bytes, file.offsets[1]! + 50) });
    expect(keysOf(reading)).toBe("a");
    expect(reading.fault).toMatchObject({ kind: "torn", offset: file.offsets[1]!, position: 32 });
  });

  test("is the end, whoever wants to go on", () => {
    const file = smallFile([0, 32, 32]);
    const { keys, faults, skipped } = readOn({ [file.name]: flip(file.bytes, 64 + 72 + 50) });
    expect([keys, faults.length, skipped]).toEqual(["a", 1, [144]]);
  });

  test("is none for what a client stores that looks like a group", () => {
    const forged = buildGroup({ records: [set("x", "y")], syncedPosition: 1e6 }, 2e6, SEED + 1);
    const value = Buffer.from(forged).toString("latin1");
    const groups = [{ records: [set("12345678", value)], syncedPosition: 0 }];
    const file = buildWalFile({ groups });
    const reading = read({ [file.name]: flip(file.bytes, 64 + 3) });
    expect(reading.fault).toMatchObject({ kind: "torn", offset: 64 });
  });
});
