import { describe, expect, test } from "bun:test";
import { isValueArgument } from "../../src/redis/value-arguments.ts";

/** Which of the first nine arguments are values. */
function valuesOf(name: string): number[] {
  const indexes = Array.from({ length: 9 }, (_, index) => index);
  return indexes.filter((index) => isValueArgument(Buffer.from(name), index));
}

describe("isValueArgument", () => {
  test.each([
    ["set", [2]],
    ["SET", [2]],
    ["sEtNx", [2]],
    ["getset", [2]],
    ["setex", [3]],
    ["PSETEX", [3]],
    ["mset", [2, 4, 6, 8]],
    ["MSETNX", [2, 4, 6, 8]],
    ["get", []],
    ["append", []],
    ["setrange", []],
    ["echo", []],
    ["", []],
    ["set\0", []],
    ["x".repeat(100_000), []],
  ])("knows those of each command: %#", (name, indexes) => {
    expect(valuesOf(name)).toEqual(indexes);
  });
});
