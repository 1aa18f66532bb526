import { describe, expect, test } from "bun:test";
import {
  digitCountOf,
  divideTest,
  dividePreload,
  isMultiKey,
  keyCountOf,
  keyPrefixOf,
  shareOf,
} from "../../fkvs-benchmark/thread-plan.ts";
import { makeTestPlan, SETTINGS } from "../support/benchmark-fixture.ts";

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("shareOf", () => {
  test("gives the rest to the first", () => {
    expect([0, 1, 2].map((index) => shareOf(11, 3, index))).toEqual([4, 4, 3]);
  });

  test("divides nothing and infinity", () => {
    expect([shareOf(0, 2, 0), shareOf(Infinity, 2, 1)]).toEqual([0, Infinity]);
  });
});

describe("divideTest", () => {
  test("gives requests and rate in proportion to the clients", () => {
    const plans = divideTest(
      makeTestPlan({ clientCount: 4, threadCount: 3, requestCount: 10, ratePerSecond: 1000 }),
    );
    expect(plans.map((plan) => plan.connectionCount)).toEqual([2, 1, 1]);
    expect(plans.map((plan) => plan.firstConnection)).toEqual([0, 2, 3]);
    expect(plans.map((plan) => plan.requestCount)).toEqual([6, 2, 2]);
    expect(plans.map((plan) => plan.ratePerSecond)).toEqual([500, 250, 250]);
    expect(plans.every((plan) => plan.connectionTotal === 4)).toBe(true);
  });

  test.each([
    [1, 1, 1],
    [32, 32, 32],
    [33, 7, 100_001],
    [10, 3, 10],
    [11, 4, 1_234_567],
    [30_000, 256, 30_001],
  ])("loses nothing of %i clients in %i threads with %i requests", (clients, threads, requests) => {
    const plans = divideTest(
      makeTestPlan({ clientCount: clients, threadCount: threads, requestCount: requests }),
    );
    expect(plans).toHaveLength(threads);
    expect(sum(plans.map((plan) => plan.connectionCount))).toBe(clients);
    expect(sum(plans.map((plan) => plan.requestCount))).toBe(requests);
    expect(Math.min(...plans.map((plan) => plan.requestCount))).toBeGreaterThan(0);
  });

  test("leaves a test without end without end", () => {
    const plans = divideTest(
      makeTestPlan({ threadCount: 2, requestCount: Infinity, durationMs: 3000 }),
    );
    expect(plans.map((plan) => plan.requestCount)).toEqual([Infinity, Infinity]);
    expect(plans.map((plan) => plan.durationMs)).toEqual([3000, 3000]);
  });

  test("gives every thread its own random numbers, from one seed", () => {
    const seeds = divideTest(makeTestPlan({ threadCount: 32 })).map((plan) => plan.seed);
    expect(seeds[0]).toBe(7);
    expect(new Set(seeds).size).toBe(32);
    expect(seeds.every((seed) => seed >= 0 && seed <= 0xffffffff)).toBe(true);
  });

  test("interleaves the keys of -r", () => {
    const plans = divideTest(makeTestPlan({ threadCount: 2, keys: { kind: "unique" } }));
    expect(plans.map((plan) => plan.keys)).toEqual([
      { kind: "sequence", begin: 0, step: 2 },
      { kind: "sequence", begin: 1, step: 2 },
    ]);
  });

  test("gives every thread the whole keyspace", () => {
    const distribution = { kind: "zipf", theta: 0.5 } as const;
    const keys = { kind: "keyspace", keyspace: 9, distribution } as const;
    const plans = divideTest(makeTestPlan({ threadCount: 2, keys }));
    const expected = { kind: "random", keyspace: 9, distribution } as const;
    expect(plans.map((plan) => plan.keys)).toEqual([expected, expected]);
  });
});

describe("dividePreload", () => {
  test("covers every key once, whatever the test is", () => {
    const plan = makeTestPlan({
      test: "get",
      clientCount: 3,
      threadCount: 2,
      ratePerSecond: 100,
      warmupMs: 1000,
    });
    const plans = dividePreload(plan, 10, 8);
    expect(plans.map((part) => part.requestCount)).toEqual([7, 3]);
    expect(plans.map((part) => part.keys)).toEqual([
      { kind: "sequence", begin: 0, step: 1 },
      { kind: "sequence", begin: 7, step: 1 },
    ]);
    for (const part of plans) {
      expect(part).toMatchObject({ test: "set", pipeline: 8, ratePerSecond: 0, warmupMs: 0 });
    }
  });

  test("leaves threads without work when the keys are few", () => {
    const plans = dividePreload(makeTestPlan({ clientCount: 4, threadCount: 4 }), 2, 1);
    expect(plans.map((part) => part.requestCount)).toEqual([1, 1, 0, 0]);
  });
});

describe("keyPrefixOf", () => {
  test("tells the run of unique keys", () => {
    expect(keyPrefixOf({ ...SETTINGS, keys: { kind: "unique" }, seed: 0xab }, "set")).toBe(
      "000000ab",
    );
  });

  test("keeps counters apart from values", () => {
    expect(keyPrefixOf(SETTINGS, "set")).toBe("key:");
    expect(keyPrefixOf(SETTINGS, "incr")).toBe("counter:");
    expect(keyPrefixOf({ ...SETTINGS, keys: { kind: "unique" } }, "incr")).toBe("counter:00000007");
  });
});

describe("digitCountOf", () => {
  test("has room for the greatest number", () => {
    const keyspace = (count: number) =>
      digitCountOf(
        {
          ...SETTINGS,
          keys: { kind: "keyspace", keyspace: count, distribution: { kind: "uniform" } },
        },
        "get",
      );
    expect([keyspace(1), keyspace(10), keyspace(11), keyspace(1e9)]).toEqual([1, 1, 2, 9]);
    expect(digitCountOf(SETTINGS, "get")).toBe(1);
    expect(digitCountOf({ ...SETTINGS, isVerified: true, clientCount: 101 }, "get")).toBe(3);
    const unique = { ...SETTINGS, keys: { kind: "unique" }, keysPerRequest: 1000 } as const;
    expect([digitCountOf(unique, "get"), digitCountOf(unique, "mset")]).toEqual([10, 13]);
  });
});

describe("keyCountOf", () => {
  test("is more than one where a request has several", () => {
    expect([isMultiKey("get"), isMultiKey("mget"), isMultiKey("mset")]).toEqual([
      false,
      true,
      true,
    ]);
    const settings = { ...SETTINGS, keysPerRequest: 500 };
    expect([keyCountOf(settings, "get"), keyCountOf(settings, "mget")]).toEqual([1, 500]);
    const keysOf = (plans: ReturnType<typeof divideTest>) => plans.map((p) => p.keysPerRequest);
    const plan = makeTestPlan({ test: "mget", keysPerRequest: 500 });
    expect(keysOf(divideTest(plan))).toEqual([500]);
    expect(keysOf(dividePreload(plan, 10, 1))).toEqual([1]);
  });
});
