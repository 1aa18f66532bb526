// ioredis of the last two majors. It asks for INFO before it is ready, and names itself.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis as Redis5 } from "ioredis";
import { Redis as Redis6 } from "ioredis-6";
import { startClientServer, type ClientServer } from "../support/client-server.ts";

let server: ClientServer;

beforeAll(async () => {
  server = await startClientServer();
});

afterAll(() => server[Symbol.asyncDispose]());

// The two majors declare what is used here alike.
const MAJORS = [
  [5, Redis5],
  [6, Redis6 as unknown as typeof Redis5],
] as const;

describe.each(MAJORS)("ioredis %d", (_major, Redis) => {
  let redis: Redis5;

  beforeAll(async () => {
    redis = new Redis(server.port, "127.0.0.1", { lazyConnect: true, maxRetriesPerRequest: 0 });
    await redis.connect();
  });

  beforeEach(async () => {
    await redis.flushall();
  });

  afterAll(async () => {
    expect(await redis.quit()).toBe("OK");
  });

  test("is ready", () => {
    expect(redis.status).toBe("ready");
  });

  test("sets, gets and counts", async () => {
    expect(await redis.set("a", "1")).toBe("OK");
    expect(await redis.set("a", "2", "NX")).toBeNull();
    expect(await redis.set("a", "3", "EX", 1000, "XX")).toBe("OK");
    expect(await redis.ttl("a")).toBeWithin(990, 1001);
    expect(await redis.incr("a")).toBe(4);
    expect(await redis.incrbyfloat("a", "0.5")).toBe("4.5");
    expect(await redis.get("a")).toBe("4.5");
    expect(await redis.getdel("a")).toBe("4.5");
    expect(await redis.get("a")).toBeNull();
  });

  test("takes objects and maps for MSET", async () => {
    expect(await redis.mset({ a: "1", b: "2" })).toBe("OK");
    expect(await redis.mset(new Map([["c", "3"]]))).toBe("OK");
    expect(await redis.mget("a", "b", "c", "d")).toEqual(["1", "2", "3", null]);
  });

  test("runs a pipeline, with an error among its replies", async () => {
    const pipeline = redis.pipeline().set("a", "text").incr("a").get("a").exists("a", "b");
    const replies = (await pipeline.exec())!;
    expect(replies.map(([error, value]) => error?.message ?? value)).toEqual([
      "OK",
      "ERR value is not an integer or out of range",
      "text",
      1,
    ]);
  });

  test("runs a transaction, and gives it up when a watched key was changed", async () => {
    const replies = await redis.multi().set("a", "1").incr("a").exec();
    expect(replies).toEqual([
      [null, "OK"],
      [null, 2],
    ]);
    await redis.watch("a");
    const other = redis.duplicate({ lazyConnect: true });
    await other.connect();
    await other.set("a", "changed");
    expect(await redis.multi().set("a", "lost").exec()).toBeNull();
    expect(await redis.get("a")).toBe("changed");
    await other.quit();
  });

  test("refuses a transaction with a bad command", async () => {
    const failed = redis.multi().set("a", "1").call("get").exec();
    await expect(failed).rejects.toThrow(/^EXECABORT/);
    expect(await redis.get("a")).toBeNull();
  });

  test("streams the keys of a pattern", async () => {
    const names = Array.from({ length: 250 }, (_, i) => `key:${i}`);
    await redis.mset(Object.fromEntries(names.map((name) => [name, "1"])));
    await redis.set("other", "1");
    const seen = new Set<string>();
    for await (const keys of redis.scanStream({ match: "key:*", count: 20 })) {
      for (const key of keys as string[]) seen.add(key);
    }
    expect([...seen].toSorted()).toEqual(names.toSorted());
  });

  test("carries any bytes", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await redis.set(Buffer.from([0, 255]), bytes);
    expect(await redis.getBuffer(Buffer.from([0, 255]))).toEqual(bytes);
  });

  test("uses a database and a prefix of its own", async () => {
    const other = redis.duplicate({ lazyConnect: true, db: 3, keyPrefix: "p:" });
    await other.connect();
    await other.set("a", "1");
    expect(await redis.get("p:a")).toBeNull();
    await redis.select(3);
    expect(await redis.get("p:a")).toBe("1");
    await redis.select(0);
    await other.quit();
  });

  test("pipelines by itself when told to", async () => {
    const other = redis.duplicate({ lazyConnect: true, enableAutoPipelining: true });
    await other.connect();
    const indices = Array.from({ length: 500 }, (_, i) => i);
    const replies = await Promise.all(indices.map(() => other.incr("n")));
    expect(replies).toEqual(indices.map((i) => i + 1));
    await other.quit();
  });

  test("names itself and lists clients", async () => {
    const other = redis.duplicate({ lazyConnect: true, connectionName: "session" });
    await other.connect();
    expect(await other.client("GETNAME")).toBe("session");
    expect(await redis.client("LIST")).toMatch(/ name=session /);
    await other.quit();
  });

  test("rejects what the server refuses", async () => {
    await expect(redis.call("NOSUCH", "a")).rejects.toThrow(/^ERR unknown command 'NOSUCH'/);
    await expect(redis.call("EXPIRE", "a")).rejects.toThrow(
      "ERR wrong number of arguments for 'expire' command",
    );
  });

  test("connects again when it was killed", async () => {
    const other = redis.duplicate({ lazyConnect: true, retryStrategy: () => 1 });
    await other.connect();
    const id = await other.client("ID");
    const isReady = new Promise((resolve) => other.once("ready", resolve));
    other.on("error", () => {});
    expect(await redis.client("KILL", "ID", id)).toBe(1);
    await isReady;
    expect(await other.client("ID")).toBeGreaterThan(id);
    await other.quit();
  });
});
