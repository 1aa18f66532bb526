import { describe, expect, test } from "bun:test";
import { DIAGNOSIS_HANDLERS } from "../../src/redis/diagnosis-commands.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const WRONG_COUNT = "-ERR count should be greater than or equal to -1\r\n";

function createStand(version: 2 | 3 = 2) {
  const fixture = createRedisFixture();
  const client = fixture.client();
  client.version = version;
  const run = (line: string) => fixture.run(client, ...line.split(" "));
  return { fixture, client, run };
}

describe("SLOWLOG", () => {
  // The replies of redis-server 7.0.15.
  test.each([
    ["SLOWLOG GET x", WRONG_COUNT],
    ["SLOWLOG GET -2", WRONG_COUNT],
    ["SLOWLOG GET -1", "*0\r\n"],
    ["SLOWLOG GET", "*0\r\n"],
    [
      "SLOWLOG GET 1 2",
      "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n",
    ],
    ["SLOWLOG LEN 1", "-ERR wrong number of arguments for 'slowlog|len' command\r\n"],
    ["SLOWLOG LEN", ":0\r\n"],
    ["SLOWLOG RESET", "+OK\r\n"],
  ])("answers %s", (line, reply) => {
    expect(createStand().run(line)).toBe(reply);
  });

  test("GET answers entries of six fields", () => {
    const { fixture, client, run } = createStand();
    client.name = "auth";
    const args = ["DEBUG", "SLEEP", "0.01"].map((word) => Buffer.from(word));
    fixture.server.slowLog.add(client, args, 10_092, 1_795_254_642_000);
    expect(run("SLOWLOG GET")).toBe(
      "*1\r\n*6\r\n:0\r\n:1795254642\r\n:10092\r\n" +
        "*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$4\r\n0.01\r\n" +
        "$15\r\n127.0.0.1:50001\r\n$4\r\nauth\r\n",
    );
    expect(run("SLOWLOG LEN")).toBe(":1\r\n");
    run("SLOWLOG RESET");
    expect(run("SLOWLOG LEN")).toBe(":0\r\n");
  });

  test.each([
    ["SLOWLOG GET", 10],
    ["SLOWLOG GET 3", 3],
    ["SLOWLOG GET 0", 0],
    ["SLOWLOG GET 9223372036854775807", 12],
    ["SLOWLOG GET -1", 12],
  ])("%s answers of twelve entries %d", (line, count) => {
    const { fixture, client, run } = createStand();
    for (let call = 0; call < 12; call++) fixture.server.slowLog.add(client, [], 1e6, 0);
    expect(run(line)).toStartWith(`*${count}\r\n`);
  });
});

describe("LATENCY", () => {
  test.each([
    ["LATENCY LATEST", "*0\r\n"],
    ["LATENCY LATEST x", "-ERR wrong number of arguments for 'latency|latest' command\r\n"],
    ["LATENCY RESET", ":0\r\n"],
    ["LATENCY RESET a b", ":0\r\n"],
    ["LATENCY HISTOGRAM nothing", "*0\r\n"],
  ])("answers %s", (line, reply) => {
    expect(createStand().run(line)).toBe(reply);
  });

  function recordAs(stand: ReturnType<typeof createStand>, name: string, ...micros: number[]) {
    const { commands, stats } = stand.fixture.server;
    for (const each of micros) stats.record(commands.findFull(name)!.index, each, false);
  }

  test("HISTOGRAM names the commands asked for, and a container's subcommands", () => {
    const stand = createStand();
    recordAs(stand, "set", 16);
    recordAs(stand, "config|set", 8, 9, 10, 15);
    recordAs(stand, "get", 5);
    expect(stand.run("LATENCY HISTOGRAM set nothing CONFIG")).toBe(
      "*4\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n:16\r\n:1\r\n" +
        "$10\r\nconfig|set\r\n*4\r\n$5\r\ncalls\r\n:4\r\n$14\r\nhistogram_usec\r\n" +
        "*4\r\n:8\r\n:1\r\n:16\r\n:4\r\n",
    );
    expect(stand.run("LATENCY HISTOGRAM config|set")).toStartWith("*2\r\n$10\r\nconfig|set\r\n*4");
  });

  test("HISTOGRAM answers maps in RESP3, of all commands without names", () => {
    const stand = createStand(3);
    recordAs(stand, "set", 8, 8, 8, 10);
    expect(stand.run("LATENCY HISTOGRAM")).toBe(
      "%1\r\n$3\r\nset\r\n%2\r\n$5\r\ncalls\r\n:4\r\n$14\r\nhistogram_usec\r\n" +
        "%2\r\n:8\r\n:3\r\n:16\r\n:4\r\n",
    );
  });
});

describe("MEMORY", () => {
  const SYNTAX = "-ERR syntax error\r\n";

  test.each([
    ["MEMORY USAGE nokey", "$-1\r\n"],
    ["MEMORY USAGE foo SAMPLES", SYNTAX],
    ["MEMORY USAGE foo SAMPLES x", "-ERR value is not an integer or out of range\r\n"],
    ["MEMORY USAGE foo SAMPLES -1", SYNTAX],
    ["MEMORY USAGE foo BAR 5", SYNTAX],
    ["MEMORY USAGE", "-ERR wrong number of arguments for 'memory|usage' command\r\n"],
  ])("answers %s", (line, reply) => {
    const { fixture, run } = createStand();
    fixture.keys.set(0, Buffer.from("foo"), Buffer.from("bar"), NO_DEADLINE);
    expect(run(line)).toBe(reply);
  });

  test.each([
    "MEMORY USAGE foo",
    "memory usage foo samples 0",
    "MEMORY USAGE foo SAMPLES 5 SAMPLES 6",
  ])("answers %s with what the keyspace says", (line) => {
    const { fixture, client, run } = createStand();
    client.database = 3;
    fixture.keys.set(3, Buffer.from("foo"), Buffer.from("bar"), NO_DEADLINE);
    const bytes = fixture.keys.memoryBytes(3, Buffer.from("foo"));
    expect(bytes).toBeGreaterThan(6);
    expect(run(line)).toBe(`:${bytes}\r\n`);
  });
});

describe("HELP", () => {
  const HELPS = Object.keys(DIAGNOSIS_HANDLERS).filter((name) => name.endsWith("|help"));

  test.each(HELPS)("of %s names every subcommand", (fullName) => {
    const command = fullName.replace("|help", "");
    const help = createStand().run(`${command} help`);
    for (const name of Object.keys(DIAGNOSIS_HANDLERS)) {
      if (!name.startsWith(`${command}|`)) continue;
      expect(help).toContain(`\r\n+${name.slice(command.length + 1).toUpperCase()}`);
    }
  });
});
