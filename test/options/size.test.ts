import { describe, expect, test } from "bun:test";
import { formatSize, formatSizeExactly, parseSize } from "../../src/options/size.ts";

describe("parseSize", () => {
  const SIZES: readonly [string, number][] = [
    ["0", 0],
    ["1048576", 1_048_576],
    ["7b", 7],
    ["1k", 1000],
    ["1kb", 1024],
    ["64KiB", 65_536],
    ["1m", 1_000_000],
    ["1mb", 1_048_576],
    ["512MiB", 536_870_912],
    ["1g", 1_000_000_000],
    ["1gb", 1_073_741_824],
    ["2GiB", 2_147_483_648],
    ["64kIb", 65_536],
    ["1GB", 1_073_741_824],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, bytes] of SIZES) {
    test(`reads ${text} as ${bytes} bytes`, () => expect(parseSize(text)).toBe(bytes));
  }

  const REFUSED = [
    ...["", "k", "1.5GiB", "-1", "+1", "1 KiB", " 1", "1 ", "1_000", "0x10", "1e3", "01", "1t"],
    ...["1ib", "1kib2", "9007199254740992", "9007199254740991k", "1\n", "١"],
  ];
  for (const text of REFUSED) {
    test(`refuses ${JSON.stringify(text)}`, () => expect(parseSize(text)).toBeNull());
  }
});

describe("formatSize", () => {
  const SIZES: readonly [number, string][] = [
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1KiB"],
    [65_536, "64KiB"],
    [1536, "1.5KiB"],
    [1_048_575, "1MiB"],
    [18_897_856_102, "17.6GiB"],
    [2 ** 40, "1TiB"],
    [2 ** 50, "1024TiB"],
  ];
  for (const [bytes, text] of SIZES) {
    test(`writes ${bytes} bytes as ${text}`, () => expect(formatSize(bytes)).toBe(text));
  }
});

describe("formatSizeExactly", () => {
  const SIZES: readonly [number, string][] = [
    [0, "0"],
    [1000, "1000"],
    [1536, "1536"],
    [65_536, "64KiB"],
    [1_048_576, "1MiB"],
    [3 * 2 ** 29, "1536MiB"],
    [2 ** 40, "1024GiB"],
    [2 ** 31 - 1, "2147483647"],
  ];
  for (const [bytes, text] of SIZES) {
    test(`writes ${bytes} bytes as ${text}, which reads back`, () => {
      expect(formatSizeExactly(bytes)).toBe(text);
      expect(parseSize(text)).toBe(bytes);
    });
  }
});
