import { describe, expect, test } from "bun:test";
import { createKeyDigits } from "../../fkvs-benchmark/key-digits.ts";

describe("key digits", () => {
  for (let digitCount = 1; digitCount <= 16; digitCount++) {
    test(`write ${digitCount} digits and nothing beside them`, () => {
      const bytes = Buffer.alloc(digitCount + 10, "#");
      const write = createKeyDigits(
        new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
        digitCount,
      );
      const max = Math.min(10 ** digitCount, 2 ** 53) - 1;
      for (const key of [0, max, 7, Math.floor(max / 3), 10 ** (digitCount - 1), 0]) {
        write(5 + digitCount, key);
        const text = `${key}`.padStart(digitCount, "0");
        expect(bytes.toString("latin1")).toBe(`#####${text}#####`);
      }
    });
  }
});
