import { describe, expect, test } from "bun:test";
import { assert } from "../../src/lib/assert.ts";

describe("assert", () => {
  test("says nothing about what holds", () => {
    expect(assert(true, "one is one")).toBeUndefined();
  });

  test("names the invariant that does not hold", () => {
    expect(() => assert(false, "one is two")).toThrow(new Error("broken invariant: one is two"));
  });
});
