import { describe, expect, test } from "bun:test";
import { KEY_HANDLERS } from "../../src/redis/key-commands.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const OK = "+OK\r\n";
const ZERO = ":0\r\n";
const ONE = ":1\r\n";
const NO_KEY = "-ERR no such key\r\n";
const NO_DATABASE = "-ERR DB index is out of range\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const MEMORY_FULL = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

/** Keys `a` = 1 and `b` = 2, the first with a deadline, in database 0. */
function createStand() {
  const fixture = createRedisFixture(KEY_HANDLERS);
  const client = fixture.client();
  const { keys } = fixture;
  const deadlineMs = BigInt(keys.nowMs) + 1000n;
  keys.set(0, Buffer.from("a"), Buffer.from("1"), deadlineMs);
  keys.set(0, Buffer.from("b"), Buffer.from("2"), NO_DEADLINE);
  return {
    fixture,
    client,
    keys,
    deadlineMs,
    /** Words apart by spaces. */
    run: (line: string) => fixture.run(client, ...line.split(" ")),
    valueOf: (key: string, database = 0) =>
      keys.find(database, Buffer.from(key))?.bytes().toString() ?? null,
    deadlineOf: (key: string, database = 0) =>
      keys.find(database, Buffer.from(key))?.deadlineMs ?? null,
  };
}

describe("DEL and UNLINK", () => {
  test.each(["del", "unlink"])("%s removes keys and counts those that were there", (name) => {
    const { run, keys } = createStand();
    expect(run(`${name} a none a b`)).toBe(":2\r\n");
    expect(keys.count(0)).toBe(0);
    expect(run(`${name} a`)).toBe(ZERO);
  });

  test("an expired key was not there", () => {
    const { fixture, run } = createStand();
    fixture.pass(1000);
    expect(run("del a b")).toBe(ONE);
  });
});

describe("EXISTS, TOUCH and TYPE", () => {
  test.each(["exists", "touch"])("%s counts a key as often as it is named", (name) => {
    expect(createStand().run(`${name} a a none b`)).toBe(":3\r\n");
  });

  test("TYPE knows strings and nothing else", () => {
    const { fixture, run } = createStand();
    expect(run("type a")).toBe("+string\r\n");
    fixture.pass(1000);
    expect(run("type a")).toBe("+none\r\n");
  });

  test("look into the client's database", () => {
    const { client, run } = createStand();
    client.database = 1;
    expect(run("exists a b")).toBe(ZERO);
    expect(run("type a")).toBe("+none\r\n");
    expect(run("del a")).toBe(ZERO);
  });
});

describe("RENAME and RENAMENX", () => {
  test("take value and deadline along, and replace", () => {
    const { run, valueOf, deadlineOf, deadlineMs } = createStand();
    expect(run("rename a b")).toBe(OK);
    expect([valueOf("a"), valueOf("b"), deadlineOf("b")]).toEqual([null, "1", deadlineMs]);
  });

  test("RENAMENX does not replace", () => {
    const { run, valueOf } = createStand();
    expect(run("renamenx a b")).toBe(ZERO);
    expect([valueOf("a"), valueOf("b")]).toEqual(["1", "2"]);
    expect(run("renamenx a c")).toBe(ONE);
    expect([valueOf("a"), valueOf("c")]).toEqual([null, "1"]);
  });

  test("RENAMENX replaces what has expired", () => {
    const { fixture, run, valueOf } = createStand();
    fixture.pass(1000);
    expect(run("renamenx b a")).toBe(ONE);
    expect(valueOf("a")).toBe("2");
  });

  test("to itself, a key stays as it is", () => {
    const { run, deadlineOf, deadlineMs } = createStand();
    expect(run("rename a a")).toBe(OK);
    expect(run("renamenx a a")).toBe(ZERO);
    expect(deadlineOf("a")).toBe(deadlineMs);
  });

  test("want a key that is there, even to name it as before", () => {
    const { run } = createStand();
    for (const line of ["rename none a", "renamenx none a", "rename none none"]) {
      expect(run(line)).toBe(NO_KEY);
    }
  });

  test("leave everything when memory is full", () => {
    const { keys, run, valueOf } = createStand();
    keys.isFull = true;
    expect(run("rename a b")).toBe(MEMORY_FULL);
    expect(run("rename a a")).toBe(OK);
    expect([valueOf("a"), valueOf("b")]).toEqual(["1", "2"]);
  });
});

