import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteArea } from "../../src/lib/byte-area.ts";
import {
  INT64_MAX,
  INT64_MIN,
  INT64_TEXT_LENGTH_MAX,
  Int64Parser,
  PARSED,
  writeBigInteger,
  writeInteger,
} from "../../src/protocol/int64.ts";
import { parseInt64 } from "../support/model-server.ts";

const OFFSET = 3;
const RUNS = 5000;

const area = new ByteArea(new ArrayBuffer(100_000));
const parser = new Int64Parser();

/** The value of a text as the parser sees it, null when it sees none. */
function parse(text: string): bigint | null {
  // Digits around the text: what belongs to it is said by its length alone.
  area.bytes.fill("9");
  area.bytes.write(text, OFFSET, "latin1");
  const parsed = parser.parse(area, OFFSET, text.length);
  if (parsed === PARSED.INVALID) return null;
  return parsed === PARSED.EXACT ? BigInt(parser.number) : parser.big;
}

function written(write: (offset: number) => number): string {
  area.bytes.fill("#");
  const length = write(OFFSET);
  expect(area.bytes[OFFSET - 1]).toBe("#".charCodeAt(0));
  expect(area.bytes[OFFSET + length]).toBe("#".charCodeAt(0));
  return area.bytes.toString("latin1", OFFSET, OFFSET + length);
}

describe("Int64Parser", () => {
  test.each([
    ["0", 0n],
    ["-0", 0n],
    ["+0", 0n],
    ["000", 0n],
    ["7", 7n],
    ["+7", 7n],
    ["-7", -7n],
    ["007", 7n],
    ["-007", -7n],
    ["999999999999999", 999999999999999n],
    ["-999999999999999", -999999999999999n],
    ["1000000000000000", 1000000000000000n],
    ["-1000000000000000", -1000000000000000n],
    ["9007199254740991", 9007199254740991n],
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740993", -9007199254740993n],
    ["9223372036854775806", INT64_MAX - 1n],
    ["9223372036854775807", INT64_MAX],
    ["+9223372036854775807", INT64_MAX],
    ["-9223372036854775808", INT64_MIN],
    ["-9223372036854775807", INT64_MIN + 1n],
    [`${"0".repeat(1000)}9223372036854775807`, INT64_MAX],
    [`-${"0".repeat(1000)}9223372036854775808`, INT64_MIN],
    ["0".repeat(60_000), 0n],
  ])("reads %s", (text, value) => {
    expect(parse(text)).toBe(value);
  });

  test.each([
    "",
    "+",
    "-",
    "--1",
    "+-1",
    "1-",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x10",
    "1\n",
    "1\0",
    "/",
    ":",
    "1/",
    "1:",
    "\u00b9",
    "9223372036854775808",
    "-9223372036854775809",
    "9999999999999999999",
    "10000000000000000000",
    "-10000000000000000000",
    "9".repeat(300),
    "00000000000000000000000x",
    "999999999999999x",
    "9999999999999999x",
  ])("refuses %j", (text) => {
    expect(parse(text)).toBeNull();
  });

  test("calls up to 15 digits exact and more big", () => {
    for (const [text, kind] of [
      ["999999999999999", PARSED.EXACT],
      ["-999999999999999", PARSED.EXACT],
      ["0000000000999999999999999", PARSED.EXACT],
      ["1000000000000000", PARSED.BIG],
      ["-1000000000000000", PARSED.BIG],
    ] as const) {
      area.bytes.write(text, OFFSET, "latin1");
      expect(parser.parse(area, OFFSET, text.length)).toBe(kind);
    }
  });

  test("never gives a negative zero, which would be written with a sign", () => {
    expect(parse("-0")).toBe(0n);
    expect(Object.is(parser.number, 0)).toBe(true);
  });

  test("agrees with BigInt on any text of digits and signs", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 21 });
    const text = fc.tuple(fc.constantFrom("", "+", "-", "x", "+0", "-00"), digits).map((parts) => {
      return parts.join("");
    });
    fc.assert(
      fc.property(text, (one) => {
        expect(parse(one)).toBe(parseInt64(one));
      }),
      { numRuns: RUNS },
    );
  });

  test("agrees with BigInt on any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", maxLength: 24 }), (one) => {
        expect(parse(one)).toBe(parseInt64(one));
      }),
      { numRuns: RUNS },
    );
  });
});

describe("writeInteger", () => {
  test.each([0, 1, -1, 9, 10, -10, 99, 100, 999_999_999_999_999, 1_999_999_999_999_998])(
    "writes %d",
    (value) => {
      expect(written((offset) => writeInteger(area, offset, value))).toBe(`${value}`);
      if (value !== 0) {
        expect(written((offset) => writeInteger(area, offset, -value))).toBe(`${-value}`);
      }
    },
  );

  test("writes zero without a sign", () => {
    expect(written((offset) => writeInteger(area, offset, -0))).toBe("0");
  });

  test("agrees with String below 10^16", () => {
    const safe = fc.oneof(
      fc.integer(),
      fc.integer({ min: -1e16 + 2, max: 1e16 - 2 }).filter(Number.isSafeInteger),
    );
    fc.assert(
      fc.property(safe, (value) => {
        expect(written((offset) => writeInteger(area, offset, value))).toBe(String(value));
      }),
      { numRuns: RUNS },
    );
  });

  test("is right at each power of ten and its neighbours", () => {
    for (let power = 1; power < 1e16; power *= 10) {
      for (const value of [power - 1, power, power + 1].filter(Number.isSafeInteger)) {
        expect(written((offset) => writeInteger(area, offset, value))).toBe(`${value}`);
      }
    }
  });
});

describe("writeBigInteger", () => {
  test("writes every 64-bit integer within the length that is promised", () => {
    const edges = [INT64_MIN, INT64_MIN + 1n, -1n, 0n, 1n, INT64_MAX - 1n, INT64_MAX];
    for (const value of edges) {
      const text = written((offset) => writeBigInteger(area, offset, value));
      expect(text).toBe(value.toString());
      expect(text.length).toBeLessThanOrEqual(INT64_TEXT_LENGTH_MAX);
    }
    expect(INT64_MIN.toString()).toHaveLength(INT64_TEXT_LENGTH_MAX);
  });

  test("is undone by parsing", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), (value) => {
        expect(parse(written((offset) => writeBigInteger(area, offset, value)))).toBe(value);
      }),
      { numRuns: RUNS },
    );
  });
});
