// What a connection, or a single write, is promised beyond what `--durability` says, in both
// protocols: the server dies before it would have written anything by itself.

import { describe, expect, test } from "bun:test";
import { DataFolder, connectTo, endServer, killServer } from "../support/data-folder.ts";
import { encodeCommand } from "../support/resp-client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { OK, reply, request } from "../support/v1-frames.ts";

/** Nothing is written for so long unless somebody asks for it. */
const ARGS = ["--durability=none", "--wal-batch=65536", "--wal-flush-interval=10000"];

type Ask = (server: ServerProcess) => Promise<void>;

/** Requests of one client, and their replies, one after the other. */
function askV1(...pairs: readonly (readonly [Buffer, Buffer])[]): Ask {
  return async (server) => {
    const client = await server.connect();
    for (const [asked, answer] of pairs) expect(await client.ask(asked)).toEqual([answer]);
    client.destroy();
  };
}

function askResp(...commands: readonly (readonly string[])[]): Ask {
  return async (server) => {
    using client = await connectTo(server);
    for (const args of commands) {
      client.send(encodeCommand(args));
      expect(String(await client.reply())).toBe("+OK\r\n");
    }
  };
}

const SET_A = request.set("a", "1");
const STORED = reply.value("1");

describe("a server that is killed has what was promised", () => {
  test.each<[string, Ask]>([
    ["a write of v1, DURABLE", askV1([request.durable("always", SET_A), STORED])],
    ["a connection of v1, DURABILITY", askV1([request.durability("always"), OK], [SET_A, STORED])],
    [
      "a read of v1, DURABLE",
      askV1([SET_A, STORED], [request.durable("always", request.get("a")), STORED]),
    ],
    ["a write of RESP, DURABLE", askResp(["DURABLE", "always", "SET", "a", "1"])],
    [
      "a connection of RESP, CLIENT DURABILITY",
      askResp(["CLIENT", "DURABILITY", "always"], ["SET", "a", "1"]),
    ],
    ["whoever has sent SAVE", askResp(["SET", "a", "1"], ["SAVE"])],
  ])("to %s", async (_name, ask) => {
    using folder = new DataFolder();
    await using server = folder.start(ARGS);
    await ask(server);
    await killServer(server);
    await using again = folder.start(ARGS);
    using reader = await connectTo(again);
    expect(await reader.ask("GET", "a")).toBe("$1\r\n1\r\n");
    await endServer(again);
  });
});

test("SAVE is answered when the snapshot has its name, and what follows waits", async () => {
  using folder = new DataFolder();
  await using server = folder.start(ARGS);
  using client = await connectTo(server);
  client.send(Buffer.concat([["SAVE"], ["PING"]].map(encodeCommand)));
  expect(String(await client.reply())).toBe("+OK\r\n");
  expect(folder.snapshotNames()).toHaveLength(1);
  expect(String(await client.reply())).toBe("+PONG\r\n");
  await endServer(server);
});
