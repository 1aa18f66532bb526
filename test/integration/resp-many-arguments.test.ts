// Commands of very many arguments, pipelines of very many commands, and replies that are longer
// than every window, to clients that read and to those that do not.

import { expect, setDefaultTimeout, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { ByteClient } from "../support/byte-client.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { NIL, OK, array, bulk, integer } from "../support/resp-model.ts";
import { elementsOf, splitReplies } from "../support/resp-reader.ts";
import type { TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

setDefaultTimeout(30_000);

const KIB = 1024;
const MIB = 1024 * KIB;
const MANY = 100_000;
const PLENTY = { maxMemoryBytes: 256 * MIB };
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

/** Until the server executes nothing more for the first connection. */
async function untilBlocked(server: TestServer): Promise<void> {
  await waitUntil(
    () => server.thread.connections.is(0, CONNECTION.BLOCKED),
    () => "the connection to be blocked",
  );
}

describeEngines("a command of a hundred thousand arguments", (startServer) => {
  test("is executed as a whole", async () => {
    await using server = await startServer(PLENTY);
    using client = await ByteClient.connect(server.port);
    const keys = keysOf(MANY);
    const commands = [
      ["MSET", ...keys.flatMap((key) => [key, key])],
      ["EXISTS", ...keys, "none", "0"],
      ["MGET", ...keys, "none"],
      ["DEL", ...keys, "none", "0"],
      ["DBSIZE"],
    ];
    client.send(...commands.map(encodeCommand));
    await client.expect(OK, integer(MANY + 1), array([...keys.map(bulk), NIL]), integer(MANY));
    await client.expect(integer(0));
    expect(server.thread.front.budget.usedBytes).toBe(0);
  });

  test("is one command of a transaction, too", async () => {
    await using server = await startServer(PLENTY);
    using client = await ByteClient.connect(server.port);
    const keys = keysOf(20_000);
    client.command("MULTI");
    client.command("MSETNX", ...keys.flatMap((key) => [key, "v"]));
    client.command("MSETNX", "new", "v", "0", "w");
    client.command("UNLINK", ...keys);
    client.command("EXEC");
    await client.expect(OK, "+QUEUED\r\n".repeat(3));
    await client.expect(array([integer(1), integer(0), integer(keys.length)]));
  });

  test("costs memory while it comes, and is refused when there is not enough", async () => {
    await using server = await startServer({ maxMemoryBytes: 16 * MIB });
    using client = await ByteClient.connect(server.port);
    client.command("EXISTS", ...keysOf(MANY));
    client.command("PING");
    await client.expect(OOM, "+PONG\r\n");
    expect(server.thread.front.budget.usedBytes).toBe(0);
  });

  test("may not have a million of them", async () => {
    await using server = await startServer();
    for (const count of [1024 * KIB + 1, 10_000_000]) {
      using client = await ByteClient.connect(server.port);
      client.send(`PING\r\n*${count}\r\n$3\r\nDEL\r\n`);
      expect(await client.rest()).toBe(
        "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n",
      );
    }
  });
});

describeEngines("a client that does not read", (startServer) => {
  test("is blocked behind an MGET of thousands of keys, and loses nothing", async () => {
    await using server = await startServer({ ...PLENTY, sendLimitBytes: MIB, spareWindows: 2 });
    const { sends, executor, pipeline } = server.thread;
    using client = await ByteClient.connect(server.port);
    const keys = keysOf(4000);
    const pairs = keys.flatMap((key) => [key, key.padStart(1000, "v")]);
    client.command("MSET", ...pairs);
    await client.expect(OK);
    const reply = array(keys.map((key) => bulk(key.padStart(1000, "v"))));
    client.pause();
    const rounds = 6;
    for (let i = 0; i < rounds; i++) {
      client.command("MGET", ...keys);
      client.command("INCR", "n");
      client.command("ECHO", `${i}`);
    }
    await untilBlocked(server);
    // A command that has begun is whole; the next has not begun.
    expect(sends.unsentBytes(0)).toBeLessThan(MIB + reply.length + 64 * KIB);
    using other = await RespClient.connect(server.port);
    expect(await other.ask("STRLEN", "n")).toMatch(/:[01]\r\n/);
    client.resume();
    for (let i = 0; i < rounds; i++) await client.expect(reply, integer(i + 1), bulk(`${i}`));
    expect(executor.blockedCount).toBeGreaterThan(0);
    expect(pipeline.resumedCount).toBeGreaterThan(0);
    expect(sends.unsentBytes(0)).toBe(0);
  });

  test("is blocked behind MGETs of long values, which are not copied", async () => {
    await using server = await startServer({ ...PLENTY, sendLimitBytes: MIB, spareWindows: 2 });
    const { sends, store } = server.thread;
    using client = await ByteClient.connect(server.port);
    const keys = keysOf(300);
    const values = keys.map((key) => key.padEnd(20_000 + 50 * Number(key), "w"));
    for (const [i, key] of keys.entries()) client.command("SET", key, values[i]!);
    await client.expect(OK.repeat(keys.length));
    client.pause();
    for (let i = 0; i < 4; i++) client.command("MGET", ...keys);
    await untilBlocked(server);
    expect(store.pins.count).toBeGreaterThan(100);
    client.resume();
    for (let i = 0; i < 4; i++) await client.expect(array(values.map(bulk)));
    await waitUntil(
      () => store.pins.count === 0 && sends.unsentBytes(0) === 0,
      () => "everything to be sent",
    );
  });

  test("that vanishes takes all of its replies along", async () => {
    await using server = await startServer({ ...PLENTY, sendLimitBytes: MIB });
    const { store, connections } = server.thread;
    const client = await ByteClient.connect(server.port);
    client.command("MSET", ...keysOf(200).flatMap((key) => [key, "v".repeat(30_000)]));
    await client.expect(OK);
    client.pause();
    client.send(
      encodeCommand(["MGET", ...keysOf(200)])
        .toString()
        .repeat(20),
    );
    await untilBlocked(server);
    expect(store.pins.count).toBeGreaterThan(0);
    client.destroy();
    await waitUntil(
      () => connections.openCount === 0,
      () => "the connection to close",
    );
    expect(store.pins.count).toBe(0);
    using next = await RespClient.connect(server.port);
    expect(await next.ask("FLUSHALL")).toBe(OK);
    expect(store.keyCount).toBe(0);
  });

  test("gets replies longer than its windows in the end", async () => {
    await using server = await startServer({ ...PLENTY, sendLimitBytes: 64 * KIB });
    using reader = await RespClient.connect(server.port);
    const keys = Array.from({ length: 20_000 }, (_, i) => `key:${i}`.padEnd(50, "."));
    await reader.ask("MSET", ...keys.flatMap((key) => [key, ""]));
    const docs = await reader.ask("COMMAND", "DOCS");
    const all = await reader.ask("KEYS", "*");
    const listed = elementsOf(Buffer.from(all, "latin1"))!.map((reply) => `${reply}`);
    expect(listed.toSorted()).toEqual(keys.map(bulk).toSorted());
    using client = await ByteClient.connect(server.port);
    client.pause();
    const rounds = 6;
    for (let i = 0; i < rounds; i++) client.send("KEYS *\r\nCOMMAND DOCS\r\n");
    await waitUntil(
      () => server.thread.connections.is(1, CONNECTION.BLOCKED),
      () => "the connection to be blocked",
    );
    client.resume();
    for (let i = 0; i < rounds; i++) {
      const text = await client.take(all.length + docs.length);
      const [some, again] = splitReplies(text);
      // The tables are as they were, so their order is, too.
      expect(`${some}` === all).toBe(true);
      expect(`${again}` === docs).toBe(true);
    }
  });
});
