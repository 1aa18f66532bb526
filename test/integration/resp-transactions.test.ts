// MULTI, EXEC and WATCH over several connections: what becomes of watched keys by the hot way, by
// the ordinary one, by v1, by time and by FLUSHALL.

import { expect, setDefaultTimeout, test } from "bun:test";
import { describeEngines } from "../support/describe-engines.ts";
import { RespClient } from "../support/resp-client.ts";
import { NIL, OK, array, bulk, integer } from "../support/resp-model.ts";
import type { TestServer } from "../support/test-server.ts";
import { request } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const QUEUED = "+QUEUED\r\n";
const NOTHING = "*-1\r\n";

async function connectTwo(server: TestServer): Promise<[RespClient, RespClient]> {
  return [await RespClient.connect(server.port), await RespClient.connect(server.port)];
}

/** Words parted by spaces. */
function ask(client: RespClient, command: string): Promise<string> {
  return client.ask(...command.split(" "));
}

/** Whether a transaction is carried out, if `between` happens after its client's WATCH. */
async function isCarriedOut(
  client: RespClient,
  watched: string,
  between: () => Promise<unknown>,
): Promise<boolean> {
  expect(await ask(client, `WATCH ${watched}`)).toBe(OK);
  await between();
  expect(await ask(client, "MULTI")).toBe(OK);
  expect(await ask(client, "ECHO done")).toBe(QUEUED);
  const reply = await ask(client, "EXEC");
  if (reply !== NOTHING) expect(reply).toBe(array([bulk("done")]));
  return reply !== NOTHING;
}

