// Reads of other threads' keys that are executed where they were asked; the rest of what happens to
// rows is shards.test.ts's.

import { expect, test } from "bun:test";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { splitReplies } from "../support/resp-reader.ts";
import { ShardGroup } from "../support/shard-group.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { reply, request } from "../support/v1-frames.ts";

function localGroup(count = 2): ShardGroup {
  return new ShardGroup(count, { foreignReads: "local" });
}

function feed(connection: TestConnection, ...commands: string[]): void {
  connection.feed(Buffer.concat(commands.map((command) => encodeCommand(command.split(" ")))));
}

function take(connection: TestConnection): string[] {
  return splitReplies(connection.take()).map((bytes) => bytes.toString("latin1"));
}

/** The key of thread 1 that thread 0's client has set there. */
function setForeign(group: ShardGroup, connection: TestConnection): string {
  const key = group.keyOf(1);
  feed(connection, `SET ${key} old`);
  group.pump();
  expect(take(connection)).toEqual(["+OK\r\n"]);
  return key;
}

test("a read of another thread's key is executed where it was asked", () => {
  using group = localGroup();
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  const { foreignCount } = group.figures(0);
  feed(client, `GET ${key}`, `EXISTS ${key}`, `MGET ${key}`, `GET ${key}x`);
  // Its own turn is enough: it needs nobody.
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual(["$3\r\nold\r\n", ":1\r\n", "*1\r\n$3\r\nold\r\n", "$-1\r\n"]);
  expect(group.figures(0).foreignCount).toBe(foreignCount);
  expect(group.figures(0).localReadCount).toBe(group.ownerOf(`${key}x`) === 1 ? 4 : 3);
});

test("in v1 as well, its value and how long it has", () => {
  using group = localGroup();
  const client = group.servers[0]!.connect();
  const key = group.keyOf(1);
  client.feed(request.set(key, "word"));
  group.pump();
  client.takeReplies();
  client.feed(request.get(key), request.ttl(key));
  group.servers[0]!.engine.oneTurn();
  expect(client.takeReplies()).toEqual([reply.value("word"), reply.value("-1")]);
  expect(group.figures(0).localReadCount).toBe(2);
});

test("behind a write of that key which its owner has, it goes the same way", () => {
  using group = localGroup();
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  feed(client, `SET ${key} new`, `GET ${key}`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual([]);
  expect(group.figures(0).localReadCount).toBe(0);
  // In a turn of its own, too.
  feed(client, `GET ${key}`);
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n", "$3\r\nnew\r\n", "$3\r\nnew\r\n"]);
  expect(group.figures(0).localReadCount).toBe(0);
});

test("behind the write of another key it is executed, and its reply waits for its turn", () => {
  using group = localGroup();
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  const written = group.keyOf(1, "written");
  feed(client, `SET ${written} 1`, `GET ${key}`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual([]);
  expect(group.figures(0).localReadCount).toBe(1);
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n", "$3\r\nold\r\n"]);
});

test("once the write is answered, reads are executed here again", () => {
  using group = localGroup();
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  feed(client, `INCR ${key}n`, `SET ${key} new`, `GET ${key}`);
  group.pump();
  expect(take(client).slice(1)).toEqual(["+OK\r\n", "$3\r\nnew\r\n"]);
  feed(client, `GET ${key}`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual(["$3\r\nnew\r\n"]);
  expect(group.figures(0).localReadCount).toBe(1);
});

test("a long value is sent from where it lies, and outlives what its owner does next", () => {
  using group = localGroup();
  const [client, other] = group.servers.map((server) => server.connect());
  const key = group.keyOf(1);
  const value = "l".repeat(20_000);
  feed(other!, `SET ${key} ${value}`);
  group.pump();
  client!.capacity = 100;
  feed(client!, `GET ${key}`);
  group.servers[0]!.engine.oneTurn();
  feed(other!, `DEL ${key}`);
  group.servers[1]!.engine.oneTurn();
  client!.drain(1_000_000);
  group.pump();
  expect(take(client!)).toEqual([`$20000\r\n${value}\r\n`]);
  expect(take(other!)).toEqual(["+OK\r\n", ":1\r\n"]);
  expect(group.servers[0]!.thread.store.pins.count).toBe(0);
});

test("a pipeline of reads and writes over few keys is answered as if in its order", () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    using group = localGroup(3);
    const client = group.servers[0]!.connect();
    const keys = Array.from({ length: 6 }, (_, i) => group.keyOf(i % 3, `k${i}`));
    const values = new Map<string, number>();
    const expected: string[] = [];
    for (let step = 0; step < 2000; step++) {
      const key = random.pick(keys);
      if (random.oneIn(3)) {
        values.set(key, (values.get(key) ?? 0) + 1);
        feed(client, `INCR ${key}`);
        expected.push(`:${values.get(key)}\r\n`);
      } else {
        const text = `${values.get(key) ?? ""}`;
        feed(client, `GET ${key}`);
        expected.push(text === "" ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`);
      }
      if (random.oneIn(4)) random.pick(group.servers).engine.oneTurn();
    }
    group.pump();
    expect(take(client), `seed ${seed}`).toEqual(expected);
    expect(group.figures(0).localReadCount).toBeGreaterThan(100);
    expect(group.figures(0).foreignCount).toBeGreaterThan(100);
  }
});
