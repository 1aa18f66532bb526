import { describe, expect, test } from "bun:test";
import {
  FLAG_PROPERTIES,
  FLAG_TABLE,
  flagOf,
  REQUEST_COUNT_MAX,
  REQUEST_FLAGS,
} from "../../fkvs-benchmark/flag-table.ts";

describe("the table of flags", () => {
  test("has each flag once", () => {
    const flags = [...FLAG_PROPERTIES.map(flagOf), ...REQUEST_FLAGS.map(({ name }) => `--${name}`)];
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags.every((flag) => /^(?:-\w|--[a-z-]+)$/.test(flag))).toBe(true);
  });

  test("has the flags of the original", () => {
    const flags = FLAG_PROPERTIES.map(flagOf);
    for (const flag of ["-n", "-c", "-h", "-p", "-k", "-u", "-t", "-r", "-P", "-R"]) {
      expect(flags).toContain(flag);
    }
  });

  test("has summaries that are sentences without their full stop", () => {
    for (const { summary } of [...FLAG_PROPERTIES.map((p) => FLAG_TABLE[p]), ...REQUEST_FLAGS]) {
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
    }
  });

  test("allows no more requests than their keys have digits for", () => {
    expect(String(REQUEST_COUNT_MAX - 1)).toHaveLength(10);
  });
});