describe("COPY", () => {
  test("copies value and deadline", () => {
    const { run, valueOf, deadlineOf, deadlineMs } = createStand();
    expect(run("copy a c")).toBe(ONE);
    expect([valueOf("a"), valueOf("c"), deadlineOf("c")]).toEqual(["1", "1", deadlineMs]);
    expect(run("copy none d")).toBe(ZERO);
  });

  test("replaces only when told to", () => {
    const { run, valueOf, deadlineOf } = createStand();
    expect(run("copy b a")).toBe(ZERO);
    expect(valueOf("a")).toBe("1");
    expect(run("copy b a Replace")).toBe(ONE);
    expect([valueOf("a"), deadlineOf("a")]).toEqual(["2", NO_DEADLINE]);
  });

  test("copies to another database, where the key may have the same name", () => {
    const { client, run, valueOf } = createStand();
    expect(run("copy a a db 15")).toBe(ONE);
    expect(valueOf("a", 15)).toBe("1");
    expect(run("copy b a db 15")).toBe(ZERO);
    expect(run("copy b a replace DB 1 db 15")).toBe(ONE);
    expect([valueOf("a", 15), valueOf("a", 1)]).toEqual(["2", null]);
    expect(client.database).toBe(0);
  });

  test.each([
    ["copy a a", "-ERR source and destination objects are the same\r\n"],
    ["copy none none", "-ERR source and destination objects are the same\r\n"],
    ["copy a a db 1 db 0", "-ERR source and destination objects are the same\r\n"],
    ["copy a c db", SYNTAX],
    ["copy a c bogus", SYNTAX],
    ["copy a c db 16", NO_DATABASE],
    ["copy a c db -1 bogus", NO_DATABASE],
    ["copy a c db 2147483647", NO_DATABASE],
    [
      "copy a c db 2147483648",
      "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
    ],
    ["copy a c db 01", "-ERR value is not an integer or out of range\r\n"],
  ])("refuses %s", (line, reply) => {
    const { keys, run } = createStand();
    expect(run(line)).toBe(reply);
    expect(keys.count(0)).toBe(2);
  });

  test("says when memory is full", () => {
    const { keys, run } = createStand();
    keys.isFull = true;
    expect(run("copy a c")).toBe(MEMORY_FULL);
    expect(run("copy a b")).toBe(ZERO);
  });
});

describe("DBSIZE, FLUSHDB and FLUSHALL", () => {
  test("DBSIZE counts the keys of the client's database", () => {
    const { client, run } = createStand();
    expect(run("dbsize")).toBe(":2\r\n");
    client.database = 1;
    expect(run("dbsize")).toBe(ZERO);
  });

  test.each(["flushdb", "flushdb ASYNC", "flushdb sync"])("%s empties one database", (line) => {
    const { keys, run } = createStand();
    run("copy a a db 1");
    expect(run(line)).toBe(OK);
    expect([keys.count(0), keys.count(1)]).toEqual([0, 1]);
  });

  test.each(["flushall", "flushall async", "flushall SYNC"])("%s empties all", (line) => {
    const { keys, run } = createStand();
    run("copy a a db 1");
    expect(run(line)).toBe(OK);
    expect([keys.count(0), keys.count(1)]).toEqual([0, 0]);
  });

  test.each(["flushdb now", "flushall now", "flushall sync async"])("refuse %s", (line) => {
    const { keys, run } = createStand();
    expect(run(line)).toBe(SYNTAX);
    expect(keys.count(0)).toBe(2);
  });

  test("are noticed by who watches a key", () => {
    const { client, keys, run } = createStand();
    keys.watch(0, Buffer.from("a"), client);
    run("flushall");
    expect(client.isDirty).toBe(true);
  });
});

describe("WAIT", () => {
  test.each([
    ["wait 0 0", ZERO],
    ["wait 3 9223372036854775807", ZERO],
    ["wait -1 1", ZERO],
    ["wait x -1", "-ERR value is not an integer or out of range\r\n"],
    ["wait 0 x", "-ERR timeout is not an integer or out of range\r\n"],
    ["wait 0 -1", "-ERR timeout is negative\r\n"],
  ])("%s answers %j", (line, reply) => {
    expect(createStand().run(line)).toBe(reply);
  });
});
