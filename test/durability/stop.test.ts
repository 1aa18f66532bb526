// An end that is asked for, under load: exit code 0, and everything that was answered is there,
// whatever the policy; everything that was asked for and not answered, too, or not at all.

import { describe, expect, test } from "bun:test";
import { CrashLoad } from "../support/crash-load.ts";
import { DataFolder, connectTo } from "../support/data-folder.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { SERVER_ENDS } from "../support/server-ends.ts";

const OPERATION_COUNT = 400;
const PARTITION_COUNT = 2;
const LONG_VALUE_COUNT = 40;
const ARGS = [`--wal-shards=${PARTITION_COUNT}`, "--wal-file-size=1mb", "--wal-buffer=1mb"];

describe.each([...ENGINES.keys()])("a server over %s that is asked to end under load", (engine) => {
  test.each([
    ["always", "SIGTERM"],
    ["everysec", "SHUTDOWN"],
    ["none", "SIGTERM"],
    ["none", "SIGINT"],
  ])("loses nothing (%s, %s)", async (policy, cause) => {
    using load = new CrashLoad(OPERATION_COUNT, PARTITION_COUNT);
    // Nothing is written before the end that need not be.
    const lazy = policy === "always" ? [] : ["--wal-flush-interval=10000", "--wal-batch=65536"];
    const args = [...ARGS, ...lazy, `--io=${engine}`, `--durability=${policy}`];
    await using server = load.folder.start(args);
    const running = load.run(server);
    await load.acknowledged(OPERATION_COUNT);
    await SERVER_ENDS[cause]!(server);
    const { exitCode, stderr } = await server.ended();
    await running;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).not.toContain(" error ");
    expect(load.errors).toEqual([]);
    await using again = load.folder.start(args);
    expect(await load.check(again)).toBe("");
    again.signal("SIGKILL");
  });
});

describe("a server that is asked to end", () => {
  test("takes as long as its data does", async () => {
    using folder = new DataFolder();
    const args = ["--durability=none", "--wal-flush-interval=10000", "--wal-buffer=256mb"];
    await using server = folder.start([...args, "--max-memory=512mb"]);
    using client = await connectTo(server);
    const value = "v".repeat(1_000_000);
    for (let i = 0; i < LONG_VALUE_COUNT; i++) client.send(encodeCommand(["SET", `${i}`, value]));
    for (let i = 0; i < LONG_VALUE_COUNT; i++)
      expect((await client.reply())?.toString()).toBe("+OK\r\n");
    server.signal("SIGTERM");
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
    await using again = folder.start([...args, "--max-memory=512mb"]);
    using reader = await connectTo(again);
    expect(await reader.ask("DBSIZE")).toBe(`:${LONG_VALUE_COUNT}\r\n`);
    expect(await reader.ask("STRLEN", `${LONG_VALUE_COUNT - 1}`)).toBe(":1000000\r\n");
    again.signal("SIGKILL");
  });

  test("does without its data when it is told so", async () => {
    using folder = new DataFolder();
    await using server = folder.start(["--durability=none", "--wal-flush-interval=10000"]);
    using client = await connectTo(server);
    expect(await client.ask("SET", "k", "v")).toBe("+OK\r\n");
    client.send(encodeCommand(["SHUTDOWN", "NOSAVE"]));
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  });
});
