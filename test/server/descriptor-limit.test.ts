import { describe, expect, test } from "bun:test";
import { clientCountByDescriptors } from "../../src/server/descriptor-limit.ts";

function limits(hard: string): string {
  return (
    "Limit                     Soft Limit           Hard Limit           Units\n" +
    "Max processes             100                  200                  processes\n" +
    `Max open files            1024                 ${hard}               files\n` +
    "Max locked memory         8388608              8388608              bytes\n"
  );
}

describe("clientCountByDescriptors", () => {
  test("is the hard limit less what the server needs itself", () => {
    expect(clientCountByDescriptors(1, limits("20000"))).toBe(20_000 - 64);
  });

  test("is less for each further thread", () => {
    expect(clientCountByDescriptors(5, limits("20000"))).toBe(20_000 - 64 - 4 * 16);
  });

  test("is at least one", () => {
    expect(clientCountByDescriptors(1, limits("64"))).toBe(1);
    expect(clientCountByDescriptors(1, limits("66"))).toBe(2);
  });

  test("is no limit where there is none, or none can be read", () => {
    expect(clientCountByDescriptors(1, limits("unlimited"))).toBe(Infinity);
    expect(clientCountByDescriptors(1, "")).toBe(Infinity);
  });

  test("reads the limit of this process", () => {
    expect(clientCountByDescriptors()).toBeGreaterThan(0);
  });
});
