import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { highWord, lowWord, readLong, writeLong } from "../../src/uring/words.ts";

describe("writeLong", () => {
  test.each([
    [0, 0, 0],
    [1, 1, 0],
    [0x7fffffff, 0x7fffffff, 0],
    [0x80000000, -0x80000000, 0],
    [0xffffffff, -1, 0],
    [0x100000000, 0, 1],
    [0x7ffdeadbeef8, 0xdeadbeef8 | 0, 0x7ffd],
  ])("splits %d", (value, low, high) => {
    const words = new Int32Array(4);
    writeLong(words, 1, value);
    expect([...words]).toEqual([0, low, high, 0]);
    expect([lowWord(value), highWord(value)]).toEqual([low, high]);
  });

  test("writes what BigInt would, and readLong reads it", () => {
    const words = new Int32Array(2);
    const view = new DataView(words.buffer);
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        writeLong(words, 0, value);
        expect(view.getBigInt64(0, true)).toBe(BigInt(value));
        expect(readLong(words, 0)).toBe(value);
      }),
    );
  });
});
