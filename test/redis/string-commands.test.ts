// The expected replies are those of redis-server 7.0.15; of IFEQ, those of Valkey 8.1.

import { describe, expect, test } from "bun:test";
import { STRING_HANDLERS } from "../../src/redis/string-commands.ts";
import { ModelParcel } from "../support/model-keyspace.ts";
import {
  array,
  bulk,
  createRedisSession,
  error,
  integer,
  NIL,
  OK,
} from "../support/redis-session.ts";

const SYNTAX = error("ERR syntax error");
const NO_INTEGER = error("ERR value is not an integer or out of range");
const MEMORY_FULL = error("OOM command not allowed when used memory > 'maxmemory'.");
const TOO_LONG = error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
const outOfRange = (command: string) => error(`ERR invalid expire time in '${command}' command`);
const wrongArity = (command: string) =>
  error(`ERR wrong number of arguments for '${command}' command`);

const setUp = () => createRedisSession(STRING_HANDLERS);

describe("SET", () => {
  test("with a condition sets or answers nil", () => {
    setUp().play(
      ["set k v xx", NIL],
      ["get k", NIL],
      ["set k v nx", OK],
      ["set k w nx", NIL],
      ["set k w XX", OK],
      ["get k", bulk("w")],
    );
  });

  test("with GET answers with the value before, set or not", () => {
    setUp().play(
      ["set k v get", NIL],
      ["set k w get", bulk("v")],
      ["set k x nx get", bulk("w")],
      ["get k", bulk("w")],
      ["set n x nx get", NIL],
      ["get n", bulk("x")],
      ["set m x xx get", NIL],
      ["get m", NIL],
      ["set n y xx get", bulk("x")],
      ["get n", bulk("y")],
    );
  });

  test("with IFEQ sets only what is equal", () => {
    setUp().play(
      ["set k w ifeq v", NIL],
      ["set k v", OK],
      ["set k w ifeq x", NIL],
      ["set k w ifeq vv", NIL],
      ["set k w ifeq v", OK],
      ["set k x ifeq v get", bulk("w")],
      ["get k", bulk("w")],
      ["set k x ifeq w get", bulk("w")],
      ["get k", bulk("x")],
      ["set n x ifeq w get", NIL],
      ["set k y nx ifeq x", SYNTAX],
    );
  });

  test("with IFEQ compares with a parcel too", () => {
    const { run } = setUp();
    run("set", "k", "long");
    expect(run("set", "k", "w", "ifeq", new ModelParcel("lung"))).toBe(NIL);
    expect(run("set", "k", "w", "ifeq", new ModelParcel("long"))).toBe(OK);
  });

  test("removes the deadline or keeps it or sets another", () => {
    const { play, ttlMs } = setUp();
    play(["set k v ex 10", OK]);
    expect(ttlMs("k")).toBe(10_000);
    play(["set k v keepttl", OK]);
    expect(ttlMs("k")).toBe(10_000);
    play(["set k v px 5 px 7 keepttl", SYNTAX], ["set k v px 5 px 7", OK]);
    expect(ttlMs("k")).toBe(7);
    play(["set k v get", bulk("v")]);
    expect(ttlMs("k")).toBeNull();
    play(["set n v keepttl", OK]);
    expect(ttlMs("n")).toBeNull();
  });

  test("keeps the deadline when its condition is not met", () => {
    const { play, ttlMs } = setUp();
    play(["set k v ex 10", OK], ["set k w nx", NIL], ["set k w ifeq w ex 5", NIL]);
    expect(ttlMs("k")).toBe(10_000);
  });

  test("with a deadline that has passed deletes the key, and is noticed", () => {
    const { play, keys } = setUp();
    const watcher = { isDirty: false };
    keys.watch(0, Buffer.from("k"), watcher);
    play(["set k v exat 1", OK], ["get k", NIL]);
    expect(watcher.isDirty).toBe(true);
    play(["set k v", OK], [`set k v pxat ${keys.nowMs}`, OK], ["get k", NIL]);
    play([`set k v pxat ${keys.nowMs + 1}`, OK], ["get k", bulk("v")]);
    expect(keys.count(0)).toBe(1);
  });

  test("checks its options, then the deadline, then the condition", () => {
    setUp().play(
      ["set k v", OK],
      ["set k v ex x foo", SYNTAX],
      ["set k w nx ex 0", outOfRange("set")],
      ["set k w xx ex x get", NO_INTEGER],
      ["set k w px -1", outOfRange("set")],
      ["set k w ex 9223372036854775", outOfRange("set")],
      ["get k", bulk("v")],
    );
  });

  test("leaves everything as it is when memory is full", () => {
    const { play, keys } = setUp();
    play(["set k v", OK]);
    keys.isFull = true;
    play(["set k w", MEMORY_FULL], ["set k w get", MEMORY_FULL], ["set k w nx", NIL]);
    play(["setnx n v", MEMORY_FULL], ["setex k 1 w", MEMORY_FULL], ["getset k w", MEMORY_FULL]);
    play(["get k", bulk("v")]);
  });

  test("takes a parcel for a value", () => {
    const { run } = setUp();
    expect(run("set", "k", new ModelParcel("long"), "get")).toBe(NIL);
    expect(run("get", "k")).toBe(bulk("long"));
  });
});

