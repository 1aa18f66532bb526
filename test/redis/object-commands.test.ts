import { describe, expect, test } from "bun:test";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { OBJECT_HANDLERS } from "../../src/redis/object-commands.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

function createStand(value?: string) {
  const fixture = createRedisFixture(OBJECT_HANDLERS);
  const client = fixture.client();
  if (value !== undefined) {
    fixture.keys.set(0, Buffer.from("key"), Buffer.from(value), NO_DEADLINE);
  }
  return { client, run: (...args: string[]) => fixture.run(client, "object", ...args) };
}

describe("OBJECT", () => {
  test.each([
    ["0", "int"],
    ["-1", "int"],
    ["9223372036854775807", "int"],
    ["-9223372036854775808", "int"],
    ["9223372036854775808", "embstr"],
    ["00", "embstr"],
    ["-0", "embstr"],
    ["+1", "embstr"],
    [" 1", "embstr"],
    ["1.5", "embstr"],
    ["", "embstr"],
    ["x".repeat(44), "embstr"],
    ["x".repeat(45), "raw"],
    ["1".repeat(45), "raw"],
  ])("ENCODING of %j is %s", (value, encoding) => {
    const { run } = createStand(value);
    expect(run("ENCODING", "key")).toBe(`$${encoding.length}\r\n${encoding}\r\n`);
  });

  test.each([
    ["0", 2147483647],
    ["9999", 2147483647],
    ["10000", 1],
    ["-1", 1],
    ["07", 1],
    ["x", 1],
    ["", 1],
  ])("REFCOUNT of %j is %d", (value, count) => {
    expect(createStand(value).run("refcount", "key")).toBe(`:${count}\r\n`);
  });

  test("IDLETIME is none, and FREQ is not kept", () => {
    const { run } = createStand("x");
    expect(run("idletime", "key")).toBe(":0\r\n");
    expect(run("freq", "key")).toBe(
      "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. " +
        "Please note that when switching between policies at runtime " +
        "LRU and LFU data will take some time to adjust.\r\n",
    );
  });

  test.each(["encoding", "refcount", "idletime", "freq"])("%s of no key is nil", (subcommand) => {
    const { client, run } = createStand();
    expect(run(subcommand, "key")).toBe("$-1\r\n");
    client.version = 3;
    expect(run(subcommand, "key")).toBe("_\r\n");
  });

  test("looks into the client's database", () => {
    const { client, run } = createStand("x");
    client.database = 1;
    expect(run("encoding", "key")).toBe("$-1\r\n");
  });

  test("HELP is an array of lines", () => {
    const reply = createStand().run("help");
    expect(reply).toStartWith(
      "*15\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n" +
        "+ENCODING <key>\r\n",
    );
    expect(reply).toEndWith("\r\n+HELP\r\n+    Prints this help.\r\n");
    expect(reply.split("\r\n+")).toHaveLength(16);
  });
});
