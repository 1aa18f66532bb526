// The expected replies are those of redis-server 7.0.15. How floats are read, added and printed is
// tested in test/lib/long-double.test.ts.

import { describe, expect, test } from "bun:test";
import { NUMBER_HANDLERS } from "../../src/redis/number-commands.ts";
import { STRING_HANDLERS } from "../../src/redis/string-commands.ts";
import { bulk, createRedisSession, error, integer, NIL, OK } from "../support/redis-session.ts";

const NO_INTEGER = error("ERR value is not an integer or out of range");
const NO_FLOAT = error("ERR value is not a valid float");
const OVERFLOW = error("ERR increment or decrement would overflow");
const INFINITE = error("ERR increment would produce NaN or Infinity");
const MEMORY_FULL = error("OOM command not allowed when used memory > 'maxmemory'.");

const setUp = () => createRedisSession({ ...STRING_HANDLERS, ...NUMBER_HANDLERS });

describe("INCR, DECR, INCRBY and DECRBY", () => {
  test("count a missing key as 0", () => {
    setUp().play(
      ["incr a", integer(1)],
      ["decr b", integer(-1)],
      ["incrby c 5", integer(5)],
      ["decrby d 5", integer(-5)],
      ["incrby e -9223372036854775808", integer("-9223372036854775808")],
      ["decrby f 9223372036854775807", integer("-9223372036854775807")],
    );
  });

  test("add exactly over 64 bits", () => {
    setUp().play(
      ["set k 9007199254740992", OK],
      ["incr k", integer("9007199254740993")],
      ["incrby k 9214364837600034814", integer("9223372036854775807")],
      ["get k", bulk("9223372036854775807")],
      ["incr k", OVERFLOW],
      ["incrby k -9223372036854775808", integer(-1)],
      ["decrby k 9223372036854775807", integer("-9223372036854775808")],
      ["decr k", OVERFLOW],
      ["decrby k -1", integer("-9223372036854775807")],
      ["incrby k -2", OVERFLOW],
      ["get k", bulk("-9223372036854775807")],
    );
  });

  test.each(['""', "x", "010", "+1", "-0", "1.0", "9223372036854775808", "1".repeat(30)])(
    "refuse a value of %s, and leave it",
    (value) => {
      setUp().play(
        [`set k ${value}`, OK],
        ["incr k", NO_INTEGER],
        ["decr k", NO_INTEGER],
        ["incrby k 1", NO_INTEGER],
        ["decrby k 1", NO_INTEGER],
        ["get k", bulk(value === '""' ? "" : value)],
      );
    },
  );

  test.each(['""', "x", "01", "+1", "1.0", "9223372036854775808", "-9223372036854775809"])(
    "refuse an amount of %s",
    (amount) => {
      setUp().play(
        [`incrby k ${amount}`, NO_INTEGER],
        [`decrby k ${amount}`, NO_INTEGER],
        ["get k", NIL],
      );
    },
  );

  test("cannot subtract the least integer, whatever from", () => {
    setUp().play(
      ["set k -5", OK],
      ["decrby k -9223372036854775808", error("ERR decrement would overflow")],
      ["set k x", OK],
      ["decrby k -9223372036854775808", error("ERR decrement would overflow")],
    );
  });
});

describe("INCRBYFLOAT", () => {
  test("adds, and writes what it answers", () => {
    setUp().play(
      ["incrbyfloat k 10.50", bulk("10.5")],
      ["incrbyfloat k 0.1", bulk("10.6")],
      ["incrbyfloat k -5", bulk("5.6")],
      ["get k", bulk("5.6")],
      ["set k 5.0e3", OK],
      ["incrbyfloat k 2.0e2", bulk("5200")],
      ["incr k", integer(5201)],
      ["incrbyfloat n -1e-30", bulk("0")],
    );
  });

  test.each(['""', "x", "nan", "1e5000", "1e", `1.${"0".repeat(5_118)}`])(
    "refuses %s, and leaves the value",
    (text) => {
      setUp().play(
        [`set k ${text}`, OK],
        ["incrbyfloat k 1", NO_FLOAT],
        ["get k", bulk(text === '""' ? "" : text)],
        ["set n 1", OK],
        [`incrbyfloat n ${text}`, NO_FLOAT],
        ["get n", bulk("1")],
      );
    },
  );

  test("refuses a sum that is infinite or none", () => {
    setUp().play(
      ["incrbyfloat k inf", INFINITE],
      ["get k", NIL],
      ["set k 1e4932", OK],
      ["incrbyfloat k 1e4932", INFINITE],
      ["set k -inf", OK],
      ["incrbyfloat k inf", INFINITE],
      ["get k", bulk("-inf")],
    );
  });
});

describe.each(["incr k", "decr k", "incrby k 2", "decrby k 2", "incrbyfloat k 0.5"])(
  "%s",
  (command) => {
    test("keeps the deadline", () => {
      const { play, run, ttlMs } = setUp();
      play(["set k 9 ex 10", OK]);
      expect(run(...command.split(" "))).not.toStartWith("-");
      expect(ttlMs("k")).toBe(10_000);
    });

    test("changes nothing when memory is full", () => {
      const { play, keys } = setUp();
      play(["set k 9", OK]);
      keys.isFull = true;
      play([command, MEMORY_FULL], ["get k", bulk("9")]);
    });
  },
);
