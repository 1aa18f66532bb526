// The expected texts are those of redis-server 7.0.15, from INCRBYFLOAT on x86-64.

import { describe, expect, test } from "bun:test";
import {
  addLongDoubles,
  isFiniteLongDouble,
  LONG_DOUBLE_TEXT_LENGTH_MAX,
  parseLongDouble,
  printLongDouble,
} from "../../src/lib/long-double.ts";
import { Random } from "../support/random.ts";

const LARGEST = (2n ** 64n - 1n) << (16_384n - 64n);

/** The printed sum, `infinite`, or null where one of the two is no number. */
function add(left: string, right: string): string | null {
  const [a, b] = [parseLongDouble(left), parseLongDouble(right)];
  if (a === null || b === null) return null;
  const sum = addLongDoubles(a, b);
  return isFiniteLongDouble(sum) ? printLongDouble(sum) : "infinite";
}

describe("the sum of long doubles", () => {
  test.each([
    ["0", "0", "0"],
    ["3", "1.5", "4.5"],
    ["10.5", "0.1", "10.6"],
    ["0.1", "0.2", "0.3"],
    ["5.0e3", "200", "5200"],
    ["-1", "1", "0"],
    ["3.0e-16", "1", "1.0000000000000003"],
    ["17179869184", "0.1", "17179869184.09999999962747097"],
    ["2.71828182845904523536", "-3.14159265358979323846", "-0.423310825130748"],
    ["1e30", "-1e30", "0"],
    ["1e30", "1", "1000000000000000000024696061952"],
    ["99999999999999999999.99999999999999999", "0.00000000000000001", "100000000000000000000"],
  ])("of %s and %s", (left, right, sum) => {
    expect(add(left, right)).toBe(sum);
    expect(add(right, left)).toBe(sum);
  });

  test.each([
    ["9223372036854775807", "1", "9223372036854775808"],
    ["18446744073709551615", "1", "18446744073709551616"],
    ["18446744073709551615", "0.5", "18446744073709551616"],
    ["18446744073709551616", "1", "18446744073709551616"],
    ["18446744073709551616", "3", "18446744073709551620"],
    ["18446744073709551616", "-0x1p-1", "18446744073709551616"],
  ])("of %s and %s is rounded to 64 bits, half to even", (left, right, sum) => {
    expect(add(left, right)).toBe(sum);
  });

  test.each([
    ["inf", "1"],
    ["1", "-INFINITY"],
    ["inf", "-inf"],
    ["0x1.fffffffffffffffep16383", "0x1p16319"],
  ])("of %s and %s is infinite or none", (left, right) => {
    expect(add(left, right)).toBe("infinite");
  });

  test("is finite up to the last value", () => {
    expect(add("0x1.fffffffffffffffep16383", "0x1p16318")).toBe(LARGEST.toString());
    expect(add("-1.189731495357231765e4932", "0")).toBe(`-${LARGEST}`);
  });

  test("of integers below 2^63 is exact", () => {
    const seed = 7;
    const random = new Random(seed);
    const integer = () => BigInt(random.word()) * 2n ** BigInt(random.below(31));
    for (let i = 0; i < 500; i++) {
      const [left, right] = [integer(), integer()];
      const sum = (left + right).toString();
      expect([seed, left, right, add(`${left}`, `${right}`)]).toEqual([seed, left, right, sum]);
    }
  });
});

describe("a long double", () => {
  test.each([
    ["18446744073709551617", "18446744073709551616"],
    ["18446744073709551619", "18446744073709551620"],
    ["18446744073709551617.01", "18446744073709551618"],
    ["18446744073709551618.99", "18446744073709551618"],
    ["18446744073709551619.01", "18446744073709551620"],
    ["18446744073709551615.7", "18446744073709551616"],
    ["1844674407370955161.7", "1844674407370955161.75"],
    ["1844674407370955161.2", "1844674407370955161.25"],
    ["17179869184.1", "17179869184.09999999962747097"],
    ["-18446744073709551617", "-18446744073709551616"],
    ["-18446744073709551619", "-18446744073709551620"],
    ["36893488147419103234", "36893488147419103232"],
    ["36893488147419103238", "36893488147419103240"],
    ["123456789012345678901234567890", "123456789012345678899921813504"],
  ])("that is %s is rounded to 64 bits, half to even", (text, printed) => {
    expect(add(text, "0")).toBe(printed);
  });

  test.each([
    ["3.14159265358979323846", "3.14159265358979324"],
    ["0x1p-17", "0.00000762939453125"],
    ["0x1p-18", "0.00000381469726562"],
    ["0x3p-18", "0.00001144409179688"],
    ["0x5p-18", "0.00001907348632812"],
    ["0x1.000001p-18", "0.000003814697493"],
    ["5e-18", "0"],
    ["-0.000000000000000005", "0"],
    ["-1e-30", "0"],
    ["2e-4951", "0"],
    ["0x1.8p-16446", "0"],
    ["-0", "0"],
  ])("that is %s is printed with 17 digits at most, half to even", (text, printed) => {
    expect(add(text, "0")).toBe(printed);
  });

  test.each([
    [".5", "0.5"],
    ["5.", "5"],
    ["+1", "1"],
    ["00012", "12"],
    ["-1e0", "-1"],
    ["1E3", "1000"],
    ["1e+3", "1000"],
    ["0X1P4", "16"],
    ["0x10", "16"],
    ["0x.8", "0.5"],
    ["0xFfp-8", "0.99609375"],
    ["0e99999999999999999999", "0"],
    ["0x0p-99999999999999999999", "0"],
  ])("is written as %s, too", (text, printed) => {
    expect(add(text, "0")).toBe(printed);
  });

  const forms = ["", ".", "+", "e5", "1e", "1e+", "1e5.", "1e1e1", "1d3", "--1", "1_0", "1,5"];
  const spaced = [" 1", "1 ", "\n1", "1\0", "1\n"];
  const words = ["nan", "-nan", "nan(1)", "infinit", "infinity1", "0x", "0x.", "0xg", "0x1p+"];
  const beyond = ["1.18973149535723176509e4932", "1e4933", "1e99999999999999999999", "0x1p16384"];
  const below = ["1e-4951", "0x1p-16446", "-1e-99999999999999999999", "0x1p-99999999999999999999"];
  test.each([...forms, ...spaced, ...words, ...beyond, ...below])("is not %j", (text) => {
    expect(parseLongDouble(text)).toBeNull();
  });

  test("has at most 5,119 bytes of text", () => {
    expect(add(`1.${"0".repeat(LONG_DOUBLE_TEXT_LENGTH_MAX - 2)}`, "0")).toBe("1");
    expect(add(`1.${"0".repeat(LONG_DOUBLE_TEXT_LENGTH_MAX - 1)}`, "0")).toBeNull();
  });
});
