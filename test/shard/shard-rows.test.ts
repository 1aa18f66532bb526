// Reads and short writes of other threads' keys that are executed where they were asked; the rest
// of what happens to rows is shards.test.ts's.

import { expect, test } from "bun:test";
import type { ForeignLocal } from "../../src/lib/thread-mode.ts";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { splitReplies } from "../support/resp-reader.ts";
import { ShardGroup } from "../support/shard-group.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { reply, request } from "../support/v1-frames.ts";

/** Room for the replies of 256 requests that are out. */
const RING_SIZE = 128 * 1024;

function localGroup(count = 2, foreignLocal: ForeignLocal = "reads"): ShardGroup {
  return new ShardGroup(count, { foreignLocal });
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

test("a short write of another thread's key is executed where it was asked", () => {
  using group = localGroup(2, "writes");
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  const number = group.keyOf(1, "number");
  feed(client, `SET ${number} 7`);
  group.pump();
  const { foreignCount } = group.figures(0);
  expect(foreignCount).toBe(2);
  feed(client, `SET ${key} new`, `INCR ${number}`, `GET ${key}`, `GET ${number}`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual(["+OK\r\n", "+OK\r\n", ":8\r\n", "$3\r\nnew\r\n", "$1\r\n8\r\n"]);
  expect(group.figures(0)).toMatchObject({ foreignCount, localWriteCount: 2, localReadCount: 2 });
});

test("in v1 as well", () => {
  using group = localGroup(2, "writes");
  const client = group.servers[0]!.connect();
  const [key, number] = [group.keyOf(1), group.keyOf(1, "number")];
  client.feed(request.set(key, "word"), request.set(number, "7"));
  group.pump();
  client.takeReplies();
  client.feed(request.set(key, "drow"), request.incr(number), request.decr(number));
  group.servers[0]!.engine.oneTurn();
  expect(client.takeReplies()).toEqual([reply.value("drow"), reply.value("8"), reply.value("7")]);
  expect(group.figures(0).localWriteCount).toBe(3);
});

test("a write that has no short way goes to its owner, and those of its key behind it, too", () => {
  using group = localGroup(2, "writes");
  const client = group.servers[0]!.connect();
  const key = group.keyOf(1);
  const commands = [`SET ${key} 1`, `SET ${key} 2`, `INCR ${key}`, `GET ${key}`, `DEL ${key}`];
  feed(client, ...commands);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual([]);
  expect(group.figures(0)).toMatchObject({
    foreignCount: 5,
    localWriteCount: 0,
    localReadCount: 0,
  });
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n", "+OK\r\n", ":3\r\n", "$1\r\n3\r\n", ":1\r\n"]);
});

test("a short write goes to its owner while somebody has the lock of its segment", () => {
  using group = localGroup(2, "writes");
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  const { locks } = group.servers[1]!.thread.store;
  const hash = group.hashOf(key);
  locks!.lockSegment(hash);
  feed(client, `SET ${key} new`, `SET ${key} newest`);
  group.servers[0]!.engine.oneTurn();
  locks!.unlockSegment(hash);
  // Behind the first the second is sent as well, though the lock is free.
  feed(client, `SET ${key} last`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual([]);
  expect(group.figures(0)).toMatchObject({ foreignCount: 4, localWriteCount: 0 });
  group.pump();
  feed(client, `GET ${key}`);
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n", "+OK\r\n", "+OK\r\n", "$4\r\nlast\r\n"]);
});

test("a short write finds its entry where a command before it in the batch has put it", () => {
  using group = localGroup(2, "writes");
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  const own = group.keyOf(0);
  const value = "newer".repeat(50);
  feed(client, `MSET ${own} 1 ${key} ${"older".repeat(50)}`, `SET ${key} ${value}`, `GET ${key}`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual(["+OK\r\n", "+OK\r\n", `$250\r\n${value}\r\n`]);
  expect(group.figures(0).localWriteCount).toBe(1);
  feed(client, `DEL ${own} ${key}`, `SET ${key} again`, `GET ${key}`);
  group.pump();
  expect(take(client)).toEqual([":2\r\n", "+OK\r\n", "$5\r\nagain\r\n"]);
  expect(group.figures(0).localWriteCount).toBe(1);
});

test("behind the write of another key a short one is executed, and its reply waits", () => {
  using group = localGroup(2, "writes");
  const client = group.servers[0]!.connect();
  const key = setForeign(group, client);
  feed(client, `DEL ${group.keyOf(1, "gone")}`, `SET ${key} new`);
  group.servers[0]!.engine.oneTurn();
  expect(take(client)).toEqual([]);
  expect(group.figures(0).localWriteCount).toBe(1);
  // Another client sees what is not acknowledged yet, as with any pipeline.
  const other = group.servers[1]!.connect();
  feed(other, `GET ${key}`);
  group.servers[1]!.engine.oneTurn();
  expect(take(other)).toEqual(["$3\r\nnew\r\n"]);
  group.pump();
  expect(take(client)).toEqual([":0\r\n", "+OK\r\n"]);
});

test("a short write waits when the lock is taken and the ring of its owner full", () => {
  using group = new ShardGroup(2, { foreignLocal: "writes", ringSize: RING_SIZE });
  const client = group.servers[0]!.connect();
  const keys = Array.from({ length: 2 }, (_, i) => group.keyOf(1, `k${i}`));
  for (const key of keys) feed(client, `SET ${key} old`);
  group.pump();
  take(client);
  const { locks } = group.servers[1]!.thread.store;
  const hash = group.hashOf(keys[0]!);
  locks!.lockSegment(hash);
  const count = 400;
  for (let i = 0; i < count; i++) feed(client, `SET ${keys[0]} ${i}`);
  feed(client, `SET ${keys[1]} new`);
  group.servers[0]!.engine.oneTurn();
  expect(group.figures(0).fullCount).toBeGreaterThan(0);
  locks!.unlockSegment(hash);
  group.pump();
  feed(client, `MGET ${keys[0]} ${keys[1]}`);
  group.pump();
  const replies = take(client);
  expect(replies).toHaveLength(count + 2);
  expect(replies.at(-1)).toBe(`*2\r\n$3\r\n${count - 1}\r\n$3\r\nnew\r\n`);
});

test.each(["reads", "writes"] as const)(
  "with %s local a pipeline keeps its order",
  (foreignLocal) => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      using group = localGroup(3, foreignLocal);
      const client = group.servers[0]!.connect();
      const keys = Array.from({ length: 6 }, (_, i) => group.keyOf(i % 3, `k${i}`));
      const values = new Map<string, number>();
      const expected: string[] = [];
      for (let step = 0; step < 2000; step++) {
        const key = random.pick(keys);
        if (random.oneIn(40)) {
          feed(client, `DEL ${key}`);
          expected.push(values.delete(key) ? ":1\r\n" : ":0\r\n");
        } else if (random.oneIn(3)) {
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
      const { foreignCount, localReadCount, localWriteCount } = group.figures(0);
      expect(Math.min(foreignCount, localReadCount)).toBeGreaterThan(100);
      expect(localWriteCount > 50).toBe(foreignLocal === "writes");
    }
  },
);
