// keyv over @keyv/redis, by the test suite that keyv has for stores. The suite is written for
// vitest and takes its runner as an argument: here bun:test, dressed as far as the suite looks.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import KeyvRedis from "@keyv/redis";
import { delay, keyvApiTests, keyvIteratorTests, keyvNamespaceTest } from "@keyv/test-suite";
import { keyvValueTests } from "@keyv/test-suite";
import { Keyv } from "keyv";
import { startClientServer, type ClientServer } from "../support/client-server.ts";

/** vitest hands a test what it may use. */
type SuiteTest = (context: { expect: typeof expect }) => unknown;

const runner = {
  beforeEach,
  afterEach,
  it: (name: string, body: SuiteTest) => test(name, async () => void (await body({ expect }))),
};
type Suite = typeof keyvApiTests;
type SuiteRunner = Parameters<Suite>[0];

let server: ClientServer;
const stores: KeyvRedis<unknown>[] = [];

beforeAll(async () => {
  server = await startClientServer();
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.disconnect();
});

afterAll(() => server[Symbol.asyncDispose]());

function makeStore(): KeyvRedis<unknown> {
  const store = new KeyvRedis<unknown>(server.url);
  stores.push(store);
  return store;
}

describe("keyv's suite for stores", () => {
  const suites: readonly (readonly [string, Suite])[] = [
    ["the interface", keyvApiTests],
    ["values", keyvValueTests],
    ["namespaces", keyvNamespaceTest],
    ["the iterator", keyvIteratorTests],
  ];
  for (const [name, suite] of suites) {
    describe(name, () => {
      const run = suite as (runner: SuiteRunner, keyv: typeof Keyv, store: () => unknown) => void;
      run(runner as unknown as SuiteRunner, Keyv, makeStore);
    });
  }
});

describe("keyv", () => {
  test("lets a value go when its time is over", async () => {
    const keyv = new Keyv({ store: makeStore() });
    await keyv.set("short", "1", 20);
    await keyv.set("long", "2", 100_000);
    while ((await keyv.get("short")) !== undefined) await delay(5);
    expect(await keyv.get("long")).toBe("2");
  });

  test("clears a namespace of thousands and leaves the others", async () => {
    const first = new Keyv({ store: makeStore(), namespace: "first" });
    const second = new Keyv({ store: makeStore(), namespace: "second" });
    const entries = Array.from({ length: 3000 }, (_, i) => ({ key: `k${i}`, value: i }));
    await first.setMany(entries);
    await second.set("k0", "kept");
    expect(await first.get("k2999")).toBe(2999);
    await first.clear();
    expect(await first.getMany(["k0", "k1", "k2999"])).toEqual([undefined, undefined, undefined]);
    expect(await second.get("k0")).toBe("kept");
  });
});