describe("the longest value", () => {
  const setUpShort = () => createRedisSession(STRING_HANDLERS, { maxValueBytes: 4 });

  test.each(["set k", "setnx k", "setex k 9", "psetex k 9", "getset k", "mset k", "msetnx k"])(
    "of %s is the limit's",
    (command) => {
      const { run, keys } = setUpShort();
      expect(run(...command.split(" "), "12345")).toBe(TOO_LONG);
      expect(run(...command.split(" "), new ModelParcel("12345"))).toBe(TOO_LONG);
      expect(keys.count(0)).toBe(0);
      expect(run(...command.split(" "), "1234")).not.toStartWith("-");
      expect(keys.count(0)).toBe(1);
    },
  );
});

describe("SETNX, SETEX and PSETEX", () => {
  test("set like SET with options", () => {
    const { play, ttlMs } = setUp();
    play(["setnx k v", integer(1)], ["setnx k w", integer(0)], ["get k", bulk("v")]);
    play(["setex k 10 w", OK], ["get k", bulk("w")]);
    expect(ttlMs("k")).toBe(10_000);
    play(["psetex k 10 x", OK]);
    expect(ttlMs("k")).toBe(10);
  });

  test("name themselves in errors", () => {
    setUp().play(
      ["SetEx k 0 v", outOfRange("setex")],
      ["setex k x v", NO_INTEGER],
      ["setex k 9223372036854775807 v", outOfRange("setex")],
      ["psetex k 0 v", outOfRange("psetex")],
      ["psetex k 9223372036854775807 v", outOfRange("psetex")],
    );
  });
});

describe("GETSET and GETDEL", () => {
  test("answer with the value before", () => {
    setUp().play(
      ["getset k v", NIL],
      ["getset k w", bulk("v")],
      ["getdel k", bulk("w")],
      ["getdel k", NIL],
      ["get k", NIL],
    );
  });

  test("do not keep the deadline", () => {
    const { play, ttlMs } = setUp();
    play(["set k v ex 10", OK], ["getset k w", bulk("v")]);
    expect(ttlMs("k")).toBeNull();
  });
});

describe("GETEX", () => {
  test("sets, removes and leaves the deadline", () => {
    const { play, ttlMs } = setUp();
    play(["set k v", OK], ["getex k ex 10", bulk("v")]);
    expect(ttlMs("k")).toBe(10_000);
    play(["getex k", bulk("v")]);
    expect(ttlMs("k")).toBe(10_000);
    play(["getex k persist", bulk("v")]);
    expect(ttlMs("k")).toBeNull();
    play(["getex k persist", bulk("v")], ["getex k px 3", bulk("v")]);
    expect(ttlMs("k")).toBe(3);
  });

  test("with a deadline that has passed deletes the key", () => {
    const { play, keys } = setUp();
    play(["set k v", OK], ["getex k exat 1", bulk("v")], ["get k", NIL]);
    expect(keys.count(0)).toBe(0);
  });

  test("checks its options, then whether there is a key, then the deadline", () => {
    setUp().play(
      ["getex k ex x foo", SYNTAX],
      ["getex k keepttl", SYNTAX],
      ["getex k ex x", NIL],
      ["set k v", OK],
      ["getex k ex x", NO_INTEGER],
      ["getex k ex 0", outOfRange("getex")],
    );
  });

  test("writes only when a deadline changes", () => {
    const { play, keys } = setUp();
    const watcher = { isDirty: false };
    play(["set k v", OK]);
    keys.watch(0, Buffer.from("k"), watcher);
    keys.isFull = true;
    play(["getex k", bulk("v")], ["getex k persist", bulk("v")]);
    expect(watcher.isDirty).toBe(false);
    play(["getex k ex 10", MEMORY_FULL]);
    keys.isFull = false;
    play(["getex k ex 10", bulk("v")]);
    expect(watcher.isDirty).toBe(true);
  });
});

describe("MGET, MSET and MSETNX", () => {
  test("read and write many keys", () => {
    setUp().play(
      ["mset a 1 b 2 a 3", OK],
      ["mget a none b a", array(bulk("3"), NIL, bulk("2"), bulk("3"))],
      ["msetnx c 1 a 4", integer(0)],
      ["mget c a", array(NIL, bulk("3"))],
      ["msetnx c 1 d 2 c 3", integer(1)],
      ["mget c d", array(bulk("3"), bulk("2"))],
    );
  });

  test("want pairs", () => {
    setUp().play(
      ["MSet a 1 b", wrongArity("mset")],
      ["msetnx a 1 b", wrongArity("msetnx")],
      ["get a", NIL],
    );
  });

  test("remove the deadline", () => {
    const { play, ttlMs } = setUp();
    play(["set k v ex 10", OK], ["mset k w", OK]);
    expect(ttlMs("k")).toBeNull();
  });

  test.each(["mset", "msetnx"])("write all or nothing: %s", (command) => {
    const { run, keys } = setUp();
    const asked: [number, number][] = [];
    keys.hasRoomFor = (count, bytes) => {
      asked.push([count, bytes]);
      return false;
    };
    expect(run(command, "a", "1", "bb", "22", "c", new ModelParcel("333"))).toBe(MEMORY_FULL);
    expect(asked).toEqual([[3, 7]]);
    expect(keys.count(0)).toBe(0);
  });

  test("write nothing when one value is too long", () => {
    const { play, keys } = createRedisSession(STRING_HANDLERS, { maxValueBytes: 4 });
    play(["mset a 1 b 12345 c 3", TOO_LONG], ["msetnx a 1 b 12345 c 3", TOO_LONG]);
    expect(keys.count(0)).toBe(0);
  });
});
