// Which path requests take: counters tell, and the store's touching loops are watched.

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { describe, expect, test } from "bun:test";
import { BATCH_CAPACITY } from "../../src/batch/batch.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { InProcessServer } from "../support/test-server.ts";
import { frame, reply, request, show } from "../support/v1-frames.ts";

const KIB = 1024;

function pings(count: number, name = ""): Buffer[] {
  return Array.from({ length: count }, (_, i) => request.ping(`${name}${i}`));
}

function pongs(count: number, name = ""): string[] {
  return show(Array.from({ length: count }, (_, i) => reply.pong(`${name}${i}`)));
}

/** Row counts of the batches whose slots and entries were touched. */
function watchTouching(server: InProcessServer): { slots: number[]; entries: number[] } {
  const { candidates } = server.thread.store.segments;
  const seen = { slots: [] as number[], entries: [] as number[] };
  const { touchSlots, touchEntries } = candidates;
  candidates.touchSlots = (hashes, count) => {
    seen.slots.push(count);
    touchSlots(hashes, count);
  };
  candidates.touchEntries = (references, count) => {
    seen.entries.push(count);
    touchEntries(references, count);
  };
  return seen;
}

describe("a single request", () => {
  test("takes the single path and touches nothing ahead", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const touching = watchTouching(server);
    for (const asked of [request.set("k", "v"), request.get("k"), request.ping()]) {
      server.ask(client, asked);
    }
    const { executor } = server.thread;
    expect(executor.singleCount).toBe(3);
    expect(executor.batchCount).toBe(0);
    expect(touching).toEqual({ slots: [], entries: [] });
  });

  test("is one whose turn has nothing else, however many connections there are", () => {
    const server = new InProcessServer();
    const clients = [server.connect(), server.connect(), server.connect()];
    for (const client of clients) server.ask(client, request.get("k"));
    expect(server.thread.executor.singleCount).toBe(3);
    expect(server.thread.executor.batchCount).toBe(0);
  });
});

describe("a pipeline", () => {
  test("of one connection runs as one batch", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const touching = watchTouching(server);
    expect(show(server.ask(client, ...pings(16)))).toEqual(pongs(16));
    const { executor } = server.thread;
    expect(executor.batchCount).toBe(1);
    expect(executor.batchedCount).toBe(16);
    expect(executor.mixedBatchCount).toBe(0);
    expect(executor.singleCount).toBe(0);
    expect(touching).toEqual({ slots: [16], entries: [16] });
  });

  test("longer than a batch runs as full batches and a rest", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const touching = watchTouching(server);
    const count = 2 * BATCH_CAPACITY + 10;
    expect(show(server.ask(client, ...pings(count)))).toEqual(pongs(count));
    expect(touching.slots).toEqual([BATCH_CAPACITY, BATCH_CAPACITY, 10]);
    expect(server.thread.executor.batchedCount).toBe(count);
  });

  test("exactly as long as a batch runs as one, and one longer has a single behind it", () => {
    for (const [count, batches, singles] of [
      [BATCH_CAPACITY, 1, 0],
      [BATCH_CAPACITY + 1, 1, 1],
    ] as const) {
      const server = new InProcessServer();
      server.ask(server.connect(), ...pings(count));
      expect(server.thread.executor.batchCount).toBe(batches);
      expect(server.thread.executor.singleCount).toBe(singles);
    }
  });

  test("of several connections runs as one batch of all", () => {
    const server = new InProcessServer();
    const clients = Array.from({ length: 5 }, () => server.connect());
    const touching = watchTouching(server);
    for (const [i, client] of clients.entries()) client.feed(...pings(8, `${i}:`));
    server.engine.turn();
    const { executor } = server.thread;
    expect(executor.batchCount).toBe(1);
    expect(executor.mixedBatchCount).toBe(1);
    expect(executor.batchedCount).toBe(40);
    expect(touching.slots).toEqual([40]);
    for (const [i, client] of clients.entries()) {
      expect(show(client.takeReplies())).toEqual(pongs(8, `${i}:`));
    }
  });

  test("is one send for each connection, however many requests it has", () => {
    const server = new InProcessServer();
    const clients = Array.from({ length: 5 }, () => server.connect());
    for (const client of clients) client.feed(...pings(50));
    server.engine.turn();
    expect(clients.map(({ sendCount }) => sendCount)).toEqual([1, 1, 1, 1, 1]);
    expect(server.thread.sends.writeCount).toBe(5);
  });

  test("of single requests of many connections is a batch, too", () => {
    const server = new InProcessServer({ maxClients: 50 });
    const clients = Array.from({ length: 50 }, () => server.connect());
    for (const client of clients) client.feed(request.incr("n"));
    server.engine.turn();
    expect(server.thread.executor.mixedBatchCount).toBe(1);
    expect(server.thread.executor.singleCount).toBe(0);
    const answers = clients.flatMap((client) => client.takeReplies());
    expect(show(answers)).toEqual(show(clients.map((_, i) => reply.value(i + 1))));
  });

  test("counts its requests by command, invalid ones too", () => {
    const server = new InProcessServer();
    const asked = [request.get("a"), request.get("b"), frame(), frame(99), request.set("a", "b")];
    server.ask(server.connect(), ...asked);
    const { executedCounts } = server.thread.executor;
    expect(executedCounts[OPCODE.GET]).toBe(2);
    expect(executedCounts[OPCODE.SET]).toBe(1);
    expect(executedCounts[OPCODE.INVALID]).toBe(2);
    expect(server.thread.executor.totalCount()).toBe(5);
  });
});

