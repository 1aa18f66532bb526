import { describe, expect, test } from "bun:test";
import { INTEGER_MAX } from "../../src/redis/decimal-integer.ts";
import {
  deadlineOf,
  MILLISECONDS,
  parseGetExOptions,
  parseSetOptions,
  SECONDS,
} from "../../src/redis/set-options.ts";

const NOW_MS = 1_700_000_000_000;
const OUT_OF_RANGE = "ERR invalid expire time in 'set' command";
const NO_INTEGER = "ERR value is not an integer or out of range";

const setOptions = (words: string) => parseSetOptions(argumentsOf(`set key value ${words}`));
const getExOptions = (words: string) => parseGetExOptions(argumentsOf(`getex key ${words}`));

function argumentsOf(words: string): Buffer[] {
  return words
    .trim()
    .split(" ")
    .map((word) => Buffer.from(word));
}

describe("the options of SET", () => {
  test("are none by default", () => {
    expect(setOptions("")).toEqual({
      condition: "always",
      comparisonIndex: 0,
      isGet: false,
      isDeadlineKept: false,
      expiry: null,
    });
  });

  test("are known in any case and in any order", () => {
    expect(setOptions("Nx gEt PX 5")).toEqual(setOptions("px 5 NX get"));
    expect(setOptions("XX KeepTtl")).toMatchObject({ condition: "xx", isDeadlineKept: true });
  });

  test("may be repeated, and the last deadline counts", () => {
    expect(setOptions("nx nx get get keepttl keepttl")).toEqual(setOptions("nx get keepttl"));
    expect(setOptions("ex 1 ex 2")).toEqual(setOptions("ex 2"));
  });

  test("compare with any word", () => {
    expect(setOptions("get ifeq nx")).toMatchObject({ condition: "ifeq", comparisonIndex: 5 });
  });

  test.each([
    "nx xx",
    "xx nx",
    "ifeq",
    "ifeq a nx",
    "ifeq a xx",
    "nx ifeq a",
    "ifeq a ifeq a",
    "ex",
    "ex 1 px 1",
    "px 1 pxat 1",
    "exat 1 ex 1",
    "ex 1 keepttl",
    "keepttl ex 1",
    "persist",
    "constructor 1",
    "n",
    "nxx",
  ])("are wrong: %s", (words) => {
    expect(setOptions(words)).toBeNull();
  });
});

describe("the options of GETEX", () => {
  test("are a deadline, its removal or none", () => {
    expect(getExOptions("")).toEqual({ isPersist: false, expiry: null });
    expect(getExOptions("Persist persist")).toEqual({ isPersist: true, expiry: null });
    expect(getExOptions("PXAT 7 pxat 8")).toMatchObject({
      expiry: { unit: { milliseconds: 1n, isAbsolute: true }, text: Buffer.from("8") },
    });
  });

  test.each(["persist ex 1", "ex 1 persist", "ex 1 px 1", "ex", "keepttl", "nx", "get", "foo"])(
    "are wrong: %s",
    (words) => {
      expect(getExOptions(words)).toBeNull();
    },
  );
});

describe("a deadline", () => {
  const of = (words: string) => deadlineOf(setOptions(words)!.expiry!, NOW_MS, "set");

  test("counts from now or from the epoch, in seconds or milliseconds", () => {
    expect(of("ex 10")).toBe(BigInt(NOW_MS) + 10_000n);
    expect(of("px 10")).toBe(BigInt(NOW_MS) + 10n);
    expect(of("exat 10")).toBe(10_000n);
    expect(of("pxat 10")).toBe(10n);
    expect(deadlineOf({ unit: SECONDS, text: Buffer.from("1") }, 5, "setex")).toBe(1_005n);
    expect(deadlineOf({ unit: MILLISECONDS, text: Buffer.from("1") }, 5, "psetex")).toBe(6n);
  });

  test("ends where 64 bits end", () => {
    const lastMs = INTEGER_MAX - BigInt(NOW_MS);
    expect(of(`px ${lastMs}`)).toBe(INTEGER_MAX);
    expect(of(`px ${lastMs + 1n}`)).toBe(OUT_OF_RANGE);
    expect(of(`pxat ${INTEGER_MAX}`)).toBe(INTEGER_MAX);
    expect(of(`exat ${INTEGER_MAX / 1000n}`)).toBe((INTEGER_MAX / 1000n) * 1000n);
    expect(of(`exat ${INTEGER_MAX / 1000n + 1n}`)).toBe(OUT_OF_RANGE);
    expect(of(`ex ${INTEGER_MAX / 1000n}`)).toBe(OUT_OF_RANGE);
  });

  test.each(["ex 0", "ex -1", "px 0", "exat 0", "pxat -5"])("is not %s", (words) => {
    expect(of(words)).toBe(OUT_OF_RANGE);
  });

  test.each(["ex x", "ex 1.5", "px 01", "exat +1", "pxat 9223372036854775808"])(
    "is an integer, and not %s",
    (words) => {
      expect(of(words)).toBe(NO_INTEGER);
    },
  );
});
