// Two and three threads over one store, each with a client, whose turns the test ends by hand.

import { expect, spyOn, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { FOREIGN_LOCAL } from "../../src/lib/thread-mode.ts";
import { SHARD_TIMEOUT_MS, virtualConnectionCount } from "../../src/shard/shards.ts";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { splitReplies } from "../support/resp-reader.ts";
import { ShardGroup } from "../support/shard-group.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { InProcessServer } from "../support/test-server.ts";
import { ERROR, reply, request } from "../support/v1-frames.ts";

const LONG = "l".repeat(20_000);
const RING_SIZE = 128 * 1024;

/** Commands in one piece, words parted by spaces; the replies, when the threads are at rest. */
function ask(group: ShardGroup, connection: TestConnection, ...commands: string[]): string[] {
  connection.feed(Buffer.concat(commands.map((command) => encodeCommand(command.split(" ")))));
  group.pump();
  return take(connection);
}

function take(connection: TestConnection): string[] {
  return splitReplies(connection.take()).map((bytes) => bytes.toString("latin1"));
}

test("a key is served by its owner, whichever thread its client is connected to", () => {
  using group = new ShardGroup(2);
  const [first, second] = group.servers.map((server) => server.connect());
  const key = group.keyOf(1);
  expect(ask(group, first!, `SET ${key} one`, `GET ${key}`)).toEqual(["+OK\r\n", "$3\r\none\r\n"]);
  expect(ask(group, second!, `GET ${key}`)).toEqual(["$3\r\none\r\n"]);
  expect(group.figures(0).foreignCount).toBe(2);
  expect(group.figures(0).ownCount).toBe(0);
  expect(group.figures(1).servedCount).toBe(2);
  expect(group.figures(1).ownCount).toBe(1);
  // It was the owner that executed them.
  expect(group.servers[0]!.thread.executor.totalCount()).toBe(0);
});

test("replies come in request order, own ones between those of others", () => {
  using group = new ShardGroup(3);
  const client = group.servers[0]!.connect();
  const keys = Array.from({ length: 24 }, (_, i) => group.keyOf(i % 3, `k${i}`));
  ask(group, client, ...keys.map((key, i) => `SET ${key} ${i}`));
  const replies = ask(group, client, ...keys.map((key) => `GET ${key}`), "PING");
  expect(replies).toEqual([...keys.map((_, i) => `$${`${i}`.length}\r\n${i}\r\n`), "+PONG\r\n"]);
});

test("v1 has its frames in order as well, errors among them", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const [own, other] = [group.keyOf(0), group.keyOf(1)];
  client.feed(
    request.set(other, "word"),
    request.set(own, "5"),
    request.incr(other),
    request.incr(own),
    request.ping("hi"),
    request.get(other),
    request.ttl(other),
    request.keys(),
  );
  group.pump();
  const replies = client.takeReplies();
  const [word, five, six] = [reply.value("word"), reply.value("5"), reply.value("6")];
  expect(replies.slice(0, 5)).toEqual([word, five, ERROR, six, reply.pong("hi")]);
  expect(replies.slice(5, 7)).toEqual([word, reply.value("-1")]);
  expect(replies[7]!.toString("latin1")).toContain(own);
  expect(replies[7]!.toString("latin1")).toContain(other);
});

test("a command of several owners comes after what was asked before it", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const [a, b] = [group.keyOf(1, "a"), group.keyOf(0, "b")];
  const commands = [`SET ${a} 1`, `DEL ${a} ${b}`, `GET ${a}`, `MSET ${a} 2 ${b} 3`, `GET ${a}`];
  const expected = ["+OK\r\n", ":1\r\n", "$-1\r\n", "+OK\r\n", "$1\r\n2\r\n"];
  expect(ask(group, client, ...commands)).toEqual(expected);
  const others = [`INCR ${a}`, `MGET ${a} ${b}`, `GETRANGE ${a} 0 -1`, `SELECT 1`, `GET ${a}`];
  const values = [":3\r\n", "*2\r\n$1\r\n3\r\n$1\r\n3\r\n", "$1\r\n3\r\n", "+OK\r\n", "$-1\r\n"];
  expect(ask(group, client, ...others)).toEqual(values);
});

