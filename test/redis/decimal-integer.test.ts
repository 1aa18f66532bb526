import { describe, expect, test } from "bun:test";
import {
  INTEGER_MAX,
  INTEGER_MIN,
  isInteger64,
  parseDecimalInteger,
} from "../../src/redis/decimal-integer.ts";

describe("parseDecimalInteger", () => {
  test.each([
    ["0", 0n],
    ["7", 7n],
    ["-1", -1n],
    ["1234567890", 1234567890n],
    ["9007199254740993", 9007199254740993n],
    ["9223372036854775807", INTEGER_MAX],
    ["-9223372036854775808", INTEGER_MIN],
  ])("reads %s", (text, value) => {
    expect(parseDecimalInteger(Buffer.from(text))).toBe(value);
  });

  const signs = ["", "-", "+", "+1", "-0", "--1", "1-"];
  const forms = [
    "00",
    "01",
    "-01",
    "1.0",
    "1e3",
    "0x1",
    "1n",
    "a",
    " 1",
    "1 ",
    "1\n",
    "1\0",
    "\xb2",
  ];
  const large = ["9223372036854775808", "-9223372036854775809", "99999999999999999999"];
  const long = ["123456789012345678901", "-99999999999999999999", "1".repeat(100_000)];
  test.each([...signs, ...forms, ...large, ...long])("refuses %j", (text) => {
    expect(parseDecimalInteger(Buffer.from(text, "latin1"))).toBeNull();
  });
});

test("isInteger64 draws the line", () => {
  expect([INTEGER_MIN, INTEGER_MAX, 0n].every(isInteger64)).toBe(true);
  expect([INTEGER_MIN - 1n, INTEGER_MAX + 1n].some(isInteger64)).toBe(false);
});
