// node-redis with both protocols. It says HELLO, names its library, and in RESP3 reads maps.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createClient, RESP_TYPES } from "redis";
import { startClientServer, type ClientServer } from "../support/client-server.ts";

let server: ClientServer;

beforeAll(async () => {
  server = await startClientServer();
});

afterAll(() => server[Symbol.asyncDispose]());

function makeClient(version: 2 | 3) {
  const client = createClient({
    url: server.url,
    RESP: version,
    socket: { reconnectStrategy: false },
  });
  client.on("error", () => {});
  return client;
}

describe.each([2, 3] as const)("node-redis, RESP%d", (version) => {
  let redis: ReturnType<typeof makeClient>;

  beforeAll(async () => {
    redis = makeClient(version);
    await redis.connect();
  });

  beforeEach(async () => {
    await redis.flushAll();
  });

  afterAll(() => redis.close());

  test("sets, gets and counts", async () => {
    expect(await redis.set("a", "1")).toBe("OK");
    expect(await redis.set("a", "2", { condition: "NX" })).toBeNull();
    const options = { expiration: { type: "EX", value: 1000 }, GET: true } as const;
    expect(await redis.set("a", "3", options)).toBe("1");
    expect(await redis.ttl("a")).toBeWithin(990, 1001);
    expect(await redis.incr("a")).toBe(4);
    expect(await redis.incrBy("a", 6)).toBe(10);
    expect(await redis.incrByFloat("a", 0.25)).toBe("10.25");
    expect(await redis.getDel("a")).toBe("10.25");
    expect(await redis.get("a")).toBeNull();
  });

  test("reads and writes many", async () => {
    expect(await redis.mSet({ a: "1", b: "2" })).toBe("OK");
    expect(await redis.mGet(["a", "b", "c"])).toEqual(["1", "2", null]);
    // It is declared otherwise.
    const isSet: unknown = await redis.mSetNX({ b: "3", c: "4" });
    expect(isSet).toBe(0);
    expect(await redis.exists(["a", "b", "c"])).toBe(2);
    expect(await redis.del(["a", "b", "c"])).toBe(2);
    expect(await redis.dbSize()).toBe(0);
  });

  test("sets deadlines", async () => {
    await redis.set("a", "1");
    expect(await redis.expireAt("a", 4_102_444_800)).toBe(1);
    expect(await redis.expireTime("a")).toBe(4_102_444_800);
    expect(await redis.pExpireTime("a")).toBe(4_102_444_800_000);
    expect(await redis.expire("a", 100, "GT")).toBe(0);
    expect(await redis.persist("a")).toBe(1);
    expect(await redis.getEx("a", { type: "PX", value: 500_000 })).toBe("1");
    expect(await redis.pTTL("a")).toBeWithin(490_000, 500_001);
  });

  test("runs a transaction, and gives it up when a watched key was changed", async () => {
    const replies: unknown = await redis.multi().set("a", "1").incr("a").get("a").exec();
    expect(replies).toEqual(["OK", 2, "2"]);
    const other = redis.duplicate();
    await other.connect();
    await other.watch("a");
    await redis.set("a", "changed");
    await expect(other.multi().set("a", "lost").exec()).rejects.toThrow(/watched keys/i);
    expect(await redis.get("a")).toBe("changed");
    other.destroy();
  });

  test("iterates over the keys of a pattern", async () => {
    const names = Array.from({ length: 250 }, (_, i) => `key:${i}`);
    await redis.mSet(Object.fromEntries(names.map((name) => [name, "1"])));
    const seen = new Set<string>();
    for await (const keys of redis.scanIterator({ MATCH: "key:1*", COUNT: 20 })) {
      for (const key of keys) seen.add(key);
    }
    expect([...seen].toSorted()).toEqual(
      names.filter((name) => name.startsWith("key:1")).toSorted(),
    );
  });

  test("carries any bytes", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await redis.set("bytes", bytes);
    const binary = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    expect((await binary.get("bytes")) as unknown).toEqual(bytes);
  });

  test("pipelines what is asked at once", async () => {
    const indices = Array.from({ length: 1000 }, (_, i) => i);
    const replies = await Promise.all(indices.map(() => redis.incr("n")));
    expect(replies).toEqual(indices.map((i) => i + 1));
  });

  test("reads what the server says of itself", async () => {
    expect(await redis.info("server")).toMatch(/^redis_version:\d+\.\d+\.\d+\r$/m);
    expect(await redis.configGet("databases")).toEqual({ databases: "16" });
    expect(await redis.clientSetName("session")).toBe("OK");
    expect(await redis.clientGetName()).toBe("session");
    const info = await redis.clientInfo();
    expect(info).toMatchObject({ name: "session", db: 0, resp: version, user: "default" });
    const docs = await redis.commandInfo(["get"]);
    expect(docs[0]).toMatchObject({ name: "get", arity: 2, firstKeyIndex: 1, lastKeyIndex: 1 });
    expect(await redis.sendCommand(["OBJECT", "ENCODING", "none"])).toBeNull();
  });

  test("rejects what the server refuses", async () => {
    await redis.set("a", "text");
    await expect(redis.incr("a")).rejects.toThrow("ERR value is not an integer or out of range");
    await expect(redis.sendCommand(["NOSUCH"])).rejects.toThrow(/^ERR unknown command 'NOSUCH'/);
  });

  test("uses another database", async () => {
    await redis.set("a", "0");
    const other = createClient({ url: `${server.url}/5`, RESP: version });
    other.on("error", () => {});
    await other.connect();
    expect(await other.get("a")).toBeNull();
    await other.set("a", "5");
    expect(await redis.get("a")).toBe("0");
    await other.close();
  });
});
