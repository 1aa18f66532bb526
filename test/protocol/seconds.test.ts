import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { INT64_MAX } from "../../src/protocol/int64.ts";
import { DeadlineReader, secondsUntil } from "../../src/protocol/seconds.ts";

const OFFSET = 5;
const NOW_MS = Date.UTC(2026, 10, 21, 1, 2, 3, 456);
const SECONDS_MAX = (INT64_MAX - BigInt(NOW_MS)) / 1000n;

const area = new ByteArea(new ArrayBuffer(1000));
const reader = new DeadlineReader();

/** The deadline that a text means, null when it means none. */
function read(text: string, nowMs = NOW_MS): bigint | null {
  area.bytes.fill("9");
  area.bytes.write(text, OFFSET, "latin1");
  if (!reader.read(area, OFFSET, text.length, nowMs)) return null;
  return (BigInt(reader.high >>> 0) << 32n) + BigInt(reader.low >>> 0);
}

function wordsOf(deadlineMs: bigint): [number, number] {
  return [Number(BigInt.asIntN(32, deadlineMs)), Number(BigInt.asIntN(32, deadlineMs >> 32n))];
}

describe("DeadlineReader", () => {
  test.each([
    ["0", 0n],
    ["+7", 7n],
    ["+0", 0n],
    ["10", 10n],
    ["00010", 10n],
    ["86400", 86_400n],
    ["4294967", 4_294_967n],
    ["9000000000000", 9_000_000_000_000n],
    ["9000000000001", 9_000_000_000_001n],
    ["999999999999999", 999_999_999_999_999n],
    ["1000000000000000", 1_000_000_000_000_000n],
    [`${"0".repeat(30)}7`, 7n],
    [`+${"0".repeat(29)}7`, 7n],
    [`${SECONDS_MAX}`, SECONDS_MAX],
  ])("takes %s", (text, seconds) => {
    expect(read(text)).toBe(BigInt(NOW_MS) + seconds * 1000n);
  });

  test.each([
    "",
    "+",
    "-",
    "-0",
    "-1",
    "-5",
    " 5",
    "5 ",
    "1.0",
    "x",
    "1x",
    `${"0".repeat(31)}7`,
    `+${"0".repeat(30)}7`,
    `${SECONDS_MAX + 1n}`,
    "9223372036854775807",
    "9223372036854775808",
    "9".repeat(31),
  ])("refuses %j", (text) => {
    expect(read(text)).toBeNull();
  });

  test("takes the last deadline of 64 bits, and not one millisecond more", () => {
    for (const shift of [0, 1, 192, 193, 806, 807, 999]) {
      const nowMs = NOW_MS + shift;
      const last = (INT64_MAX - BigInt(nowMs)) / 1000n;
      expect(read(`${last}`, nowMs)).toBe(BigInt(nowMs) + last * 1000n);
      expect(read(`${last + 1n}`, nowMs)).toBeNull();
    }
    // At 807 ms past a second the last deadline is the last there is.
    const exactNowMs = NOW_MS - (NOW_MS % 1000) + 807;
    expect(read(`${(INT64_MAX - BigInt(exactNowMs)) / 1000n}`, exactNowMs)).toBe(INT64_MAX);
  });

  test("agrees with BigInt on any number of seconds", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 19n }), fc.nat({ max: 60 }), (big, shift) => {
        const seconds = big >> BigInt(shift);
        const deadline = BigInt(NOW_MS) + seconds * 1000n;
        expect(read(`${seconds}`)).toBe(deadline > INT64_MAX ? null : deadline);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("secondsUntil", () => {
  test.each([
    [0, 0],
    [1, 0],
    [999, 0],
    [1000, 1],
    [1001, 1],
    [9999, 9],
    [10_000, 10],
    [4_294_967_295, 4_294_967],
    [4_294_967_296, 4_294_967],
  ])("rounds %d ms down", (ms, seconds) => {
    const [low, high] = wordsOf(BigInt(NOW_MS + ms));
    expect(secondsUntil(low, high, NOW_MS)).toBe(seconds);
  });

  test("is exact beyond 2^53 milliseconds", () => {
    for (const deadline of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 60n + 1n, INT64_MAX]) {
      const [low, high] = wordsOf(deadline);
      expect(BigInt(secondsUntil(low, high, NOW_MS))).toBe((deadline - BigInt(NOW_MS)) / 1000n);
    }
  });

  test("gives back what the reader took", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: SECONDS_MAX }), fc.nat({ max: 60 }), (big, shift) => {
        const seconds = big >> BigInt(shift);
        expect(read(`${seconds}`)).not.toBeNull();
        expect(BigInt(secondsUntil(reader.low, reader.high, NOW_MS))).toBe(seconds);
      }),
      { numRuns: 5000 },
    );
  });
});
