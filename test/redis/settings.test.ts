import { describe, expect, test } from "bun:test";
import { Settings, type Setting } from "../../src/redis/settings.ts";

/** Two that can be set to digits, one that cannot. */
function createStand() {
  const values = new Map([
    ["slow", "1"],
    ["slower", "2"],
  ]);
  const changeable = (name: string): Setting => ({
    name,
    refusal: null,
    read: () => values.get(name)!,
    change: (text) => (/^\d$/.test(text) ? () => values.set(name, text) : "no digit"),
  });
  const fast: Setting = { name: "fast", refusal: "no way", read: () => "3", change: () => "" };
  const settings = new Settings([changeable("slow"), changeable("slower"), fast]);
  const get = (...patterns: string[]) => settings.get(patterns.map((each) => Buffer.from(each)));
  return { settings, values, get };
}

describe("Settings", () => {
  test.each<[string[], string[]]>([
    [["slow"], ["slow=1"]],
    [["SLOW"], ["SLOW=1"]],
    [["Slow", "sLOW"], ["Slow=1"]],
    [["SLOW*"], ["slow=1", "slower=2"]],
    [
      ["sl*", "SLOW"],
      ["slow=1", "slower=2"],
    ],
    [
      ["SLOW", "sl*"],
      ["SLOW=1", "slower=2"],
    ],
    [["?ast"], ["fast=3"]],
    [["[sf]*"], ["slow=1", "slower=2", "fast=3"]],
    [["nothing", "none*"], []],
    [["slow\\er"], []],
  ])("answers %j with %j", (patterns, expected) => {
    const { get } = createStand();
    expect(get(...patterns).map(([name, value]) => `${name}=${value}`)).toEqual(expected);
  });

  test("sets several at once, in either case", () => {
    const { settings, values } = createStand();
    const pairs: [string, string][] = [
      ["SLOW", "8"],
      ["slower", "9"],
    ];
    expect(settings.set(pairs)).toBeNull();
    expect([...values.values()]).toEqual(["8", "9"]);
  });

  test.each<[string, [string, string][]]>([
    [
      "ERR Unknown option or number of arguments for CONFIG SET - 'Nope'",
      [
        ["slow", "8"],
        ["Nope", "1"],
      ],
    ],
    [
      "ERR CONFIG SET failed (possibly related to argument 'FAST') - no way",
      [
        ["slow", "8"],
        ["FAST", "1"],
        ["nope", "1"],
      ],
    ],
    [
      "ERR CONFIG SET failed (possibly related to argument 'SLOW') - duplicate parameter",
      [
        ["slow", "x"],
        ["SLOW", "8"],
      ],
    ],
    [
      "ERR CONFIG SET failed (possibly related to argument 'slower') - no digit",
      [
        ["slow", "8"],
        ["SLOWER", "x"],
      ],
    ],
  ])("changes nothing when it answers %p", (error, pairs) => {
    const { settings, values } = createStand();
    expect(settings.set(pairs)).toBe(error);
    expect([...values.values()]).toEqual(["1", "2"]);
  });

  test("refuses two settings of one name", () => {
    const fast: Setting = { name: "fast", refusal: null, read: () => "", change: () => "" };
    expect(() => new Settings([fast, fast])).toThrow("two settings of one name");
  });
});
