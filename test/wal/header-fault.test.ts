import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { writeChecksum } from "../../src/wal/checksum.ts";
import { findHeaderFault, type HeaderFormat } from "../../src/wal/header-fault.ts";

const SEED = 0x4ead;
const OFFSET = 16;
const FORMAT: HeaderFormat = {
  magic: Buffer.from("MAGIC"),
  version: 3,
  versionOffset: 8,
  checksumOffset: 24,
  name: "a sample",
  owner: "the sample",
};

function makeHeader(version = FORMAT.version): ByteArea {
  const area = new ByteArea(new ArrayBuffer(64));
  area.bytes.set(FORMAT.magic, OFFSET);
  area.view.setUint32(OFFSET + FORMAT.versionOffset, version, true);
  const checksumOffset = OFFSET + FORMAT.checksumOffset;
  writeChecksum(area, OFFSET, checksumOffset, SEED, checksumOffset);
  return area;
}

describe("a header", () => {
  test("is sound as it was written", () => {
    expect(findHeaderFault(makeHeader(), OFFSET, FORMAT, SEED)).toBeNull();
  });

  test("begins with its magic", () => {
    expect(findHeaderFault(makeHeader(), OFFSET + 1, FORMAT, SEED)).toEqual({
      reason: "it does not begin like a sample",
      isOfUnknownVersion: false,
    });
  });

  test("may be of another version, whatever its checksum", () => {
    expect(findHeaderFault(makeHeader(4), OFFSET, FORMAT, SEED + 1)).toEqual({
      reason: "it is of version 4 of the format, and this program knows 3",
      isOfUnknownVersion: true,
    });
  });

  test("has the checksum of every byte, under the directory's seed", () => {
    const fault = {
      reason: "the checksum of the sample's header is wrong",
      isOfUnknownVersion: false,
    };
    expect(findHeaderFault(makeHeader(), OFFSET, FORMAT, SEED + 1)).toEqual(fault);
    for (let offset = 12; offset < FORMAT.checksumOffset + 8; offset++) {
      const area = makeHeader();
      area.bytes[OFFSET + offset]! ^= 1;
      expect(findHeaderFault(area, OFFSET, FORMAT, SEED)).toEqual(fault);
    }
  });
});
