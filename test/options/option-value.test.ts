import { describe, expect, test } from "bun:test";
import * as value from "../../src/options/option-value.ts";
import type { OptionValue } from "../../src/options/option-value.ts";

function readsText<T>(kind: OptionValue<T>, allowed: [string, T][], refused: string[]): void {
  for (const [text, expected] of allowed) expect(kind.readText(text)).toEqual(expected);
  for (const text of refused) expect(kind.readText(text), JSON.stringify(text)).toBeUndefined();
}

function readsToml<T>(kind: OptionValue<T>, allowed: [unknown, T][], refused: unknown[]): void {
  for (const [given, expected] of allowed) expect(kind.readToml(given)).toEqual(expected);
  for (const given of refused) expect(kind.readToml(given), String(given)).toBeUndefined();
}

describe("integer", () => {
  const kind = value.integer("port", 1, 65535);

  test("reads decimal text within its bounds and nothing else", () => {
    const refused = ["0", "65536", "-1", "+1", "01", "1.0", "1e3", "0x10", "1_000", " 1", "1 ", ""];
    readsText(
      kind,
      [
        ["1", 1],
        ["65535", 65535],
      ],
      refused,
    );
  });

  test("reads TOML integers within its bounds and nothing else", () => {
    readsToml(
      kind,
      [
        [1, 1],
        [65535, 65535],
      ],
      [0, 65536, 1.5, NaN, Infinity, "1", true, null, [1]],
    );
  });

  test("says its bounds", () => {
    expect(kind.allowedText).toBe("an integer from 1 to 65535");
  });
});

describe("size", () => {
  const kind = value.size(1024, 4096);

  test("reads text with or without a unit within its bounds", () => {
    const refused = ["1023", "1k", "4097", "5KiB", "1.5KiB", "-1024", ""];
    readsText(
      kind,
      [
        ["1KiB", 1024],
        ["1024", 1024],
        ["4kb", 4096],
        ["4k", 4000],
      ],
      refused,
    );
  });

  test("reads a TOML string or integer within its bounds", () => {
    readsToml(
      kind,
      [
        ["1KiB", 1024],
        [4096, 4096],
      ],
      [1023, 4097, "5KiB", 1024.5, true, {}],
    );
  });

  test("writes a string with a unit, or an integer when no unit is exact", () => {
    expect([kind.formatToml(2048), kind.formatToml(2000)]).toEqual(['"2KiB"', "2000"]);
  });
});

describe("choice", () => {
  const kind = value.choice("level", ["low", "high"]);

  test("reads its words in their own case and nothing else", () => {
    readsText(
      kind,
      [
        ["low", "low"],
        ["high", "high"],
      ],
      ["Low", "", "lo", "low "],
    );
    readsToml(kind, [["low", "low"]], ["LOW", 0, true]);
  });

  test("lists its words", () => {
    expect([kind.allowedText, kind.allowedToml]).toEqual(["low or high", '"low" or "high"']);
  });
});

describe("boolean", () => {
  const kind = value.boolean();

  test("reads six words from text", () => {
    const yes: [string, boolean][] = ["true", "yes", "1"].map((text) => [text, true]);
    const no: [string, boolean][] = ["false", "no", "0"].map((text) => [text, false]);
    readsText(kind, [...yes, ...no], ["", "on", "off", "True", "2", "y"]);
  });

  test("reads only real booleans from TOML", () => {
    readsToml(
      kind,
      [
        [true, true],
        [false, false],
      ],
      ["true", 1, 0, "yes", null],
    );
  });
});

describe("host", () => {
  const kind = value.host();

  test("reads names and addresses up to the length DNS allows", () => {
    const names = [
      "127.0.0.1",
      "::1",
      "fe80::1%eth0",
      "localhost",
      "db-1.example",
      "a".repeat(253),
    ];
    const refused = ["", "a b", "[::1]", "a/b", "a\n", "*", "a".repeat(254)];
    readsText(
      kind,
      names.map((name) => [name, name]),
      refused,
    );
  });

  test("reads only strings from TOML", () => {
    readsToml(kind, [["::1", "::1"]], [1, true, "", ["::1"]]);
  });
});

describe("path", () => {
  const kind = value.path(107);

  test("counts bytes, not characters", () => {
    const longest = `${"é".repeat(53)}x`;
    readsText(
      kind,
      [
        [longest, longest],
        ["x", "x"],
      ],
      [`${longest}x`, "é".repeat(54), ""],
    );
  });

  test("refuses control characters", () => {
    readsText(kind, [["/a b", "/a b"]], ["/a\nb", "\0abstract", "/a\u007f", "/a\u009b"]);
  });

  test("reads only strings from TOML", () => {
    readsToml(kind, [["/a", "/a"]], [1, false, "", "a\nb", "x".repeat(108)]);
  });

  test("writes null for not set and escapes what TOML must not see", () => {
    expect([kind.formatToml(null), kind.formatToml('a"\\')]).toEqual([null, '"a\\"\\\\"']);
  });
});

describe("describeToml", () => {
  const CASES: readonly [string, string][] = [
    ['a = "1"', 'the string "1"'],
    ["a = 1", "1"],
    ["a = true", "true"],
    ["a = nan", "NaN"],
    ["a = [1]", "an array"],
    ["a = { b = 1 }", "a table"],
    ["[a]", "a table"],
    ["a = 2026-11-21", "the date 2026-11-21"],
  ];
  for (const [toml, expected] of CASES) {
    test(`names the value of ${toml} ${expected}`, () => {
      expect(value.describeToml(Object.values(Bun.TOML.parse(toml))[0])).toBe(expected);
    });
  }
});
