// unstorage over its redis driver.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createStorage, type Storage } from "unstorage";
import redisDriver from "unstorage/drivers/redis";
import { startClientServer, type ClientServer } from "../support/client-server.ts";

let server: ClientServer;
let storage: Storage;

beforeAll(async () => {
  server = await startClientServer();
  storage = createStorage({ driver: redisDriver({ base: "app", url: server.url }) });
});

beforeEach(() => storage.clear());

afterAll(async () => {
  await storage.dispose();
  await server[Symbol.asyncDispose]();
});

describe("unstorage", () => {
  test("keeps items of any kind", async () => {
    await storage.setItem("text", "abc");
    await storage.setItem("object", { a: [1, null] });
    await storage.setItem("number", 0);
    expect(await storage.getItem("text")).toBe("abc");
    expect(await storage.getItem("object")).toEqual({ a: [1, null] });
    expect(await storage.getItem("number")).toBe(0);
    expect(await storage.getItem("none")).toBeNull();
    expect(await storage.hasItem("text")).toBe(true);
    expect(await storage.hasItem("none")).toBe(false);
  });

  test("keeps raw bytes", async () => {
    const bytes = Buffer.from([0, 1, 128, 255]);
    await storage.setItemRaw("raw", bytes);
    expect(Buffer.from((await storage.getItemRaw<Uint8Array>("raw")) ?? [])).toEqual(bytes);
  });

  test("reads many", async () => {
    await storage.setItems([
      { key: "a", value: "1" },
      { key: "b", value: "2" },
    ]);
    const items = await storage.getItems(["a", "b"]);
    expect(items.map(({ value }) => value as unknown)).toEqual([1, 2]);
  });

  test("lists what is below a prefix", async () => {
    for (let i = 0; i < 250; i++) await storage.setItem(`users:${i}`, i);
    await storage.setItem("other", 1);
    const keys = await storage.getKeys("users");
    expect(keys.toSorted()).toEqual(Array.from({ length: 250 }, (_, i) => `users:${i}`).toSorted());
    await storage.removeItem("other");
    expect(await storage.getKeys()).toHaveLength(250);
  });

  test("clears what is its own", async () => {
    const neighbour = createStorage({ driver: redisDriver({ base: "apple", url: server.url }) });
    await neighbour.setItem("a", "kept");
    for (let i = 0; i < 250; i++) await storage.setItem(`users:${i}`, i);
    await storage.clear();
    expect(await storage.getKeys()).toEqual([]);
    expect(await neighbour.getItem("a")).toBe("kept");
    await neighbour.dispose();
  });

  test("gives a time to live", async () => {
    await storage.setItem("short", "1", { ttl: 1000 });
    expect(await storage.getItem<number>("short")).toBe(1);
  });
});
