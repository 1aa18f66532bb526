// Commands of several keys, which are several rows, and whatever the short way leaves.

import { describe, expect, test } from "bun:test";
import { BATCH_CAPACITY } from "../../src/batch/batch.ts";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { RESP_OPCODE } from "../../src/protocol/resp-opcode.ts";
import { setUpResp } from "../support/resp-fixture.ts";
import { request } from "../support/v1-frames.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const OK = "+OK\r\n";
const NIL = "$-1\r\n";
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const array = (...replies: string[]): string => `*${replies.length}\r\n${replies.join("")}`;

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `key:${i}`);

describe("a command of many keys", () => {
  test.each([1, 2, BATCH_CAPACITY - 1, BATCH_CAPACITY, BATCH_CAPACITY + 1, 1000])(
    "is one command, with %d of them",
    (count) => {
      const { peer } = setUpResp();
      const keys = keysOf(count);
      const values = keys.map((_, i) => `${i}`);
      const replies = peer.askAll(
        ["MSET", ...keys.flatMap((key, i) => [key, values[i]!])],
        ["MGET", ...keys, "none"],
        ["EXISTS", ...keys, "none", keys[0]!],
        ["DEL", ...keys, "none", keys[0]!],
        ["EXISTS", ...keys],
      );
      expect(replies).toEqual([
        OK,
        array(...values.map(bulk), NIL),
        `:${count + 1}\r\n`,
        `:${count}\r\n`,
        ":0\r\n",
      ]);
    },
  );

  test("has its place among the others, in every portion of a batch", () => {
    for (let before = 0; before < BATCH_CAPACITY; before += 7) {
      const { peer } = setUpResp();
      const incrs = Array.from({ length: before }, () => ["INCR", "key:70"]);
      const keys = keysOf(100);
      const replies = peer.askAll(
        ...incrs,
        ["MGET", ...keys],
        ["DEL", ...keys],
        ["INCR", "key:70"],
      );
      const values = keys.map((key) => (key === "key:70" && before > 0 ? bulk(`${before}`) : NIL));
      expect(replies.slice(before)).toEqual([
        array(...values),
        `:${before > 0 ? 1 : 0}\r\n`,
        ":1\r\n",
      ]);
    }
  });

  test("sets a key that comes twice to its last value, and reads it twice", () => {
    const { peer } = setUpResp();
    expect(peer.ask("MSET a 1 b 2 a 3", "MGET a a b", "DEL a a", "GET a")).toEqual([
      OK,
      array(bulk("3"), bulk("3"), bulk("2")),
      ":1\r\n",
      NIL,
    ]);
  });

  test("is not begun by two connections at once, although they share batches", () => {
    const { server, peer, connect } = setUpResp();
    const other = connect();
    const keys = keysOf(100);
    const text = (value: string) =>
      `*201\r\n$4\r\nMSET\r\n${keys.map((key) => bulk(key) + bulk(value)).join("")}`;
    peer.connection.feed(Buffer.from(text("peer")));
    other.connection.feed(Buffer.from(text("other")));
    server.engine.turn();
    const replies = [peer, other].map(({ connection }) => connection.take().toString("latin1"));
    expect(replies).toEqual([OK, OK]);
    expect(peer.askAll(["MGET", ...keys])).toEqual([array(...keys.map(() => bulk("other")))]);
  });
});

describe("a connection that has no room for replies", () => {
  test("waits before a command, never within it, and executes nothing twice", () => {
    const { peer, thread } = setUpResp({ spareWindows: 0, sendLimitBytes: 64 * KIB });
    const value = "v".repeat(10_000);
    const keys = keysOf(40);
    for (const key of keys) peer.askAll(["SET", key, value]);
    peer.connection.capacity = 0;
    const mget = ["MGET", ...keys];
    peer.askAll(mget, ["INCR", "n"], mget, ["INCR", "n"], ["DEL", ...keys], ["GET", "n"]);
    expect(thread.connections.is(0, CONNECTION.BLOCKED)).toBe(true);
    // The first command has begun, and so it is whole.
    expect(thread.sends.unsentBytes(0)).toBe(array(...keys.map(() => bulk(value))).length);
    expect(thread.store.keyCount).toBe(keys.length);
    let text = "";
    while (thread.sends.unsentBytes(0) > 0 || thread.connections.is(0, CONNECTION.BLOCKED)) {
      peer.connection.drain(50_000);
      text += peer.send("");
    }
    const whole = array(...keys.map(() => bulk(value)));
    const expected = `${whole}:1\r\n${whole}:2\r\n:${keys.length}\r\n${bulk("2")}`;
    expect(text.length).toBe(expected.length);
    expect(text === expected).toBe(true);
    expect(thread.executor.blockedCount).toBeGreaterThan(0);
  });

  test("does not keep the rows of others in its batch from being executed", () => {
    const { server, peer, connect } = setUpResp({ spareWindows: 0, sendLimitBytes: 64 * KIB });
    const other = connect();
    const value = "v".repeat(20_000);
    peer.askAll(["SET", "large", value]);
    peer.connection.capacity = 0;
    peer.connection.feed(Buffer.from("GET large\r\n".repeat(10)));
    peer.connection.feed(Buffer.from("*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n".repeat(30)));
    other.connection.feed(Buffer.from("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n".repeat(3)));
    server.engine.turn();
    expect(other.connection.take().toString()).toBe(":1\r\n:2\r\n:3\r\n");
    peer.connection.drain(Infinity);
    server.engine.turn();
    expect(peer.connection.take().toString() === bulk(value).repeat(40)).toBe(true);
  });
});

