import { describe, expect, test } from "bun:test";
import { EXPIRY_HANDLERS } from "../../src/redis/expiry-commands.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const ZERO = ":0\r\n";
const ONE = ":1\r\n";
const NO_INTEGER = "-ERR value is not an integer or out of range\r\n";
const MANY = "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
const OPPOSED = "-ERR GT and LT options at the same time are not compatible\r\n";

/** Keys `lasting`, without a deadline, and `mortal`, which expires in 10 seconds. */
function createStand() {
  const fixture = createRedisFixture(EXPIRY_HANDLERS);
  const client = fixture.client();
  const { keys } = fixture;
  const nowMs = keys.nowMs;
  keys.set(0, Buffer.from("lasting"), Buffer.from("1"), NO_DEADLINE);
  keys.set(0, Buffer.from("mortal"), Buffer.from("2"), BigInt(nowMs + 10_000));
  return {
    fixture,
    client,
    keys,
    nowMs,
    /** Words apart by spaces. */
    run: (line: string) => fixture.run(client, ...line.split(" ")),
    deadlineOf: (key: string) => keys.find(0, Buffer.from(key))?.deadlineMs ?? null,
  };
}

describe("EXPIRE and its like", () => {
  test("count from now or from the epoch, in seconds or milliseconds", () => {
    const { nowMs, run, deadlineOf } = createStand();
    const seconds = Math.floor(nowMs / 1000) + 5;
    for (const [line, deadlineMs] of [
      ["expire lasting 5", nowMs + 5000],
      ["pexpire lasting 5", nowMs + 5],
      [`expireat lasting ${seconds}`, seconds * 1000],
      [`pexpireat lasting ${nowMs + 1}`, nowMs + 1],
    ] as const) {
      expect(run(line)).toBe(ONE);
      expect(deadlineOf("lasting")).toBe(BigInt(deadlineMs));
    }
  });

  test.each(["expire", "pexpire", "expireat", "pexpireat"])("%s wants a key", (name) => {
    expect(createStand().run(`${name} none 1`)).toBe(ZERO);
  });

  test("a time that has come removes the key", () => {
    for (const time of ["expire lasting 0", "expire lasting -1", "pexpireat lasting 1"]) {
      const { keys, run, client } = createStand();
      keys.watch(0, Buffer.from("lasting"), client);
      expect(run(time)).toBe(ONE);
      expect(keys.count(0)).toBe(1);
      expect(client.isDirty).toBe(true);
    }
    const { nowMs, run, deadlineOf } = createStand();
    expect(run(`pexpireat lasting ${nowMs}`)).toBe(ONE);
    expect(deadlineOf("lasting")).toBeNull();
  });

  test("a condition is looked at before the time has come", () => {
    const { run, deadlineOf } = createStand();
    expect(run("expire mortal -1 nx")).toBe(ZERO);
    expect(run("expire mortal -1 gt")).toBe(ZERO);
    expect(deadlineOf("mortal")).not.toBeNull();
    expect(run("expire mortal -1 lt")).toBe(ONE);
    expect(deadlineOf("mortal")).toBeNull();
  });

  // The mortal key has 10 seconds.
  test.each([
    ["nx", "lasting", "5", ONE],
    ["NX", "mortal", "5", ZERO],
    ["xx", "lasting", "5", ZERO],
    ["XX", "mortal", "5", ONE],
    ["gt", "lasting", "5", ZERO],
    ["gt", "mortal", "10", ZERO],
    ["GT", "mortal", "11", ONE],
    ["lt", "lasting", "5", ONE],
    ["lt", "mortal", "10", ZERO],
    ["LT", "mortal", "9", ONE],
    ["xx gt", "mortal", "11", ONE],
    ["xx lt", "lasting", "5", ZERO],
    ["nx nx", "lasting", "5", ONE],
  ])("%s with %s and %s seconds: %j", (conditions, key, seconds, reply) => {
    const { nowMs, run, deadlineOf } = createStand();
    const before = deadlineOf(key);
    expect(run(`expire ${key} ${seconds} ${conditions}`)).toBe(reply);
    const after = reply === ONE ? BigInt(nowMs + Number(seconds) * 1000) : before;
    expect(deadlineOf(key)).toBe(after);
  });

  test.each([
    ["expire lasting 1 bogus nx xx", "-ERR Unsupported option bogus\r\n"],
    ["expire none x bogus", "-ERR Unsupported option bogus\r\n"],
    ["expire lasting x nx xx", MANY],
    ["expire lasting 1 gt nx", MANY],
    ["expire lasting 1 lt nx", MANY],
    ["expire lasting 1 nx gt lt", MANY],
    ["expire lasting 1 gt lt xx", OPPOSED],
    ["expire none x", NO_INTEGER],
    ["expire none 1.5", NO_INTEGER],
    ["expire none 9223372036854775808", NO_INTEGER],
  ])("%s answers %j", (line, reply) => {
    const { run, deadlineOf } = createStand();
    expect(run(line)).toBe(reply);
    expect(deadlineOf("lasting")).toBe(NO_DEADLINE);
  });

  test("refuse what leaves 64 bits, by the name of the command", () => {
    const { nowMs, run, deadlineOf } = createStand();
    const max = 2n ** 63n - 1n;
    for (const [name, time] of [
      ["expire", "9223372036854775"],
      ["expire", "9223372036854776"],
      ["expire", "-9223372036854776"],
      ["pexpire", String(max)],
      ["pexpire", String(max - BigInt(nowMs) + 1n)],
      ["expireat", "9223372036854776"],
      ["expireat", "-9223372036854776"],
    ] as const) {
      expect(run(`${name} none ${time}`)).toBe(`-ERR invalid expire time in '${name}' command\r\n`);
    }
    expect(run(`pexpire lasting ${max - BigInt(nowMs)}`)).toBe(ONE);
    expect(deadlineOf("lasting")).toBe(max);
    expect(run(`pexpireat lasting ${max}`)).toBe(ONE);
    expect(run("expireat lasting 9223372036854775")).toBe(ONE);
    expect(deadlineOf("lasting")).toBe(9223372036854775000n);
    expect(run("expire lasting -9223372036854775")).toBe(ONE);
    expect(run(`pexpireat mortal ${-max - 1n}`)).toBe(ONE);
    expect(deadlineOf("mortal")).toBeNull();
  });

  test("say when memory is full", () => {
    const { keys, run } = createStand();
    keys.isFull = true;
    expect(run("expire lasting 5")).toBe(
      "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    );
    expect(run("expire lasting -5")).toBe(ONE);
  });
});

describe("TTL and its like", () => {
  test.each(["ttl", "pttl", "expiretime", "pexpiretime"])("%s knows both specials", (name) => {
    const { run } = createStand();
    expect(run(`${name} none`)).toBe(":-2\r\n");
    expect(run(`${name} lasting`)).toBe(":-1\r\n");
  });

  test("tell the rest or the end, in seconds to the nearest", () => {
    const { fixture, nowMs, run } = createStand();
    const endMs = nowMs + 10_000;
    expect(run("pttl mortal")).toBe(":10000\r\n");
    expect(run("pexpiretime mortal")).toBe(`:${endMs}\r\n`);
    expect(run("expiretime mortal")).toBe(`:${Math.floor((endMs + 500) / 1000)}\r\n`);
    for (const [passedMs, seconds] of [
      [0, 10],
      [500, 10],
      [501, 9],
      [9500, 1],
      [9501, 0],
      [9999, 0],
    ] as const) {
      fixture.pass(nowMs + passedMs - fixture.clock.now);
      expect(run("ttl mortal")).toBe(`:${seconds}\r\n`);
    }
    expect(run("pttl mortal")).toBe(ONE);
    fixture.pass(1);
    expect(run("pttl mortal")).toBe(":-2\r\n");
  });

  test("are exact beyond 2^53", () => {
    const { run } = createStand();
    run("pexpireat mortal 9223372036854775807");
    expect(run("pexpiretime mortal")).toBe(":9223372036854775807\r\n");
  });
});

describe("PERSIST", () => {
  test("takes the deadline away, once", () => {
    const { run, deadlineOf } = createStand();
    expect(run("persist mortal")).toBe(ONE);
    expect(deadlineOf("mortal")).toBe(NO_DEADLINE);
    for (const key of ["mortal", "lasting", "none"]) expect(run(`persist ${key}`)).toBe(ZERO);
  });
});

describe("TIME", () => {
  test("has seconds and microseconds", () => {
    const { fixture, run } = createStand();
    fixture.pass(1_700_000_000_042 - fixture.clock.now);
    expect(run("time")).toBe("*2\r\n$10\r\n1700000000\r\n$5\r\n42000\r\n");
    fixture.pass(958);
    expect(run("time")).toBe("*2\r\n$10\r\n1700000001\r\n$1\r\n0\r\n");
  });
});
