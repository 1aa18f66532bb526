// The comparison of servers, tried on servers that differ: it must see what differs, and show it
// in few steps.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { describeProgram } from "../support/debian-program.ts";
import { reportDifference } from "../support/difference-report.ts";
import { ForgingProxy, type Forgery } from "../support/forging-proxy.ts";
import { RealRedis } from "../support/real-redis.ts";
import { commandOf, type Step } from "../support/redis-request.ts";
import { RedisStream } from "../support/redis-stream.ts";
import { areAlike } from "../support/reply-likeness.ts";
import { shrinkStream } from "../support/shrink-stream.ts";
import { TwinServers } from "../support/twin-servers.ts";

setDefaultTimeout(60_000);

describeProgram("redis-server", "redis-server", () => {
  let redis: RealRedis;

  beforeAll(async () => {
    redis = await RealRedis.start();
  });

  afterAll(() => redis[Symbol.asyncDispose]());

  /** The report of the first seed that tells the server from its forged double. */
  async function findForgery(forgery: Forgery): Promise<string> {
    await using double = await RealRedis.start();
    using proxy = new ForgingProxy(double.port, forgery);
    const twins = new TwinServers(proxy.port, redis.port, 2, () => false);
    for (let seed = 1; seed <= 20; seed++) {
      const steps = new RedisStream(seed).take(300);
      const difference = await twins.compare(steps);
      if (difference === null) continue;
      return await reportDifference(twins, steps, difference, `seed ${seed}`);
    }
    return "no difference";
  }

  test("and one like it have no difference", async () => {
    expect(await findForgery({})).toBe("no difference");
  });

  test.each<[string, Forgery, RegExp]>([
    [
      "words its error otherwise",
      { reply: (text) => text.replaceAll("offset is out of range", "offset is out of bounds") },
      /ours {4}"-ERR offset is out of bounds\\r\\n"\n {2}redis's "-ERR offset is out of range/,
    ],
    [
      "adds where it should subtract",
      { request: (text) => text.replaceAll("DECRBY", "INCRBY") },
      /DECRBY/i,
    ],
    [
      "loses a write",
      { request: (text) => text.replaceAll("$6\r\nAPPEND", "$5\r\nPFADD") },
      /APPEND/i,
    ],
    [
      "sets deadlines a day late",
      { request: (text) => text.replaceAll("4102444800", "4102531200") },
      /4102444800/,
    ],
    [
      "misses that a watched key was changed",
      { request: (text) => text.replaceAll(/\$5\r\nWATCH\r\n/g, "$6\r\nEXISTS\r\n") },
      /WATCH/i,
    ],
  ])("is told apart from one that %s", async (_what, forgery, shown) => {
    const report = await findForgery(forgery);
    expect(report).toMatch(shown);
    expect(report.split("\n").length).toBeLessThan(14);
  });

  test("is told apart by its data when no reply shows it", async () => {
    const steps: Step[] = [["SET", "a", "1"], ["FLUSHALL"]].map((args) => ({
      connection: 0,
      requests: [commandOf(args)],
      mode: "free",
      joinsPrevious: false,
      cutSeed: 0,
    }));
    await using double = await RealRedis.start();
    let flushCount = 0;
    // The first is the harness's own.
    const request = (text: string) =>
      text.replace(/\$8\r\nFLUSHALL/, (found) => (flushCount++ === 0 ? found : "$7\r\nFLUSHDX"));
    const reply = (text: string) => text.replace(/-ERR unknown command 'FLUSHDX'.*/, "+OK");
    using proxy = new ForgingProxy(double.port, { request, reply });
    const twins = new TwinServers(proxy.port, redis.port, 2, () => false);
    const difference = await twins.compare(steps);
    expect(difference?.request.args).toEqual(["DEBUG", "DIGEST"]);
  });
});

describe("shrinkStream", () => {
  test("leaves what it takes to fail, in order", async () => {
    const fails = (steps: readonly number[]) =>
      Promise.resolve(steps.indexOf(17) !== -1 && steps.indexOf(80) > steps.indexOf(17));
    const steps = Array.from({ length: 100 }, (_, i) => i);
    expect(await shrinkStream(steps, fails, 1000)).toEqual([17, 80]);
  });

  test("gives up after so many tries", async () => {
    let tries = 0;
    const fails = () => Promise.resolve(++tries < 0);
    await shrinkStream(
      Array.from({ length: 100 }, (_, i) => i),
      fails,
      10,
    );
    expect(tries).toBe(10);
  });
});

describe("areAlike", () => {
  const bytes = (text: string) => Buffer.from(text);

  test.each([
    ["equal", ":1\r\n", ":1\r\n", true],
    ["equal", ":1\r\n", ":2\r\n", false],
    ["sorted", "*2\r\n+a\r\n+b\r\n", "*2\r\n+b\r\n+a\r\n", true],
    ["sorted", "*2\r\n+a\r\n+a\r\n", "*2\r\n+b\r\n+a\r\n", false],
    ["near-seconds", ":100\r\n", ":99\r\n", true],
    ["near-seconds", ":100\r\n", ":98\r\n", false],
    ["near-seconds", ":-1\r\n", ":-2\r\n", false],
    ["near-ms", ":5000000\r\n", ":5001000\r\n", true],
    ["near-ms", ":5000000\r\n", ":5001001\r\n", false],
    ["near-seconds", ":4102444801\r\n", ":4102444800\r\n", false],
    ["integer", ":1\r\n", ":2\r\n", true],
    ["integer", ":1\r\n", "-ERR\r\n", false],
    ["page", "*2\r\n$1\r\n0\r\n*0\r\n", "*2\r\n$1\r\n7\r\n*1\r\n+a\r\n", true],
    ["page", "*2\r\n$1\r\n0\r\n*0\r\n", "-ERR syntax error\r\n", false],
    ["hello", hello("7.0.15", 5), hello("7.2.0", 6), true],
    ["hello", hello("7.0.15", 5), hello("7.0.15", 5).replace("proto", "prata"), false],
  ] as const)("%s: %j and %j", (likeness, left, right, isAlike) => {
    expect(areAlike(likeness, bytes(left), bytes(right))).toBe(isAlike);
  });
});

function hello(version: string, id: number): string {
  const head = `%3\r\n$7\r\nversion\r\n$${version.length}\r\n${version}\r\n`;
  return `${head}$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:${id}\r\n`;
}
