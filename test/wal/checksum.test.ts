import { describe, expect, test } from "bun:test";
import { xxhash3 } from "hash-wasm";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { checksum, checksumWord, hasChecksum, writeChecksum } from "../../src/wal/checksum.ts";

const LENGTHS = [0, 1, 3, 4, 8, 9, 16, 17, 36, 128, 129, 240, 241, 255, 256, 257, 1024, 5000];

function makeArea(length: number, isShared = false): ByteArea {
  const area = new ByteArea(isShared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  for (let i = 0; i < length; i++) area.bytes[i] = (i * 151 + 7) ^ (i >>> 8);
  return area;
}

describe("checksum", () => {
  test.each(LENGTHS)("of %d bytes is the one that everybody computes", async (length) => {
    const area = makeArea(length + 8);
    const bytes = Uint8Array.from(area.bytes.subarray(3, 3 + length));
    for (const seed of [0, 1, 0x7fffffff, 0xffffffff]) {
      const expected = BigInt(`0x${await xxhash3(bytes, seed, 0)}`);
      expect(checksum(area, 3, 3 + length, seed)).toBe(expected);
      expect(checksumWord(area, 3, 3 + length, seed)).toBe(Number(expected & 0xffffffffn));
    }
  });

  test("is the same of shared memory", () => {
    expect(checksum(makeArea(300, true), 8, 290, 5)).toBe(checksum(makeArea(300), 8, 290, 5));
  });

  test("is recognised where it was written, and no other is", () => {
    const area = makeArea(64);
    writeChecksum(area, 8, 40, 9, 48);
    expect(hasChecksum(area, 8, 40, 9, 48)).toBe(true);
    expect(hasChecksum(area, 8, 40, 10, 48)).toBe(false);
    for (const changed of [8, 39, 48, 55]) {
      area.bytes[changed]! ^= 1;
      expect(hasChecksum(area, 8, 40, 9, 48)).toBe(false);
      area.bytes[changed]! ^= 1;
    }
    area.bytes[40]! ^= 1;
    expect(hasChecksum(area, 8, 40, 9, 48)).toBe(true);
  });
});
