// redis-benchmark: that it runs to its end and measures every test that a string server has. What
// it measures is no matter here.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { startClientServer, type ClientServer } from "../support/client-server.ts";
import { describeProgram, runProgram } from "../support/debian-program.ts";
import { RespClient } from "../support/resp-client.ts";

const TESTS = "ping_inline,ping_mbulk,set,get,incr,mset";
const NAMES = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"];

describeProgram("redis-benchmark", "redis-tools", (path) => {
  let server: ClientServer;

  beforeAll(async () => {
    server = await startClientServer();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  async function benchmark(...args: string[]): Promise<string> {
    const all = ["-p", `${server.port}`, "-n", "2000", ...args];
    const ran = await runProgram(path, all);
    expect(ran.stderr).toBe("");
    expect(ran.exitCode).toBe(0);
    return ran.stdout;
  }

  test.each([
    [[]],
    [["-P", "16"]],
    [["-3", "-c", "10"]],
    [["-r", "100", "-d", "1000", "--threads", "2"]],
  ])("runs with %j", async (args) => {
    const report = await benchmark("-t", TESTS, "-q", ...args);
    for (const name of NAMES) {
      expect(report).toInclude(`${name}: `);
    }
    expect(report.match(/requests per second/g)).toHaveLength(NAMES.length);
  });

  test("has really done what it says", async () => {
    using client = await RespClient.connect(server.port);
    await client.ask("FLUSHALL");
    await benchmark("-t", "incr", "-q");
    expect(await client.ask("GET", "counter:__rand_int__")).toBe("$4\r\n2000\r\n");
    await benchmark("-q", "append", "a", "xy");
    expect(await client.ask("STRLEN", "a")).toBe(":4000\r\n");
  });

  test("writes its table", async () => {
    const table = await benchmark("-t", TESTS, "--csv");
    const names = table
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split('"')[1]!);
    expect(names).toEqual(NAMES);
  });
});
