import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WalReader, type WalFault, type WalReaderOptions } from "../../src/wal/wal-reader.ts";
import { RECORD_KIND, RECORD_STEP } from "../../src/wal/record.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import {
  SEED,
  SEGMENT_BITS,
  anyRecord,
  buildGroup,
  buildWalFile,
  copyRecord,
  filesOf,
  namesOf,
  set,
  type BuiltFile,
  type PlainFile,
  type PlainRecord,
} from "../support/plain-wal.ts";

const OPTIONS: WalReaderOptions = {
  checksumSeed: SEED,
  segmentBits: SEGMENT_BITS,
  fromPosition: null,
  provenPosition: 0,
  isLastEpoch: true,
};

interface Reading {
  readonly records: PlainRecord[];
  readonly positions: number[];
  readonly fault: WalFault | null;
  readonly endPosition: number | null;
}

type Files = Readonly<Record<string, Uint8Array>>;

function openReader(files: Files, options: Partial<WalReaderOptions> = {}): WalReader {
  const disk = new SimulatedDisk(new Random(1), files);
  const names = namesOf(...Object.keys(files).map((name) => ({ name })));
  return new WalReader(disk, names, { ...OPTIONS, ...options });
}

function readGroups(reader: WalReader): Reading {
  const records: PlainRecord[] = [];
  const positions: number[] = [];
  while (reader.next()) {
    while (reader.records.next() === RECORD_STEP.RECORD) {
      records.push(copyRecord(reader.records));
      positions.push(reader.recordPosition);
    }
    expect(reader.records.fault).toBe("");
  }
  const { fault, endPosition } = reader;
  return { records, positions, fault, endPosition };
}

function read(files: Files, options: Partial<WalReaderOptions> = {}): Reading {
  const reader = openReader(files, options);
  const reading = readGroups(reader);
  reader.close();
  return reading;
}

/** Every damage is skipped. */
function readOn(files: Files, options: Partial<WalReaderOptions> = {}) {
  const reader = openReader(files, options);
  const records: PlainRecord[] = [];
  const faults: WalFault[] = [];
  const skipped: number[] = [];
  for (;;) {
    records.push(...readGroups(reader).records);
    if (reader.fault === null) break;
    faults.push(reader.fault);
    skipped.push(reader.skipDamage());
  }
  return { keys: records.map(({ key }) => key).join(""), faults, skipped };
}

function flip(bytes: Uint8Array, offset: number, mask = 1): Uint8Array {
  const changed = bytes.slice();
  changed[offset]! ^= mask;
  return changed;
}

/** Three groups of one 32-byte record each; what was synced when each was written can be given. */
function smallFile(synced: readonly number[] = [0, 32, 64], more: Partial<PlainFile> = {}) {
  const groups = synced.map((syncedPosition, i) => {
    return { records: [set("abcdefgh"[i]!, `${i}`)], syncedPosition };
  });
  return buildWalFile({ ...more, groups });
}

/** Two files: a, b, c and d, e, f. */
function twoFiles(secondSynced = [96, 128, 160]): [BuiltFile, BuiltFile] {
  const second = secondSynced.map((syncedPosition, i) => {
    return { records: [set("def"[i]!, `${i}`)], syncedPosition };
  });
  return [smallFile(), buildWalFile({ sequence: 2, position: 96, groups: second })];
}

const keysOf = ({ records }: Reading): string => records.map(({ key }) => key).join("");

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
