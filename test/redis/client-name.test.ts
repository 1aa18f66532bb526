import { expect, test } from "bun:test";
import { isClientName } from "../../src/redis/client-name.ts";

test.each(["", "a", "!~", "a=b|c", "x".repeat(1000)])("%j is a name", (name) => {
  expect(isClientName(Buffer.from(name))).toBe(true);
});

test.each([" ", "a b", "a\n", "\n", "a\0", "\x7f", "é", "\x1b[1m"])("%j is none", (name) => {
  expect(isClientName(Buffer.from(name))).toBe(false);
});