test("one publish for each owner and turn, and one for the replies of a burst", () => {
  using group = new ShardGroup(2);
  const clients = Array.from({ length: 5 }, () => group.servers[0]!.connect());
  const key = group.keyOf(1);
  for (const client of clients) {
    client.feed(...Array.from({ length: 40 }, () => encodeCommand(["INCR", key])));
  }
  group.servers[0]!.engine.oneTurn();
  expect(group.figures(0).publishCount).toBe(1);
  expect(group.figures(0).foreignCount).toBe(200);
  group.servers[1]!.engine.oneTurn();
  expect(group.figures(1).replyPublishCount).toBe(1);
  expect(group.figures(1).servedCount).toBe(200);
  group.servers[0]!.engine.oneTurn();
  expect(clients.flatMap(take)).toHaveLength(200);
});

test("who waits for another thread does not keep the others of its thread", () => {
  using group = new ShardGroup(2);
  const [waiting, other] = [group.servers[0]!.connect(), group.servers[0]!.connect()];
  const [foreign, own] = [group.keyOf(1), group.keyOf(0)];
  waiting.feed(encodeCommand(["SET", foreign, "1"]), encodeCommand(["KEYS", "*"]));
  group.servers[0]!.engine.oneTurn();
  other.feed(encodeCommand(["SET", own, "1"]));
  group.servers[0]!.engine.oneTurn();
  expect(take(other)).toEqual(["+OK\r\n"]);
  expect(take(waiting)).toEqual([]);
  group.pump();
  expect(take(waiting)).toHaveLength(2);
});

test("a long value goes by reference, and stays what it was when it was asked for", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const [own, foreign] = [group.keyOf(0), group.keyOf(1)];
  for (const key of [foreign, own]) {
    const commands = [`SET ${key} ${LONG}`, `GET ${foreign}`, `GET ${key}`, `SET ${key} short`];
    const replies = ask(group, client, ...commands, `GET ${key}`);
    const long = `$${LONG.length}\r\n${LONG}\r\n`;
    expect(replies[2] === long).toBe(true);
    expect(replies.slice(3)).toEqual(["+OK\r\n", "$5\r\nshort\r\n"]);
  }
  expect(group.servers[0]!.thread.store.pins.count).toBe(0);
});

test("replies to what owners have written are told apart, so that they can be held", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const [own, foreign] = [group.keyOf(0), group.keyOf(1)];
  const taken = spyOn(group.servers[0]!.thread.shards!, "takeHasDeliveredWrites");
  const writes = (...commands: string[]): number => {
    taken.mockClear();
    ask(group, client, ...commands);
    return taken.mock.results.filter(({ value }) => value === true).length;
  };
  expect(writes(`SET ${foreign} 1`)).toBe(1);
  expect(writes(`GET ${foreign}`, `EXISTS ${foreign}`, `GET ${own}`)).toBe(0);
  expect(writes(`SET ${own} 1`)).toBe(0);
  // Its reply leaves in a later turn than it is recorded.
  expect(writes(`GET ${foreign}`, `SET ${own} 1`)).toBe(1);
  expect(writes(`GET ${foreign}`, `INCR ${foreign}`)).toBe(1);
});

test("what a client leaves behind is dropped, its pins included", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const key = group.keyOf(1);
  ask(group, client, `SET ${key} ${LONG}`);
  client.feed(...Array.from({ length: 3 }, () => encodeCommand(["GET", key])));
  group.servers[0]!.engine.oneTurn();
  group.servers[1]!.engine.oneTurn();
  expect(group.servers[0]!.thread.store.pins.count).toBe(1);
  client.disconnect();
  const next = group.servers[0]!.connect();
  expect(next.number).toBe(client.number);
  expect(ask(group, next, "PING")).toEqual(["+PONG\r\n"]);
  expect(group.servers[0]!.thread.store.pins.count).toBe(0);
});

test("a client that ends is closed when all it asked is answered", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  client.feed(encodeCommand(["SET", group.keyOf(1), "1"]));
  client.end();
  group.servers[0]!.engine.oneTurn();
  expect(client.isFinished).toBe(false);
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n"]);
  expect(client.isFinished).toBe(true);
});

