// The expected replies are those of redis-server 7.0.15.

import { describe, expect, test } from "bun:test";
import { RANGE_HANDLERS } from "../../src/redis/range-commands.ts";
import { STRING_HANDLERS } from "../../src/redis/string-commands.ts";
import { ModelParcel } from "../support/model-keyspace.ts";
import { Random } from "../support/random.ts";
import { bulk, createRedisSession, error, integer, NIL, OK } from "../support/redis-session.ts";

const NO_INTEGER = error("ERR value is not an integer or out of range");
const MEMORY_FULL = error("OOM command not allowed when used memory > 'maxmemory'.");
const TOO_LONG = error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
const BEYOND = error("ERR offset is out of range");
const EMPTY = bulk("");

const setUp = () => createRedisSession(STRING_HANDLERS);

test("all are among the handlers of strings", () => {
  expect(STRING_HANDLERS).toMatchObject(RANGE_HANDLERS);
});

test("STRLEN answers with the length, 0 without a key", () => {
  setUp().play(["strlen k", integer(0)], ["set k hello", OK], ["strlen k", integer(5)]);
});

describe("GETRANGE", () => {
  test.each([
    ["0 -1", "hello"],
    ["1 3", "ell"],
    ["-3 -2", "ll"],
    ["4 2", ""],
    ["5 9", ""],
    ["3 99", "lo"],
    ["-100 1", "he"],
    ["-100 -100", "h"],
    ["-100 -99", "h"],
    ["-99 -100", ""],
    ["-1 -3", ""],
    ["0 -100", "h"],
    ["2 -3", "l"],
    ["9223372036854775807 -1", ""],
    ["-9223372036854775808 9223372036854775807", "hello"],
    ["-9223372036854775807 -9223372036854775808", ""],
  ])("of hello at %s", (range, part) => {
    const command = `k ${range}`;
    setUp().play(
      ["set k hello", OK],
      [`getrange ${command}`, bulk(part)],
      [`substr ${command}`, bulk(part)],
    );
  });

  test("is empty without a value, and wants integers first", () => {
    setUp().play(
      ["getrange k 0 -1", EMPTY],
      ["getrange k x 0", NO_INTEGER],
      ["getrange k 0 x", NO_INTEGER],
      ["getrange k 9223372036854775808 0", NO_INTEGER],
      ['set k ""', OK],
      ["getrange k 0 0", EMPTY],
      ["getrange k -1 -1", EMPTY],
    );
  });
});

describe("SETRANGE", () => {
  test.each([
    ["0 HE", "HEllo"],
    ["3 LO", "helLO"],
    ["1 E", "hEllo"],
    ["0 HELLO!", "HELLO!"],
    ["4 OOO", "hellOOO"],
    ["5 !", "hello!"],
    ["8 !", "hello\0\0\0!"],
  ])("of hello with %s", (command, value) => {
    setUp().play(
      ["set k hello", OK],
      [`setrange k ${command}`, integer(value.length)],
      ["get k", bulk(value)],
    );
  });

  test("makes a key, with zeros before the offset", () => {
    setUp().play(["setrange k 3 x", integer(4)], ["get k", bulk("\0\0\0x")]);
  });

  test("of nothing changes nothing", () => {
    const { play, keys } = setUp();
    keys.isFull = true;
    play(['setrange k 3 ""', integer(0)], ['setrange k 9223372036854775807 ""', integer(0)]);
    keys.isFull = false;
    play(["set k hello", OK], ['setrange k 9 ""', integer(5)], ["get k", bulk("hello")]);
  });

  test("checks the offset, then the length", () => {
    const { play } = createRedisSession(STRING_HANDLERS, { maxValueBytes: 6 });
    play(
      ["setrange k x y", NO_INTEGER],
      ['setrange k -1 ""', BEYOND],
      ["setrange k -9223372036854775808 y", BEYOND],
      ["setrange k 6 y", TOO_LONG],
      ["setrange k 5 yz", TOO_LONG],
      ["setrange k 9223372036854775807 yz", TOO_LONG],
      ["get k", NIL],
      ["setrange k 5 y", integer(6)],
    );
  });
});

describe("APPEND", () => {
  test("joins, and makes a key", () => {
    setUp().play(
      ["append k ab", integer(2)],
      ["append k cde", integer(5)],
      ['append k ""', integer(5)],
      ["get k", bulk("abcde")],
      ['append n ""', integer(0)],
      ["get n", EMPTY],
    );
  });

  test("takes values up to the longest", () => {
    const { play } = createRedisSession(STRING_HANDLERS, { maxValueBytes: 5 });
    play(
      ["append k 123456", TOO_LONG],
      ["append k 123", integer(3)],
      ["append k 456", TOO_LONG],
      ["append k 45", integer(5)],
      ['append k ""', integer(5)],
    );
  });
});

describe("writing a part", () => {
  test.each(["append k x", "setrange k 0 x"])("keeps the deadline: %s", (command) => {
    const { play, run, ttlMs } = setUp();
    play(["set k v ex 10", OK]);
    expect(run(...command.split(" "))).toStartWith(":");
    expect(ttlMs("k")).toBe(10_000);
  });

  test.each(["append k x", "setrange k 0 x"])("changes nothing in full memory: %s", (command) => {
    const { play, keys } = setUp();
    play(["set k v", OK]);
    keys.isFull = true;
    play([command, MEMORY_FULL], ["get k", bulk("v")]);
  });

  test("takes parcels", () => {
    const { run } = setUp();
    expect(run("append", "k", new ModelParcel("long"))).toBe(integer(4));
    expect(run("append", "k", new ModelParcel("er"))).toBe(integer(6));
    expect(run("setrange", "k", "1", new ModelParcel("ADD"))).toBe(integer(6));
    expect(run("get", "k")).toBe(bulk("lADDer"));
  });

  test("is what it is in a buffer", () => {
    const seed = 11;
    const random = new Random(seed);
    const { run } = setUp();
    let model = "";
    for (let i = 0; i < 300; i++) {
      const part = random.text(random.below(8));
      const offset = random.oneIn(2) ? model.length : random.below(30);
      const args = offset === model.length ? ["append", "k"] : ["setrange", "k", `${offset}`];
      if (part.length > 0) {
        const end = offset + part.length;
        model = model.slice(0, offset).padEnd(offset, "\0") + part + model.slice(end);
      }
      const reply = run(...args, Buffer.from(part, "latin1"));
      expect([seed, i, reply]).toEqual([seed, i, integer(model.length)]);
      if (random.oneIn(20)) model = run("getdel", "k") === NIL ? model : "";
      else if (model !== "") expect([seed, i, run("get", "k")]).toEqual([seed, i, bulk(model)]);
    }
  });
});