describeEngines("a transaction", (startServer) => {
  test("is executed in one go: nobody sees the half of it", async () => {
    await using server = await startServer();
    const [writer, reader] = await connectTwo(server);
    await ask(writer, "MSET a 0 b 0");
    const rounds = 50;
    for (let i = 1; i <= rounds; i++) {
      writer.send(Buffer.from(`MULTI\r\nSET a ${i}\r\nINCR b\r\nGET a\r\nEXEC\r\n`));
      reader.send(Buffer.from("*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n"));
    }
    for (let i = 1; i <= rounds; i++) {
      const replies: string[] = [];
      for (let j = 0; j < 5; j++) replies.push(`${await writer.reply()}`);
      expect(replies.slice(0, 4)).toEqual([OK, QUEUED, QUEUED, QUEUED]);
      expect(replies[4]).toBe(array([OK, integer(i), bulk(`${i}`)]));
      const [, , a, , b] = `${await reader.reply()}`.split("\r\n");
      expect(a).toBe(b);
    }
    writer[Symbol.dispose]();
    reader[Symbol.dispose]();
  });

  test("is not touched by what others do before EXEC", async () => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    await ask(client, "SET k 1");
    for (const command of ["MULTI", "INCR k", "GET k"]) await ask(client, command);
    expect(await ask(other, "GET k")).toBe(bulk("1"));
    expect(await ask(other, "SET k 10")).toBe(OK);
    expect(await ask(client, "EXEC")).toBe(array([integer(11), bulk("11")]));
    client[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  test("that is spoilt, discarded or left is not executed", async () => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    for (const command of ["MULTI", "SET k v", "NONSENSE"]) await ask(client, command);
    expect(await ask(client, "EXEC")).toStartWith("-EXECABORT ");
    for (const command of ["MULTI", "SET k v", "DISCARD"]) await ask(client, command);
    for (const command of ["MULTI", "SET k v"]) await ask(client, command);
    client[Symbol.dispose]();
    const { connections } = server.thread;
    while (connections.openCount > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await ask(other, "EXISTS k")).toBe(integer(0));
    other[Symbol.dispose]();
  });
});

describeEngines("a watched key", (startServer) => {
  test.each([
    "SET k v",
    "MSET a 1 k v",
    "INCR k",
    "DEL k",
    "DEL a k",
    "APPEND k x",
    "SETRANGE k 0 9",
    "EXPIRE k 100",
    "PERSIST k",
    "RENAME k other",
    "COPY source k REPLACE",
    "GETDEL k",
    "FLUSHALL",
    "FLUSHDB",
    "SET k 1 KEEPTTL",
    "GETEX k PERSIST",
  ])("that %s changes undoes the transaction", async (command) => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    await ask(other, "SET k 1 EX 1000");
    await ask(other, "SET source 5");
    expect(await isCarriedOut(client, "k", () => ask(other, command))).toBe(false);
    // The next one knows nothing of it.
    expect(await isCarriedOut(client, "k", () => ask(other, "GET k"))).toBe(true);
    client[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  test.each([
    "GET k",
    "MGET k k",
    "EXISTS k",
    "STRLEN k",
    "TTL k",
    "SET a v",
    "MSET a 1 kk 2",
    "DEL a",
    "SETNX k v",
    "SET k v NX",
    "COPY source k",
  ])("that %s leaves alone does not", async (command) => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    await ask(other, "SET k 1 EX 1000");
    expect(await isCarriedOut(client, "k", () => ask(other, command))).toBe(true);
    client[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  test("that is not there is watched as well, and in its database", async () => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    expect(await isCarriedOut(client, "new", () => ask(other, "SET new v"))).toBe(false);
    expect(await isCarriedOut(client, "none", () => ask(other, "DEL none"))).toBe(true);
    await ask(other, "SELECT 3");
    expect(await isCarriedOut(client, "new", () => ask(other, "SET new v"))).toBe(true);
    expect(await isCarriedOut(client, "new", () => ask(other, "FLUSHDB"))).toBe(true);
    expect(await isCarriedOut(client, "new", () => ask(other, "FLUSHALL"))).toBe(false);
    expect(await isCarriedOut(client, "new", () => ask(other, "FLUSHALL"))).toBe(true);
    client[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  test("that v1 or oneself changes undoes it, too", async () => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    const old = await server.connect();
    await ask(client, "SET k v");
    expect(await isCarriedOut(client, "k", () => old.ask(request.set("k", "w")))).toBe(false);
    expect(await isCarriedOut(client, "k", () => old.ask(request.get("k")))).toBe(true);
    expect(await isCarriedOut(client, "k", () => old.ask(request.del("k")))).toBe(false);
    expect(await isCarriedOut(client, "k", () => ask(client, "SET k v"))).toBe(false);
    expect(await isCarriedOut(client, "k", () => ask(client, "UNWATCH"))).toBe(true);
    client[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  test("that expires undoes it, whether somebody has met it or not", async () => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    const pass = async (durationMs: number): Promise<void> => {
      server.clock.now += durationMs;
    };
    await ask(other, "SET k v PX 1000");
    expect(await isCarriedOut(client, "k", () => pass(999))).toBe(true);
    expect(await isCarriedOut(client, "k", () => pass(1))).toBe(false);
    // What had expired when it was watched is no news.
    await ask(other, "SET k v PX 1000");
    await pass(1000);
    expect(await isCarriedOut(client, "k", () => ask(other, "GET k"))).toBe(true);
    await ask(other, "SET k v PX 1000");
    const meet = async (): Promise<void> => {
      await pass(1000);
      expect(await ask(other, "GET k")).toBe(NIL);
    };
    expect(await isCarriedOut(client, "k", meet)).toBe(false);
    client[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  test("of several watchers undoes each one's, and hot commands stay exact under it", async () => {
    await using server = await startServer();
    const count = 6;
    const clients = await Promise.all(
      Array.from({ length: count }, () => RespClient.connect(server.port)),
    );
    // Everybody increments by GET, MULTI, SET, EXEC until that has worked ten times.
    const incrementTen = async (client: RespClient): Promise<void> => {
      for (let done = 0; done < 10;) {
        await ask(client, "WATCH n");
        const value = await ask(client, "GET n");
        const n = value === NIL ? 0 : Number(value.split("\r\n")[1]);
        await ask(client, "MULTI");
        await ask(client, `SET n ${n + 1}`);
        if ((await ask(client, "EXEC")) !== NOTHING) done++;
      }
    };
    await Promise.all(clients.map(incrementTen));
    expect(await ask(clients[0]!, "GET n")).toBe(bulk(`${10 * count}`));
    expect(server.thread.store.watches.count).toBe(0);
    for (const client of clients) client[Symbol.dispose]();
  });

  test("is forgotten with its client", async () => {
    await using server = await startServer();
    const [client, other] = await connectTwo(server);
    await ask(other, "SET k v");
    await ask(client, "WATCH k none");
    expect(server.thread.store.watches.count).toBe(2);
    client[Symbol.dispose]();
    const { connections, executor } = server.thread;
    while (connections.openCount > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(server.thread.store.watches.count).toBe(0);
    const before = executor.fastCount;
    await ask(other, "SET k w");
    expect(executor.fastCount).toBe(before + 1);
    other[Symbol.dispose]();
  });
});