test("an owner that does not answer in time costs an error, and its reply is dropped", () => {
  using group = new ShardGroup(2);
  const [client, v1] = [group.servers[0]!.connect(), group.servers[0]!.connect()];
  const [own, foreign] = [group.keyOf(0), group.keyOf(1)];
  client.feed(
    ...[`SET ${foreign} 1`, `SET ${own} 2`].map((text) => encodeCommand(text.split(" "))),
  );
  v1.feed(request.get(foreign));
  const [asking] = group.servers;
  asking!.engine.turn();
  asking!.thread.tick();
  asking!.engine.turn();
  expect(take(client)).toEqual([]);
  group.clock.elapsed += SHARD_TIMEOUT_MS;
  asking!.thread.tick();
  asking!.engine.turn();
  const [late, fine] = take(client);
  expect(late).toStartWith("-TRYAGAIN the thread of this key has not answered in time");
  expect(fine).toBe("+OK\r\n");
  expect(v1.takeReplies()).toEqual([ERROR]);
  expect(group.figures(0).timeoutCount).toBe(2);
  // The owner wakes up.
  expect(ask(group, client, `GET ${foreign}`)).toEqual(["$1\r\n1\r\n"]);
});

test("a ring that stays full costs an error too, and one that has room again does not", () => {
  using group = new ShardGroup(2, { ringSize: RING_SIZE });
  const [asking] = group.servers;
  const clients = Array.from({ length: 3 }, () => asking!.connect());
  const key = group.keyOf(1);
  const value = "v".repeat(15_000);
  const set = encodeCommand(["SET", key, value]);
  for (const client of clients) client.feed(set, set, encodeCommand(["INCR", group.keyOf(0)]));
  asking!.engine.turn();
  expect(group.figures(0).foreignCount).toBe(4);
  expect(group.figures(0).fullCount).toBe(1);
  group.pump();
  expect(clients.map((client) => take(client).slice(0, 2))).toEqual(
    clients.map(() => ["+OK\r\n", "+OK\r\n"]),
  );
  for (const client of clients) client.feed(set, set, encodeCommand(["PING"]));
  asking!.engine.turn();
  group.clock.elapsed += SHARD_TIMEOUT_MS;
  for (let i = 0; i < 3; i++) {
    asking!.thread.tick();
    asking!.engine.turn();
  }
  for (const client of clients) {
    const replies = take(client);
    expect(replies.map((text) => text.slice(0, 9))).toEqual([
      "-TRYAGAIN",
      "-TRYAGAIN",
      "+PONG\r\n",
    ]);
  }
});

test("reads whose replies do not fit the reply ring are made again when they do", () => {
  using group = new ShardGroup(2, { ringSize: RING_SIZE });
  const client = group.servers[0]!.connect();
  const key = group.keyOf(1);
  const value = "v".repeat(12_000);
  ask(group, client, `SET ${key} ${value}`);
  const replies = ask(group, client, ...Array.from({ length: 60 }, () => `GET ${key}`));
  expect(replies).toHaveLength(60);
  expect(new Set(replies)).toEqual(new Set([`$12000\r\n${value}\r\n`]));
  expect(group.figures(1).stallCount).toBeGreaterThan(0);
});

test("requests that wait for the owner's log stay where they are, and nobody spins", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const { connections, pipeline } = group.servers[1]!.thread;
  const key = group.keyOf(1);
  // Of thread 0.
  const virtual = connections.flags.length - virtualConnectionCount(2);
  connections.set(virtual, CONNECTION.BLOCKED | CONNECTION.PARKED);
  expect(ask(group, client, `INCR ${key}`, `INCR ${key}`)).toEqual([]);
  // As the log does when it has room.
  connections.clear(virtual, CONNECTION.PARKED);
  pipeline.unpark(virtual);
  group.pump();
  expect(take(client)).toEqual([":1\r\n", ":2\r\n"]);
});

test("more requests than a collection has slots for", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const key = group.keyOf(1);
  const replies = ask(group, client, ...Array.from({ length: 2000 }, () => `INCR ${key}`));
  expect(replies).toEqual(Array.from({ length: 2000 }, (_, i) => `:${i + 1}\r\n`));
});

test.each(FOREIGN_LOCAL)("a record larger than a window is none, %s local", (foreignLocal) => {
  using group = new ShardGroup(2, { foreignLocal });
  const client = group.servers[0]!.connect();
  // The frame takes a window to the last bytes, and its record a head of 16.
  const key = group.keyOf(1, "k".repeat(65_519));
  const [small, own] = [group.keyOf(1), group.keyOf(0)];
  client.feed(request.set(small, "1"), request.incr(own), request.set(key, "here"));
  group.pump();
  client.feed(request.set(key, "hers"), request.get(key), request.get(small));
  group.pump();
  expect(client.takeReplies()).toEqual([
    reply.value("1"),
    reply.value("1"),
    reply.value("here"),
    reply.value("hers"),
    reply.value("hers"),
    reply.value("1"),
  ]);
  expect(group.figures(1).servedCount).toBe(foreignLocal === "none" ? 2 : 1);
});

