// Bun's own client, which speaks RESP3 and pipelines by itself.

import { RedisClient } from "bun";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { startClientServer, type ClientServer } from "../support/client-server.ts";

let server: ClientServer;
let redis: RedisClient;

beforeAll(async () => {
  server = await startClientServer();
  redis = new RedisClient(server.url);
  await redis.connect();
});

beforeEach(async () => {
  await redis.send("FLUSHALL", []);
});

afterAll(async () => {
  redis.close();
  await server[Symbol.asyncDispose]();
});

describe("Bun.redis", () => {
  test("sets, gets and deletes", async () => {
    expect(await redis.set("a", "1")).toBe("OK");
    expect(await redis.get("a")).toBe("1");
    expect(await redis.exists("a")).toBe(true);
    expect(await redis.exists("b")).toBe(false);
    expect(await redis.del("a", "b")).toBe(1);
    expect(await redis.get("a")).toBeNull();
  });

  test("gives SET's options", async () => {
    expect(await redis.set("a", "1", "NX")).toBe("OK");
    expect(await redis.set("a", "2", "NX")).toBeNull();
    expect(await redis.set("a", "3", "GET")).toBe("1");
    expect(await redis.set("a", "4", "EX", 1000)).toBe("OK");
    expect(await redis.ttl("a")).toBeWithin(990, 1001);
    expect(await redis.set("a", "5", "KEEPTTL")).toBe("OK");
    expect(await redis.ttl("a")).toBeWithin(990, 1001);
  });

  test("counts", async () => {
    expect(await redis.incr("n")).toBe(1);
    expect(await redis.incrby("n", 41)).toBe(42);
    expect(await redis.decr("n")).toBe(41);
    expect(await redis.decrby("n", 40)).toBe(1);
    expect(Number(await redis.incrbyfloat("n", 0.5))).toBe(1.5);
  });

  test("sets deadlines and takes them away", async () => {
    await redis.set("a", "1");
    expect(await redis.ttl("a")).toBe(-1);
    expect(await redis.expire("a", 500)).toBe(1);
    expect(await redis.pttl("a")).toBeWithin(490_000, 500_001);
    expect(await redis.persist("a")).toBe(1);
    expect(await redis.ttl("a")).toBe(-1);
    expect(await redis.ttl("b")).toBe(-2);
    expect(await redis.getex("a", "EX", 700)).toBe("1");
    expect(await redis.ttl("a")).toBeWithin(690, 701);
    expect(await redis.getdel("a")).toBe("1");
  });

  test("reads and writes many at once", async () => {
    await redis.mset("a", "1", "b", "2");
    expect(await redis.mget("a", "b", "c")).toEqual(["1", "2", null]);
    expect(await redis.msetnx("c", "3", "a", "9")).toBe(0);
    expect((await redis.keys("*")).toSorted()).toEqual(["a", "b"]);
    expect(await redis.append("a", "23")).toBe(3);
    expect(await redis.strlen("a")).toBe(3);
    expect(await redis.getrange("a", 1, -1)).toBe("23");
    expect(await redis.setrange("a", 1, "x")).toBe(3);
    expect(await redis.rename("a", "z")).toBe("OK");
    expect(await redis.type("z")).toBe("string");
  });

  test("pipelines what is asked at once, in order", async () => {
    const indices = Array.from({ length: 2000 }, (_, i) => i);
    const replies = await Promise.all(indices.map(() => redis.incr("n")));
    expect(replies).toEqual(indices.map((i) => i + 1));
    await Promise.all(indices.map((i) => redis.set(`k${i}`, `v${i}`)));
    const values = await Promise.all(indices.map((i) => redis.get(`k${i}`)));
    expect(values).toEqual(indices.map((i) => `v${i}`));
  });

  test("carries any bytes and a megabyte", async () => {
    const bytes = new Uint8Array(256).map((_, i) => i);
    await redis.set("bytes", bytes);
    expect(await redis.getBuffer("bytes")).toEqual(bytes);
    const long = "é".repeat(512 * 1024);
    await redis.set("long", long);
    expect(await redis.get("long")).toBe(long);
  });

  test("scans to the end", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `key:${i}`);
    await redis.mset(...names.flatMap((name) => [name, "1"]));
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const [next, keys] = await redis.scan(cursor, "MATCH", "key:*", "COUNT", 50);
      for (const key of keys) seen.add(key);
      cursor = next;
    } while (cursor !== "0");
    expect([...seen].toSorted()).toEqual(names.toSorted());
  });

  test("rejects with what the server says, and goes on", async () => {
    await redis.set("a", "text");
    const message = /value is not an integer or out of range/;
    await expect(redis.incr("a") as Promise<number>).rejects.toThrow(message);
    await expect(redis.send("NOSUCH", ["x"])).rejects.toThrow(/unknown command 'NOSUCH'/);
    expect(await redis.get("a")).toBe("text");
  });

  test("reads the map of HELLO as an object", async () => {
    const hello: unknown = await redis.send("HELLO", ["3"]);
    expect(hello).toMatchObject({ proto: 3, mode: "standalone", role: "master" });
  });

  test("runs a transaction over plain commands", async () => {
    const other = await redis.duplicate();
    expect(await other.send("MULTI", [])).toBe("OK");
    expect(await other.send("SET", ["t", "1"])).toBe("QUEUED");
    expect(await other.send("INCR", ["t"])).toBe("QUEUED");
    expect(await redis.get("t")).toBeNull();
    expect(await other.send("EXEC", [])).toEqual(["OK", 2]);
    other.close();
  });
});