describe("a connection that has no room for its next reply", () => {
  const tight = { spareWindows: 0, sendLimitBytes: 64 * KIB };
  const large = (letter: string) => letter.repeat(10_000);

  test("is not executed any further, while the others are", () => {
    const server = new InProcessServer(tight);
    const [slow, quick] = [server.connect(), server.connect()];
    server.ask(quick, request.set("n", "0"), request.set("large", large("L")));
    slow.capacity = 0;
    for (let i = 0; i < 10; i++) {
      slow.feed(request.get("large"), request.incr("n"));
      quick.feed(request.ping(`${i}`));
    }
    server.engine.turn();
    const { executor } = server.thread;
    expect(server.thread.connections.is(slow.number, CONNECTION.BLOCKED)).toBe(true);
    expect(server.thread.connections.is(quick.number, CONNECTION.BLOCKED)).toBe(false);
    expect(executor.blockedCount).toBe(1);
    expect(show(quick.takeReplies())).toEqual(pongs(10));
    const [n] = server.ask(quick, request.get("n"));
    expect(show(n!)).toEqual(show(reply.value(6)));
  });

  test("is executed later, each request once and in order", () => {
    const server = new InProcessServer(tight);
    const [slow, quick] = [server.connect(), server.connect()];
    server.ask(quick, request.set("n", "0"), request.set("large", large("L")));
    slow.capacity = 0;
    const count = 200;
    for (let i = 0; i < count; i++) slow.feed(request.get("large"), request.incr("n"));
    server.engine.turn();
    const replies: Buffer[] = [];
    while (server.thread.sends.unsentBytes(slow.number) > 0) {
      slow.drain(30_011);
      server.engine.turn();
      replies.push(slow.take());
      server.ask(quick, request.ping());
    }
    const expected = Array.from({ length: count }, (_, i) => [
      reply.value(large("L")),
      reply.value(i + 1),
    ]);
    expect(Buffer.concat(replies).equals(Buffer.concat(expected.flat()))).toBe(true);
    expect(server.thread.pipeline.resumedCount).toBeGreaterThan(10);
    expect(server.thread.executor.executedCounts[OPCODE.INCR]).toBe(count);
  });

  test("does not keep the server turning while its client reads nothing", () => {
    const server = new InProcessServer(tight);
    const slow = server.connect();
    server.ask(slow, request.set("large", large("L")));
    slow.capacity = 0;
    slow.feed(...Array.from({ length: 100 }, () => request.get("large")));
    server.engine.oneTurn();
    expect(server.thread.connections.is(slow.number, CONNECTION.BLOCKED)).toBe(true);
    expect(server.engine.isTurnRequested).toBe(false);
    // Nor when the window is partly sent, and still has no room.
    slow.drain(10);
    server.engine.turn();
    expect(server.engine.isTurnRequested).toBe(false);
    const before = server.engine.turnCount;
    slow.drain(1_000_000);
    server.engine.turn();
    expect(server.engine.turnCount - before).toBeLessThan(40);
  });

  test("goes on when half of the limit is free, not only when all is sent", () => {
    const limit = 1024 * KIB;
    const server = new InProcessServer({ sendLimitBytes: limit });
    const slow = server.connect();
    server.ask(slow, request.set("large", large("L")));
    slow.capacity = 0;
    slow.feed(...Array.from({ length: 300 }, () => request.get("large")));
    server.engine.turn();
    const unsent = server.thread.sends.unsentBytes(slow.number);
    expect(unsent).toBeWithin(limit - 64 * KIB, limit + 64 * KIB);
    slow.drain(unsent - limit / 2 - 1);
    server.engine.turn();
    expect(server.thread.pipeline.resumedCount).toBe(0);
    slow.drain(1);
    server.engine.turn();
    expect(server.thread.pipeline.resumedCount).toBe(1);
    expect(server.thread.sends.unsentBytes(slow.number)).toBeGreaterThan(limit - 64 * KIB);
  });

  test("receives nothing more before it goes on", () => {
    const server = new InProcessServer(tight);
    const slow = server.connect();
    server.ask(slow, request.set("large", large("L")));
    slow.capacity = 0;
    slow.feed(...Array.from({ length: 10 }, () => request.get("large")));
    server.engine.turn();
    expect(server.thread.pipeline.roomFor(slow.number)).toBe(0);
    slow.feed(request.ping("later"));
    expect(slow.heldLength).toBe(request.ping("later").length);
    slow.drain(Infinity);
    server.engine.turn();
    expect(slow.heldLength).toBe(0);
    expect(show(slow.takeReplies().at(-1)!)).toEqual(show(reply.pong("later")));
  });

  test("blocks at its first request too, and then for a reply of three bytes", () => {
    const server = new InProcessServer(tight);
    const slow = server.connect();
    slow.capacity = 0;
    slow.feed(request.ping("p".repeat(65531)), request.del("n"), request.set("after", "1"));
    server.engine.turn();
    expect(server.thread.connections.is(slow.number, CONNECTION.BLOCKED)).toBe(true);
    expect(server.thread.store.keyCount).toBe(0);
    slow.drain(Infinity);
    server.engine.turn();
    const answers = show(slow.takeReplies());
    expect(answers.slice(1)).toEqual(show([Buffer.from("000101", "hex"), reply.value("1")]));
    expect(server.thread.store.keyCount).toBe(1);
  });
});
