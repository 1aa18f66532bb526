import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { checksumWord } from "../../src/wal/checksum.ts";
import {
  CHUNK_MAGIC,
  GROUP_HEADER_SIZE,
  GROUP_MAGIC,
  GROUP_RECORDS_SIZE_MAX,
  GroupHeader,
  isPosition,
  readPosition,
  sealGroup,
  writePosition,
  type GroupFields,
} from "../../src/wal/group.ts";
import { SEED } from "../support/plain-wal.ts";

const FIELDS: GroupFields = { recordsSize: 48, position: 80, syncedPosition: 8, recordCount: 2 };
const OFFSET = 16;

function seal(fields: GroupFields = FIELDS): ByteArea {
  const area = new ByteArea(new ArrayBuffer(OFFSET + GROUP_HEADER_SIZE + fields.recordsSize));
  area.bytes.fill(0xab);
  sealGroup(area, OFFSET, GROUP_MAGIC, fields, SEED);
  return area;
}

function read(area: ByteArea): { fault: string; header: GroupHeader } {
  const header = new GroupHeader();
  return { fault: header.read(area, OFFSET, GROUP_MAGIC, SEED), header };
}

/** Changes fields of a sealed group and makes the header's checksum right for them. */
function forge(change: (view: DataView) => void): ByteArea {
  const area = seal();
  change(new DataView(area.view.buffer, OFFSET, GROUP_HEADER_SIZE));
  const word = checksumWord(area, OFFSET, OFFSET + 36, SEED);
  area.view.setUint32(OFFSET + 36, word, true);
  return area;
}

describe("a group", () => {
  test("is read as it was sealed", () => {
    const { fault, header } = read(seal());
    expect(fault).toBe("");
    expect({ ...header }).toEqual(FIELDS);
    expect([header.size, header.endPosition]).toEqual([88, 128]);
    expect(header.hasItsRecords(seal(), OFFSET, SEED)).toBe(true);
  });

  test("lies as the table in DURABILITY.md says", () => {
    const hex = Buffer.from(seal().bytes).toString("hex", OFFSET, OFFSET + GROUP_HEADER_SIZE);
    expect(hex.slice(0, 48)).toBe("4752503130000000" + "5000000000000000" + "0800000000000000");
    expect(hex.slice(64, 72)).toBe("02000000");
  });

  test("is not what has one bit changed", () => {
    for (let byte = 0; byte < GROUP_HEADER_SIZE; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const area = seal();
        area.bytes[OFFSET + byte]! ^= 1 << bit;
        expect(read(area).fault).not.toBe("");
      }
    }
    for (let byte = GROUP_HEADER_SIZE; byte < GROUP_HEADER_SIZE + 48; byte++) {
      const area = seal();
      area.bytes[OFFSET + byte]! ^= 1;
      const { fault, header } = read(area);
      expect([fault, header.hasItsRecords(area, OFFSET, SEED)]).toEqual(["", false]);
    }
  });

  test("is none of another directory's, and no chunk", () => {
    const header = new GroupHeader();
    expect(header.read(seal(), OFFSET, GROUP_MAGIC, SEED + 1)).toContain("checksum");
    expect(header.read(seal(), OFFSET, CHUNK_MAGIC, SEED)).toBe("there is no group");
    const area = seal();
    sealGroup(area, OFFSET, CHUNK_MAGIC, { ...FIELDS, position: 0, syncedPosition: 0 }, SEED);
    expect(area.bytes.toString("latin1", OFFSET, OFFSET + 4)).toBe("CHK1");
    expect(header.read(area, OFFSET, CHUNK_MAGIC, SEED)).toBe("");
  });

  test.each<[string, (view: DataView) => void]>([
    [
      "a group is larger than 64 MiB",
      (view) => view.setUint32(4, GROUP_RECORDS_SIZE_MAX + 8, true),
    ],
    ["a group's size is no multiple of 8", (view) => view.setUint32(4, 49, true)],
    ["a group is empty", (view) => view.setUint32(32, 0, true)],
    ["a group has too many records", (view) => view.setUint32(32, 3, true)],
    ["a group's position is none", (view) => view.setUint32(8, 81, true)],
    ["a group's position is none", (view) => view.setUint32(12, 0xffffffff, true)],
    [
      "a group claims that it was synced before it was written",
      (view) => view.setUint32(16, 88, true),
    ],
    [
      "a group claims that it was synced before it was written",
      (view) => view.setUint32(16, 7, true),
    ],
  ])("is refused: %s", (fault, change) => {
    expect(read(forge(change)).fault).toBe(fault);
  });

  test("of the largest size is one", () => {
    const area = forge((view) => view.setUint32(4, GROUP_RECORDS_SIZE_MAX, true));
    expect(read(area).fault).toBe("");
  });

  test("is not written as it could not be read", () => {
    expect(() => seal({ ...FIELDS, recordCount: 0 })).toThrow("broken invariant");
    expect(() => seal({ ...FIELDS, syncedPosition: 88 })).toThrow("broken invariant");
  });
});

describe("a position", () => {
  test("is read as it was written", () => {
    const view = new DataView(new ArrayBuffer(8));
    fc.assert(
      fc.property(fc.maxSafeNat(), (position) => {
        writePosition(view, 0, position);
        expect(readPosition(view, 0)).toBe(position);
        expect(view.getBigUint64(0, true)).toBe(BigInt(position));
      }),
    );
  });

  test.each([
    [0, true],
    [8, true],
    [2 ** 53 - 8, true],
    [4, false],
    [-8, false],
    [2 ** 53, false],
    [NaN, false],
  ])("%d: %p", (position, expected) => {
    expect(isPosition(position)).toBe(expected);
  });
});