test("a client that reads slowly gets everything, in order", () => {
  using group = new ShardGroup(2, { sendLimitBytes: 64 * 1024 });
  const client = group.servers[0]!.connect();
  const key = group.keyOf(1);
  ask(group, client, `SET ${key} ${"v".repeat(10_000)}`);
  client.capacity = 0;
  for (let i = 0; i < 60; i++) {
    client.feed(encodeCommand(["GET", key]), encodeCommand(["INCR", group.keyOf(0)]));
  }
  const received: Buffer[] = [];
  for (let i = 0; i < 400; i++) {
    group.pump();
    received.push(client.take());
    client.drain(7000);
  }
  const replies = splitReplies(Buffer.concat(received)).map((bytes) => bytes.toString("latin1"));
  expect(replies).toHaveLength(120);
  const counts = replies.filter((_, i) => i % 2 === 1);
  expect(counts).toEqual(counts.map((_, i) => `:${i + 1}\r\n`));
});

/** A command over the client's own keys, so that its reply does not depend on the others. */
function randomCommand(random: Random, keys: readonly string[]): string {
  const [a, b] = [random.pick(keys), random.pick(keys)];
  const value = random.oneIn(12)
    ? LONG
    : random.oneIn(6)
      ? "m".repeat(3000)
      : `${random.below(99)}`;
  return random.pick([
    ...Array.from({ length: 6 }, () => `SET ${a} ${value}`),
    ...Array.from({ length: 6 }, () => `GET ${a}`),
    `INCR ${a}`,
    `INCR ${b}`,
    `DEL ${a}`,
    `DEL ${a} ${b}`,
    `EXISTS ${a}`,
    `MGET ${a} ${b}`,
    `MSET ${a} ${value} ${b} 7`,
    `APPEND ${a} x`,
    `STRLEN ${b}`,
    `SELECT ${random.below(2)}`,
    "SELECT 0",
    "MULTI",
    "EXEC",
    "PING",
    "hello 3",
    "hello 2",
  ]);
}

test.each(FOREIGN_LOCAL)("many clients get what one thread would have answered: %s local", (of) => {
  for (const seed of [1, 2]) {
    const random = new Random(seed);
    using group = new ShardGroup(3, { ringSize: RING_SIZE, foreignLocal: of });
    const alone = new InProcessServer();
    const clients = Array.from({ length: 9 }, (_, i) => {
      const server = group.servers[i % 3]!;
      const keys = Array.from({ length: 7 }, (_, j) => `client${i}:${j}`);
      return {
        connection: server.connect(),
        twin: alone.connect(),
        keys,
        received: "",
        expected: "",
      };
    });
    for (let step = 0; step < 300; step++) {
      const client = random.pick(clients);
      const commands = Array.from({ length: random.below(30) }, () =>
        encodeCommand(randomCommand(random, client.keys).split(" ")),
      );
      const bytes = Buffer.concat(commands);
      const cut = random.below(bytes.length + 1);
      client.connection.feed(bytes.subarray(0, cut), bytes.subarray(cut));
      client.twin.feed(bytes);
      alone.engine.turn();
      for (let turns = random.below(4); turns > 0; turns--) {
        random.pick(group.servers).engine.oneTurn();
      }
    }
    group.pump();
    for (const client of clients) {
      const received = client.connection.take().toString("latin1");
      const expected = client.twin.take().toString("latin1");
      // Numbers of clients differ.
      const plain = (text: string): string => text.replace(/\$2\r\nid\r\n:\d+/g, "id");
      expect(plain(received) === plain(expected), `seed ${seed}`).toBe(true);
      expect(expected.length).toBeGreaterThan(10_000);
    }
    const { foreignCount, localReadCount, localWriteCount } = group.figures(0);
    expect(foreignCount).toBeGreaterThan(30);
    expect([localReadCount > 30, localWriteCount > 30]).toEqual([of !== "none", of === "writes"]);
    expect(group.servers[0]!.thread.store.pins.count).toBe(0);
  }
});
