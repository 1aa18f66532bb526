// What becomes of a connection's replies when other threads are slow, its client does not read, or
// bytes come while it is blocked.

import { expect, spyOn, test } from "bun:test";
import { Gathering } from "../../src/shard/gathering.ts";
import { SHARD_TIMEOUT_MS } from "../../src/shard/shards.ts";
import { Splices } from "../../src/shard/splices.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { splitReplies } from "../support/resp-reader.ts";
import { SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";
import { ShardGroup } from "../support/shard-group.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { reply, request } from "../support/v1-frames.ts";

const VALUE = "v".repeat(10_000);
const LIMIT = 64 * 1024;

const command = (text: string): Buffer => encodeCommand(text.split(" "));

function take(connection: TestConnection): string[] {
  return splitReplies(connection.take()).map((bytes) => bytes.toString("latin1"));
}

test("a reply that has come leaves, however long the next one takes", () => {
  using group = new ShardGroup(3);
  const client = group.servers[0]!.connect();
  client.feed(command(`SET ${group.keyOf(1)} 1`), command(`SET ${group.keyOf(2)} 1`));
  // The third thread does nothing meanwhile.
  for (let i = 0; i < 8; i++) {
    for (const server of group.servers.slice(0, 2)) server.engine.oneTurn();
  }
  expect(take(client)).toEqual(["+OK\r\n"]);
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n"]);
});

test("that it has to be durable is known, however long the next one takes", () => {
  using group = new ShardGroup(3);
  const [asking, owner] = group.servers;
  const client = asking!.connect();
  client.feed(command(`SET ${group.keyOf(1)} 1`), command(`GET ${group.keyOf(2)}`));
  asking!.engine.oneTurn();
  owner!.engine.oneTurn();
  const taken = spyOn(asking!.thread.shards!, "takeHasDeliveredWrites");
  asking!.engine.oneTurn();
  expect(taken.mock.results.map(({ value }) => value)).toEqual([true]);
});

test("what a receive brings to a blocked connection is executed when it goes on", () => {
  using group = new ShardGroup(2, { sendLimitBytes: LIMIT });
  const server = group.servers[0]!;
  const [slow, other] = [server.connect(), server.connect()];
  const [foreign, own] = [group.keyOf(1), group.keyOf(0)];
  slow.feed(command(`SET ${foreign} ${VALUE}`));
  group.pump();
  slow.take();
  slow.capacity = 0;
  for (let i = 0; i < 12; i++) slow.feed(command(`GET ${foreign}`));
  group.pump();
  // It has read, nobody has noticed yet, and somebody else's command has to wait in the same batch.
  slow.drain(Infinity);
  other.feed(command(`SET ${foreign} 1`), command(`MGET ${foreign} ${own}`));
  const { windows, handlers } = server.engine;
  const bytes = Buffer.concat(Array.from({ length: 10 }, () => command(`INCR ${own}`)));
  bytes.copy(windows.area.bytes, windows.ends[slow.number]!);
  handlers.received(slow.number, bytes.length);
  group.pump();
  const counts = Array.from({ length: 10 }, (_, i) => `:${i + 1}\r\n`);
  expect(take(slow).slice(12)).toEqual(counts);
});

test("a client is not charged for how long the one before it waited for a ring", () => {
  using group = new ShardGroup(2, { ringSize: 2 * LIMIT });
  const asking = group.servers[0]!;
  const set = command(`SET ${group.keyOf(1)} ${"v".repeat(15_000)}`);
  const filler = asking.connect();
  const fillRing = (): void => filler.feed(set, set, set, set);
  const gone = asking.connect();
  fillRing();
  gone.feed(set);
  asking.engine.turn();
  expect(group.figures(0).fullCount).toBeGreaterThan(0);
  gone.disconnect();
  group.pump();
  group.clock.elapsed += SHARD_TIMEOUT_MS;
  const next = asking.connect();
  expect(next.number).toBe(gone.number);
  fillRing();
  next.feed(set);
  asking.engine.turn();
  expect(take(next)).toEqual([]);
  group.pump();
  expect(take(next)).toEqual(["+OK\r\n"]);
});

test("who got an error for a full ring waits again when the next one is full much later", () => {
  using group = new ShardGroup(2, { ringSize: 2 * LIMIT });
  const asking = group.servers[0]!;
  const set = command(`SET ${group.keyOf(1)} ${"v".repeat(15_000)}`);
  const [filler, client] = [asking.connect(), asking.connect()];
  const ask = (): void => {
    filler.feed(set, set, set, set);
    client.feed(set);
    asking.engine.turn();
  };
  ask();
  group.clock.elapsed += SHARD_TIMEOUT_MS;
  asking.thread.tick();
  asking.engine.turn();
  expect(take(client)[0]).toStartWith("-TRYAGAIN");
  group.pump();
  group.clock.elapsed += SHARD_TIMEOUT_MS;
  ask();
  expect(take(client)).toEqual([]);
  group.pump();
  expect(take(client)).toEqual(["+OK\r\n"]);
});

test("a v1 client whose frame is too long is closed, though it reads its replies late", () => {
  using group = new ShardGroup(2, { sendLimitBytes: LIMIT });
  const client = group.servers[0]!.connect();
  const foreign = group.keyOf(1);
  client.feed(request.set(foreign, VALUE));
  group.pump();
  client.take();
  client.capacity = 0;
  client.feed(...Array.from({ length: 12 }, () => request.get(foreign)), Buffer.alloc(5, 0xff));
  // What would be a request again, were the stream read on.
  client.feed(Buffer.alloc(LIMIT, 0xff), request.set(foreign, "changed"));
  group.pump();
  client.drain(Infinity);
  group.pump();
  expect(client.takeReplies()).toEqual(Array.from({ length: 12 }, () => reply.value(VALUE)));
  expect(client.isFinished).toBe(true);
});

test("a collection that nobody uses keeps no memory of long replies", () => {
  const { memory, sends } = new SendFixture();
  const nothing = (): void => {};
  const gathering = new Gathering({
    sends,
    splices: new Splices(sends, memory.store),
    own: { windowFor: () => 0, keep: nothing, delivered: nothing },
    flags: new Uint8Array(1),
    windowSizeBytes: WINDOW_SIZE,
    host: {
      decode: nothing,
      release: nothing,
      touch: nothing,
      unpark: nothing,
      requestTurn: nothing,
    },
  });
  const collection = gathering.begin(0, true);
  for (let i = 0; i < 10; i++) gathering.place(collection, collection.add(), 10_000);
  expect(collection.area.length).toBeGreaterThan(100_000);
  gathering.forget(0);
  expect(collection.area.length).toBe(4096);
  expect(gathering.begin(0, true)).toBe(collection);
});
