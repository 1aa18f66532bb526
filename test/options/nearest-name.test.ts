import { describe, expect, test } from "bun:test";
import { findNearestName, suggestName } from "../../src/options/nearest-name.ts";

const NAMES = ["host", "port", "unix", "max-clients", "max-memory", "window-size"];

describe("findNearestName", () => {
  const CASES: readonly [string, string | null][] = [
    ["port", "port"],
    ["prot", "port"],
    ["ports", "port"],
    ["pot", "port"],
    ["part", "port"],
    ["max_clients", "max-clients"],
    ["maxClients", "max-clients"],
    ["maxmemory", "max-memory"],
    ["windowsize", "window-size"],
    ["pool", null],
    ["save", null],
    ["", null],
    ["x".repeat(10_000), null],
  ];
  for (const [name, expected] of CASES) {
    test(`answers ${expected} for ${name.slice(0, 20)}`, () => {
      expect(findNearestName(name, NAMES)).toBe(expected);
    });
  }
});

describe("suggestName", () => {
  test("asks when a name is near and is empty otherwise", () => {
    expect(suggestName("prot", NAMES)).toBe(", did you mean port?");
    expect(suggestName("save", NAMES)).toBe("");
  });
});
