import { describe, expect, test } from "bun:test";
import { isWord, readInteger, shownText } from "../../src/redis/arguments.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

describe("isWord", () => {
  test.each(["count", "COUNT", "cOuNt"])("knows %s", (text) => {
    expect(isWord(Buffer.from(text), "count")).toBe(true);
  });

  test.each(["", "coun", "counts", "c0unt", " count", "count\0"])("does not know %j", (text) => {
    expect(isWord(Buffer.from(text), "count")).toBe(false);
  });
});

describe("shownText", () => {
  test.each([
    ["abc", "abc"],
    ["", ""],
    ["a\0b", "a"],
    ["\0", ""],
    ["\xe9\xff\r\n", "\xe9\xff\r\n"],
  ])("shows %j as %j", (argument, text) => {
    expect(shownText(Buffer.from(argument, "latin1"))).toBe(text);
  });
});

describe("readInteger", () => {
  const fixture = createRedisFixture({
    probe: (call) => {
      const value = readInteger(call, 1);
      if (value !== null) call.reply.integer(value);
    },
    "probe-named": (call) => {
      const value = readInteger(call, 1, "ERR no number of things");
      if (value !== null) call.reply.integer(value);
    },
  });
  const client = fixture.client();

  test.each(["0", "-1", "9223372036854775807", "-9223372036854775808"])("reads %s", (text) => {
    expect(fixture.run(client, "probe", text)).toBe(`:${text}\r\n`);
  });

  test.each(["", "x", "+1", "01", " 1", "1.0", "9223372036854775808"])("refuses %j", (text) => {
    expect(fixture.run(client, "probe", text)).toBe(
      "-ERR value is not an integer or out of range\r\n",
    );
    expect(fixture.run(client, "probe-named", text)).toBe("-ERR no number of things\r\n");
  });
});