describe("full memory", () => {
  test("is an error to SET, MSET and INCR, and the connection goes on", () => {
    const { peer, thread } = setUpResp({ maxMemoryBytes: 16 * MIB });
    const value = "v".repeat(60_000);
    let count = 0;
    while (peer.askAll(["SET", `${count}`, value])[0] === OK) count++;
    expect(count).toBeGreaterThan(100);
    const { keyCount } = thread.store;
    const replies = peer.askAll(
      ["SET", "more", value],
      ["MSET", "x", "1", "more", value],
      ["GET", "x"],
      ["DEL", ...keysOf(3), "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
      ["MSET", "x", "1", "more", value],
    );
    expect(replies).toEqual([OOM, OOM, NIL, ":10\r\n", OK]);
    expect(thread.store.keyCount).toBe(keyCount - 10 + 2);
    expect(peer.send("INFO errorstats\r\n")).toContain("errorstat_OOM:count=3\r\n");
  });

  test("leaves an MSET undone as a whole, over several batches too", () => {
    const { peer, thread } = setUpResp({ maxMemoryBytes: 16 * MIB });
    while (peer.askAll(["SET", `${thread.store.keyCount}`, "v".repeat(60_000)])[0] === OK);
    const keys = keysOf(300);
    const pairs = keys.flatMap((key) => [key, "v".repeat(150)]);
    expect(peer.askAll(["MSET", ...pairs], ["EXISTS", ...keys], ["PING"])).toEqual([
      OOM,
      ":0\r\n",
      "+PONG\r\n",
    ]);
  });
});

describe("INCR", () => {
  test("answers as Redis does", () => {
    const { peer } = setUpResp();
    const no = "-ERR value is not an integer or out of range\r\n";
    expect(peer.ask("SET a 007", "INCR a", "SET a +1", "INCR a", "SET a -0", "INCR a")).toEqual(
      [OK, OK, OK].flatMap((ok) => [ok, no]),
    );
    expect(peer.ask("SET a 9223372036854775807", "INCR a", "GET a")).toEqual([
      OK,
      "-ERR increment or decrement would overflow\r\n",
      bulk("9223372036854775807"),
    ]);
    expect(peer.ask("INCR new", "SET n 99 EX 100", "INCR n", "TTL n")).toEqual([
      ":1\r\n",
      OK,
      ":100\r\n",
      ":100\r\n",
    ]);
  });

  test("does not count a value in pieces", () => {
    const { peer } = setUpResp();
    const long = "1".repeat(300_000);
    const [, reply, length] = peer.askAll(["SET", "k", long], ["INCR", "k"], ["STRLEN", "k"]);
    expect([reply, length]).toEqual([
      "-ERR value is not an integer or out of range\r\n",
      ":300000\r\n",
    ]);
  });
});

describe("replies", () => {
  test("are those of the connection's version", () => {
    const { peer, connect } = setUpResp();
    const third = connect();
    third.ask("HELLO 3");
    expect(third.ask("GET none", "MGET none none", "DEL none")).toEqual([
      "_\r\n",
      array("_\r\n", "_\r\n"),
      ":0\r\n",
    ]);
    expect(peer.ask("GET none", "MGET none none")).toEqual([NIL, array(NIL, NIL)]);
  });

  test("of long values are sent from where they lie, and hold what was there", () => {
    const { peer, thread } = setUpResp();
    const values = ["a", "b"].map((letter) => letter.repeat(200_000));
    peer.askAll(["SET", "a", values[0]!], ["SET", "b", values[1]!]);
    peer.connection.capacity = 0;
    peer.ask("MGET a none b", "MSET a 1 b 2", "MGET a b", "DEL a b");
    expect(thread.store.pins.count).toBe(2);
    peer.connection.drain(Infinity);
    const text = peer.send("");
    const first = array(bulk(values[0]!), NIL, bulk(values[1]!));
    expect(text === `${first}${OK}${array(bulk("1"), bulk("2"))}:2\r\n`).toBe(true);
    expect(thread.store.pins.count).toBe(0);
    expect(thread.store.memoryBytes().pieces).toBe(0);
  });
});

describe("databases and protocols", () => {
  test("have keys of their own, and v1 those of database 0", () => {
    const { server, peer } = setUpResp();
    const old = server.connect();
    const keys = keysOf(100);
    const inDatabase = (database: number) => [
      ["SELECT", `${database}`],
      ["MSET", ...keys.flatMap((key) => [key, `${database}`])],
    ];
    peer.askAll(...[0, 3, 15].flatMap(inDatabase));
    expect(peer.askAll(["EXISTS", ...keys], ["DEL", ...keys], ["EXISTS", ...keys])).toEqual([
      ":100\r\n",
      ":100\r\n",
      ":0\r\n",
    ]);
    expect(peer.ask("SELECT 3", "GET key:7", "INCR key:7")).toEqual([OK, bulk("3"), ":4\r\n"]);
    expect(server.ask(old, request.get("key:7"))[0]!.toString("latin1")).toEndWith("0");
    server.ask(old, request.del("key:7"));
    expect(peer.ask("GET key:7", "SELECT 0", "GET key:7")).toEqual([bulk("4"), OK, NIL]);
  });
});

describe("what is counted", () => {
  test("is commands, not keys; hits and misses are keys", () => {
    const { peer, thread } = setUpResp();
    const keys = keysOf(100);
    peer.askAll(["SET", "key:1", "v"], ["MGET", ...keys], ["DEL", ...keys], ["GET", "key:1"]);
    const info = peer.send("INFO stats\r\n");
    expect(info).toContain("total_commands_processed:4\r\n");
    expect(info).toContain("keyspace_hits:1\r\n");
    expect(info).toContain("keyspace_misses:100\r\n");
    expect(thread.executor.executedCounts[RESP_OPCODE.MGET]).toBe(100);
  });
});
