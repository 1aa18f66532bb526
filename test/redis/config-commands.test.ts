import { describe, expect, test } from "bun:test";
import { SlowLog } from "../../src/redis/slow-log.ts";
import { createSettings } from "../../src/redis/setting-table.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";
import { createSettingSource } from "../support/setting-source.ts";

function createStand(version: 2 | 3 = 2) {
  const slowLog = new SlowLog();
  const settings = createSettings(createSettingSource({ slowLog }));
  let resetCount = 0;
  const resetStatistics = () => void resetCount++;
  const fixture = createRedisFixture(null, { server: { settings, resetStatistics } });
  const client = fixture.client();
  client.version = version;
  const run = (line: string) => fixture.run(client, ...line.split(" "));
  return { slowLog, fixture, run, resets: () => resetCount };
}

describe("CONFIG", () => {
  // The replies of redis-server 7.0.15.
  test.each([
    ["CONFIG GET SAVE", "*2\r\n$4\r\nSAVE\r\n$0\r\n\r\n"],
    ["CONFIG GET Save sAVe save", "*2\r\n$4\r\nSave\r\n$0\r\n\r\n"],
    ["CONFIG GET nothing", "*0\r\n"],
    ["CONFIG GET require*", "*2\r\n$11\r\nrequirepass\r\n$0\r\n\r\n"],
    [
      "CONFIG GET slowlog*",
      "*4\r\n$23\r\nslowlog-log-slower-than\r\n$5\r\n10000\r\n" +
        "$15\r\nslowlog-max-len\r\n$3\r\n128\r\n",
    ],
    ["CONFIG GET appendonly", "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n"],
    [
      "CONFIG SET nothing 1",
      "-ERR Unknown option or number of arguments for CONFIG SET - 'nothing'\r\n",
    ],
    ["CONFIG SET timeout", "-ERR wrong number of arguments for 'config|set' command\r\n"],
    ["CONFIG SET timeout 1 hz", "-ERR syntax error\r\n"],
    [
      "CONFIG SET timeout 1 timeout 2",
      "-ERR CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter\r\n",
    ],
    [
      "CONFIG SET SLOWLOG-MAX-LEN 5 slowlog-log-slower-than x",
      "-ERR CONFIG SET failed (possibly related to argument 'slowlog-log-slower-than') - " +
        "argument couldn't be parsed into an integer\r\n",
    ],
    [
      "CONFIG SET databases 3",
      "-ERR CONFIG SET failed (possibly related to argument 'databases') - " +
        "can't set immutable config\r\n",
    ],
    ["CONFIG SET latency-tracking YES", "+OK\r\n"],
    ["CONFIG RESETSTAT x", "-ERR wrong number of arguments for 'config|resetstat' command\r\n"],
    ["CONFIG RESETSTAT", "+OK\r\n"],
    ["CONFIG", "-ERR wrong number of arguments for 'config' command\r\n"],
    ["CONFIG NOPE", "-ERR unknown subcommand 'NOPE'. Try CONFIG HELP.\r\n"],
  ])("answers %s", (line, reply) => {
    expect(createStand().run(line)).toBe(reply);
  });

  test("GET answers a map in RESP3", () => {
    expect(createStand(3).run("CONFIG GET save")).toBe("%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
  });

  test("SET changes all or nothing", () => {
    const { run, slowLog } = createStand();
    expect(run("CONFIG SET slowlog-max-len 5 slowlog-log-slower-than x")).toStartWith("-ERR");
    expect(slowLog.lengthMax).toBe(128);
    expect(run("CONFIG SET slowlog-max-len 5 slowlog-log-slower-than 6")).toBe("+OK\r\n");
    expect([slowLog.lengthMax, slowLog.thresholdMicroseconds]).toEqual([5, 6]);
  });

  test("RESETSTAT resets the server's statistics, not the slow log", () => {
    const { fixture, run, slowLog, resets } = createStand();
    slowLog.add(fixture.clients[0]!, [Buffer.from("PING")], 1e6, 0);
    run("CONFIG RESETSTAT");
    expect([resets(), slowLog.length]).toEqual([1, 1]);
  });

  test("HELP tells what there is", () => {
    const help = createStand().run("CONFIG HELP");
    expect(help).toStartWith("*9\r\n+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcomm");
    expect(help).not.toContain("REWRITE");
  });
});
