import { describe, expect, test } from "bun:test";
import { createXXHash32 } from "hash-wasm";
import { xxHash32 } from "../../src/store/xxhash32.ts";
import { Random } from "../support/random.ts";

const LENGTH_MAX = 300;

function hashOf(bytes: Uint8Array, seed: number): number {
  return xxHash32(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, seed);
}

describe("xxHash32", () => {
  // From the sanity checks of the xxHash repository: seed 0 and the empty input, and two more.
  test("has the published values", () => {
    expect(hashOf(new Uint8Array(0), 0) >>> 0).toBe(0x02cc5d05);
    expect(hashOf(new Uint8Array(0), 0x9e3779b1) >>> 0).toBe(0x36b78ae7);
    expect(hashOf(Buffer.from("abc"), 0) >>> 0).toBe(0x32d153ff);
  });

  test("equals another implementation at every length, under many seeds", async () => {
    const random = new Random(1);
    const bytes = new Uint8Array(LENGTH_MAX);
    for (const seed of [0, 1, -1, 2 ** 31, ...Array.from({ length: 16 }, () => random.word())]) {
      const other = await createXXHash32(seed >>> 0);
      random.fill(bytes);
      for (let length = 0; length <= LENGTH_MAX; length++) {
        const wanted = other.init().update(bytes.subarray(0, length)).digest("hex");
        const hash = hashOf(bytes.subarray(0, length), seed);
        expect((hash >>> 0).toString(16).padStart(8, "0")).toBe(wanted);
      }
    }
  });

  test("is the same wherever the bytes lie and whatever lies around them", () => {
    const random = new Random(2);
    const bytes = Buffer.from(random.text(100), "latin1");
    const hash = hashOf(bytes, 7);
    for (let offset = 0; offset < 40; offset++) {
      const area = Buffer.from(random.text(200), "latin1");
      bytes.copy(area, offset);
      expect(xxHash32(new DataView(area.buffer, area.byteOffset), offset, 100, 7)).toBe(hash);
    }
  });

  test("is a signed 32-bit integer", () => {
    const random = new Random(3);
    for (let i = 0; i < 100; i++) {
      const hash = hashOf(Buffer.from(random.text(i), "latin1"), random.word());
      expect(hash).toBe(hash | 0);
    }
  });
});
