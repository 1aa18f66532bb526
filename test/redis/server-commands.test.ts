import { describe, expect, test } from "bun:test";
import { createRedisFixture } from "../support/redis-fixture.ts";
import { TestSnapshots } from "../support/test-snapshots.ts";

function createStand(version: 2 | 3 = 2, snapshots: TestSnapshots | null = null) {
  let stopCount = 0;
  const shutdown = () => void stopCount++;
  const info = (sections: readonly string[]) => `# ${sections.join(" ")}\r\n`;
  const fixture = createRedisFixture(null, { server: { shutdown, info, snapshots } });
  const client = fixture.client();
  client.version = version;
  const run = (line: string) => fixture.run(client, ...line.split(" "));
  return { fixture, client, run, stops: () => stopCount };
}

describe("INFO", () => {
  test("asks for sections in lower case", () => {
    expect(createStand().run("INFO Server STATS")).toBe("$16\r\n# server stats\r\n\r\n");
    expect(createStand().run("INFO")).toBe("$4\r\n# \r\n\r\n");
  });

  test("is a verbatim text in RESP3", () => {
    expect(createStand(3).run("INFO cpu")).toBe("=11\r\ntxt:# cpu\r\n\r\n");
  });
});

describe("SHUTDOWN", () => {
  const SYNTAX = "-ERR syntax error\r\n";

  // The replies of redis-server 7.0.15.
  test.each([
    ["SHUTDOWN FOO", SYNTAX],
    ["SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"],
    ["SHUTDOWN ABORT NOW", SYNTAX],
    ["SHUTDOWN SAVE NOSAVE", SYNTAX],
    ["SHUTDOWN SAVE SAVE NOSAVE", SYNTAX],
    ["SHUTDOWN SAVE NOW FORCE ABORT", SYNTAX],
  ])("%s goes on serving", (line, reply) => {
    const { client, run, stops } = createStand();
    expect(run(line)).toBe(reply);
    expect([stops(), client.isClosing]).toEqual([0, false]);
  });

  test("SAVE does not pretend that anything is saved", () => {
    const { run, stops } = createStand();
    expect(run("SHUTDOWN SAVE")).toBe(
      "-ERR Errors trying to SHUTDOWN. Nothing can be saved here, use NOSAVE.\r\n",
    );
    expect(stops()).toBe(0);
  });

  test("SAVE is as good as NOSAVE where everything is in the log", () => {
    const { client, fixture, run, stops } = createStand(2, new TestSnapshots());
    expect(run("SHUTDOWN SAVE")).toBe("");
    expect([stops(), fixture.closed]).toEqual([1, [client.id]]);
  });

  test.each([
    "SHUTDOWN",
    "shutdown nosave",
    "SHUTDOWN NOSAVE NOW FORCE",
    "SHUTDOWN SAVE FORCE",
    "SHUTDOWN NOW NOW",
  ])("%s stops the server, closes and does not answer", (line) => {
    const { client, fixture, run, stops } = createStand();
    expect(run(line)).toBe("");
    expect([stops(), fixture.closed]).toEqual([1, [client.id]]);
  });
});

describe("what is left of scripts", () => {
  const NO_FUNCTION_MODE = "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n";
  const NO_SCRIPT_MODE = "-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n";

  test.each([
    ["FUNCTION FLUSH", "+OK\r\n"],
    ["FUNCTION FLUSH ASYNC", "+OK\r\n"],
    ["FUNCTION FLUSH sync", "+OK\r\n"],
    ["FUNCTION FLUSH foo", NO_FUNCTION_MODE],
    [
      "FUNCTION FLUSH async sync",
      "-ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.\r\n",
    ],
    ["SCRIPT FLUSH", "+OK\r\n"],
    ["SCRIPT FLUSH ASYNC", "+OK\r\n"],
    ["SCRIPT FLUSH foo", NO_SCRIPT_MODE],
    ["SCRIPT FLUSH async sync", NO_SCRIPT_MODE],
  ])("answers %s", (line, reply) => {
    expect(createStand().run(line)).toBe(reply);
  });
});
