// The short way of RESP must do exactly what the ordinary one does, and only for whom it is meant:
// `fastCount` tells how many rows took it.

import { describe, expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { reserveHighStore } from "../support/high-store.ts";
import { Random } from "../support/random.ts";
import { setUpResp } from "../support/resp-fixture.ts";
import type { TestServerOptions } from "../support/test-server.ts";

const KIB = 1024;
const OK = "+OK\r\n";
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

function setUp(options: TestServerOptions = {}) {
  const fixture = setUpResp(options);
  const { executor } = fixture.thread;
  /** How many rows of the commands, sent in one piece, took the short way. */
  const countFast = (...commands: string[]) => {
    const before = executor.fastCount;
    fixture.peer.ask(...commands);
    return executor.fastCount - before;
  };
  return { ...fixture, countFast };
}

describe("the short way of RESP", () => {
  test("is taken by GET and MGET of what is there and by SET over it", () => {
    const { peer, countFast } = setUp();
    expect(countFast("SET a 1", "SET b 2")).toBe(0);
    expect(countFast("GET a")).toBe(1);
    expect(countFast("get a", "SeT a 3", "GET a")).toBe(3);
    expect(countFast("MGET a b a")).toBe(3);
    expect(peer.ask("MGET a b")).toEqual([`*2\r\n${bulk("3")}${bulk("2")}`]);
  });

  test("is taken by the pairs of MSET but the first, which asks for room", () => {
    const { peer, countFast } = setUp();
    peer.ask("MSET a 1 b 2 c 3");
    expect(countFast("MSET a 4 b 5 c 6")).toBe(2);
    expect(peer.ask("MGET a b c")).toEqual([`*3\r\n${bulk("4")}${bulk("5")}${bulk("6")}`]);
  });

  test("is taken in each database, for its own keys", () => {
    const { peer, countFast } = setUp();
    peer.ask("SET k zero", "SELECT 15", "SET k fifteen");
    expect(countFast("GET k", "SET k 15", "GET k")).toBe(3);
    expect(peer.ask("GET k", "SELECT 0", "GET k")).toEqual([bulk("15"), OK, bulk("zero")]);
    expect(countFast("SELECT 1", "GET k")).toBe(0);
  });

  test("is not for misses, new keys, deadlines, and other commands", () => {
    const { peer, countFast } = setUp();
    peer.ask("SET mortal v EX 100", "SET n 1");
    expect(countFast("GET none", "SET new v", "INCRBY n 1", "EXISTS n", "PING", "DEL new")).toBe(0);
    expect(countFast("GET mortal", "MGET mortal", "SET mortal w")).toBe(0);
    expect(peer.ask("TTL mortal")).toEqual([":-1\r\n"]);
    expect(countFast("SET n 2 XX", "SET n 2 GET", "SET n 2 KEEPTTL", "STRLEN n")).toBe(0);
  });

  test("is not for values that are spliced, or do not fit their block", () => {
    const { peer, countFast } = setUp();
    const bound = (length: number) => [`SET k ${"v".repeat(length)}`, "GET k"];
    peer.ask(`SET k ${"v".repeat(SPLICE_LENGTH_MIN - 1)}`);
    expect(countFast(...bound(SPLICE_LENGTH_MIN - 1))).toBe(2);
    // SET does not answer with the value, so its block is all that matters.
    expect(countFast(...bound(SPLICE_LENGTH_MIN))).toBe(1);
    expect(countFast("SET k short")).toBe(0);
    expect(countFast("SET k small")).toBe(1);
  });

  test("is not for a key that somebody watches", () => {
    const { peer, thread, countFast } = setUp();
    const keys = new StoreKeyspace(thread.store, thread.windows);
    const watcher = { isDirty: false };
    peer.ask("SET k v");
    keys.watch(0, Buffer.from("k"), watcher);
    expect(countFast("GET k")).toBe(0);
    expect(watcher.isDirty).toBe(false);
    expect(countFast("MSET other 1 k w")).toBe(0);
    expect(watcher.isDirty).toBe(true);
    keys.unwatch(watcher);
    expect(countFast("GET k", "SET k x")).toBe(2);
  });

  test("is not for a value that is being sent", () => {
    const { peer, thread, countFast } = setUp();
    const long = "l".repeat(SPLICE_LENGTH_MIN);
    peer.ask(`SET k ${long}`);
    peer.connection.capacity = 0;
    expect(countFast("GET k", "SET k short", "GET k")).toBe(1);
    expect(thread.store.pins.count).toBe(1);
    peer.connection.drain(Infinity);
    expect(peer.send("")).toBe(bulk(long) + OK + bulk("short"));
  });

  test("is not for a connection whose window is full", () => {
    const { peer, countFast } = setUp({ spareWindows: 0 });
    const value = "v".repeat(10_000);
    peer.ask(`SET k ${value}`);
    peer.connection.capacity = 0;
    expect(countFast(...Array.from({ length: 20 }, () => "GET k"))).toBe(6);
    peer.connection.drain(Infinity);
    expect(peer.send("") === bulk(value).repeat(20)).toBe(true);
  });

  test("is not for a key whose hash an entry only shares", () => {
    const { peer, thread, countFast } = setUp();
    peer.ask("SET key value", "SELECT 3", "SET key three", "SELECT 0");
    const { candidates } = thread.store.segments;
    const { find } = candidates;
    // Every row gets the candidate of the first.
    candidates.find = (hashes, found, begin, end) => {
      find(hashes, found, begin, end);
      found.fill(found[0]!, 1, end);
    };
    const other = ["kez", "ley", "key1", "ke"].map((key) => `GET ${key}`);
    expect(countFast("GET key", ...other)).toBe(1);
    peer.ask("SELECT 3");
    expect(peer.ask("GET key")).toEqual([bulk("three")]);
  });
});

describe.each([
  ["in the first span", undefined],
  ["in the others", reserveHighStore],
])("the short way %s", (_, reserve) => {
  test("keeps every byte of every neighbour", () => {
    const { peer, thread } = setUp(reserve === undefined ? {} : { store: reserve(10) });
    const random = new Random(7);
    const model = new Map<string, string>();
    for (let length = 0; length < 24; length++) model.set(random.text(length), "");
    const keys = [...model.keys()];
    peer.askAll(...keys.map((key) => ["SET", key, ""]));
    for (let step = 0; step < 1500; step++) {
      const commands: string[][] = [];
      const expected: string[] = [];
      for (let i = 0; i < random.between(1, 5); i++) {
        const chosen = Array.from({ length: random.between(1, 4) }, () => random.pick(keys));
        if (random.oneIn(2)) {
          const values = chosen.map(() => random.text(random.below(random.oneIn(4) ? 300 : 40)));
          chosen.forEach((key, at) => model.set(key, values[at]!));
          commands.push(["MSET", ...chosen.flatMap((key, at) => [key, values[at]!])]);
          expected.push(OK);
        } else {
          commands.push(["MGET", ...chosen]);
          const values = chosen.map((key) => bulk(model.get(key)!));
          expected.push(`*${chosen.length}\r\n${values.join("")}`);
        }
      }
      expect(peer.askAll(...commands), `step ${step}`).toEqual(expected);
    }
    expect(thread.executor.fastCount).toBeGreaterThan(3000);
  });

  test("reads and writes values of each length around each bound of copying", () => {
    const { peer, countFast } = setUp(reserve === undefined ? {} : { store: reserve(10) });
    const random = new Random(8);
    for (const length of [0, 1, 9, 10, 99, 100, 127, 128, 129, 999, 1000, 4 * KIB, 9_999, 16_383]) {
      const value = random.text(length).replaceAll(" ", "_");
      for (const key of ["k", "ke", "key", "keys"]) {
        peer.askAll(["SET", key, "x".repeat(length)]);
        expect(countFast(`SET ${key} ${value}`)).toBe(1);
        expect(peer.askAll(["GET", key])[0] === bulk(value)).toBe(true);
      }
    }
  });
});
