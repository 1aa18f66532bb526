import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { writeChecksum } from "../../src/wal/checksum.ts";
import {
  WAL_FILE_HEADER_SIZE,
  WalFileHeader,
  writeWalFileHeader,
  type WalFileFields,
} from "../../src/wal/wal-file-header.ts";
import { SEED } from "../support/plain-wal.ts";

const FIELDS: WalFileFields = {
  epoch: 3,
  partition: 2,
  sequence: 7,
  partitionCount: 4,
  position: 2 ** 40 + 8,
  segmentBits: 10,
  isAfterFailure: false,
};

function write(fields: WalFileFields = FIELDS): ByteArea {
  const area = new ByteArea(new ArrayBuffer(8 + WAL_FILE_HEADER_SIZE));
  area.bytes.fill(0xab);
  writeWalFileHeader(area, 8, fields, SEED);
  return area;
}

function read(area: ByteArea): { fault: string; header: WalFileHeader } {
  const header = new WalFileHeader();
  return { fault: header.read(area, 8, SEED), header };
}

describe("the header of a WAL file", () => {
  test("is read as it was written", () => {
    const { fault, header } = read(write());
    expect(fault).toBe("");
    expect({ ...header }).toEqual({ ...FIELDS, isBroken: false });
    expect(read(write({ ...FIELDS, isAfterFailure: true })).header.isAfterFailure).toBe(true);
  });

  test("lies as the table in DURABILITY.md says", () => {
    const expected =
      "464b565357414c0a 01000000 03000000 07000000 0200 0400 0800000000010000 0a000000";
    const hex = write().bytes.toString("hex", 8, 8 + 36);
    expect(hex).toBe(expected.replaceAll(" ", ""));
    expect(write().bytes.toString("hex", 8 + 36, 8 + 56)).toBe("00".repeat(20));
  });

  test("is not what has one bit changed", () => {
    for (let byte = 0; byte < WAL_FILE_HEADER_SIZE; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const area = write();
        area.bytes[8 + byte]! ^= 1 << bit;
        const { fault, header } = read(area);
        expect(fault).not.toBe("");
        expect(header.isBroken).toBe(byte < 8 || byte >= 12);
      }
    }
  });

  test("of another version is not taken for a broken one", () => {
    const area = write();
    area.view.setUint32(8 + 8, 2, true);
    writeChecksum(area, 8, 8 + 56, SEED, 8 + 56);
    const { fault, header } = read(area);
    expect(fault).toBe("it is of version 2 of the format, and this program knows 1");
    expect(header.isBroken).toBe(false);
  });

  test.each<[string, number, number]>([
    ["its epoch is none", 12, 0],
    ["its sequence is none", 16, 0],
    ["its partition is none of the partitions", 20, 4],
    ["its position is none", 24, 1],
    ["its segment bits are too many", 32, 32],
  ])("is refused: %s", (expected, offset, byte) => {
    const area = write();
    area.bytes[8 + offset] = byte;
    writeChecksum(area, 8, 8 + 56, SEED, 8 + 56);
    expect(read(area).fault).toBe(expected);
  });

  test("is not written as it could not be read", () => {
    expect(() => write({ ...FIELDS, partition: 4 })).toThrow("broken invariant");
  });

  test("belongs to one directory", () => {
    expect(new WalFileHeader().read(write(), 8, SEED - 1)).toContain("checksum");
  });
});
