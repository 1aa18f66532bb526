import { expect, test } from "bun:test";
import { requestSize, wholeWords } from "../../src/shard/request-record.ts";

test("texts take whole words, and records whole units of 16 bytes", () => {
  expect([0, 1, 4, 5].map(wholeWords)).toEqual([0, 4, 4, 8]);
  expect(requestSize(0, 0, 0)).toBe(16);
  expect(requestSize(16, 0, 0)).toBe(32);
  expect(requestSize(17, 0, 0)).toBe(48);
  // Two words, one and one.
  expect(requestSize(5, 3, 1)).toBe(32);
  expect(requestSize(5, 5, 1)).toBe(48);
});
