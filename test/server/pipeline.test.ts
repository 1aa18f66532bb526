// The pipeline between sockets and executor: turns, receive windows and what is left for later.
// Connections that come, end, fail and stall are in pipeline-connections.test.ts.

import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { LARGE, TIGHT, block, drainAll } from "../support/blocked-connection.ts";
import { Random } from "../support/random.ts";
import { InProcessServer } from "../support/test-server.ts";
import { TOO_LONG, reply, request, show } from "../support/v1-frames.ts";

const KIB = 1024;

describe("a turn", () => {
  test("answers nothing before it ends, unless a batch is full", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.feed(request.ping("one"), request.ping("two"));
    expect(server.thread.executor.totalCount()).toBe(0);
    client.feed(...Array.from({ length: 63 }, () => request.ping()));
    expect(server.thread.executor.totalCount()).toBe(64);
    expect(client.take()).toHaveLength(0);
    server.engine.turn();
    expect(client.takeReplies()).toHaveLength(65);
    expect(client.sendCount).toBe(1);
  });

  test("reads the clock once, when the first thing happens", () => {
    const server = new InProcessServer();
    const [one, two] = [server.connect(), server.connect()];
    let reads = 0;
    const { clock } = server;
    clock.nowMs = () => {
      reads++;
      return clock.now;
    };
    one.feed(request.setEx("k", "v", 1));
    clock.now += 5000;
    two.feed(request.ttl("k"));
    server.engine.turn();
    expect(reads).toBe(1);
    expect(show(two.takeReplies())).toEqual(show(reply.value(1)));
    expect(show(server.ask(two, request.ttl("k")))).toEqual(show(reply.value(-2)));
    expect(reads).toBe(2);
  });

  test("executes in the order of arrival, across connections too", () => {
    const server = new InProcessServer();
    const clients = [server.connect(), server.connect(), server.connect()];
    const random = new Random(1);
    const expected: string[][] = clients.map(() => []);
    for (let i = 1; i <= 50; i++) {
      const which = random.below(clients.length);
      clients[which]!.feed(request.incr("n"));
      expected[which]!.push(show(reply.value(i))[0]!);
    }
    server.engine.turn();
    expect(clients.map((client) => show(client.takeReplies()))).toEqual(expected);
  });

  test("counts what was received in pieces", () => {
    const server = new InProcessServer();
    const client = server.connect();
    for (const byte of request.ping("abc")) client.feed(Buffer.from([byte]));
    server.engine.turn();
    expect(server.thread.pipeline.turn.receiveCount).toBe(8);
    expect(show(client.takeReplies())).toEqual(show(reply.pong("abc")));
  });

  test("with one request counts one of each: turn, receive, command, write", () => {
    const server = new InProcessServer();
    server.ask(server.connect(), request.get("k"));
    const { executor, pipeline, sends } = server.thread;
    expect(executor.executedCounts[OPCODE.GET]).toBe(1);
    expect([pipeline.turn.turnCount, pipeline.turn.receiveCount]).toEqual([1, 1]);
    expect([sends.writeCount, sends.vectoredCount, sends.partialCount]).toEqual([1, 0, 0]);
  });
});

describe("a receive window", () => {
  test("takes any amount in one piece, frame after frame", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const count = 40;
    const payload = (i: number) => `${i}`.padStart(20_000 + i * 1000, "x");
    client.feed(Buffer.concat(Array.from({ length: count }, (_, i) => request.ping(payload(i)))));
    server.engine.turn();
    const replies = client.takeReplies();
    expect(replies.every((answer, i) => answer.equals(reply.pong(payload(i))))).toBe(true);
    expect(replies).toHaveLength(count);
  });

  test("is not moved while its requests are in the batch", () => {
    const server = new InProcessServer();
    const [one, two] = [server.connect(), server.connect()];
    // The rows of `one` wait in the batch while more arrives for it, and for another.
    one.feed(request.set("a", "1".repeat(30_000)));
    two.feed(request.set("b", "2".repeat(30_000)));
    one.feed(request.set("c", "3".repeat(30_000)).subarray(0, 20_000));
    two.feed(request.get("b"));
    one.feed(request.set("c", "3".repeat(30_000)).subarray(20_000), request.get("a"));
    server.engine.turn();
    expect(one.takeReplies().map((answer) => answer[5])).toEqual([0x31, 0x33, 0x31]);
    expect(two.takeReplies().map((answer) => answer[5])).toEqual([0x32, 0x32]);
  });

  test("of 1 MiB works as one of 64 KiB", () => {
    const server = new InProcessServer({ windowSizeBytes: 1024 * KIB });
    const client = server.connect();
    const pings = Array.from({ length: 100 }, (_, i) => request.ping(`${i}`.repeat(10_000)));
    expect(server.ask(client, ...pings)).toHaveLength(100);
  });
});

describe("a length that is never allowed", () => {
  test("ends the connection after the replies, and what follows is dropped", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.feed(request.ping("before"), TOO_LONG, request.set("k", "v"));
    client.feed(request.set("k", "v"));
    server.engine.turn();
    client.feed(Buffer.alloc(300_000));
    server.engine.turn();
    expect(show(client.takeReplies())).toEqual(show(reply.pong("before")));
    expect(client.isFinished).toBe(true);
    expect(server.thread.store.keyCount).toBe(0);
    expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(1);
  });

  test("is remembered by a connection that is blocked before it", () => {
    const server = new InProcessServer(TIGHT);
    const client = block(server, 40);
    client.feed(TOO_LONG, request.set("k", "v"));
    server.engine.turn();
    expect(client.isFinished).toBe(false);
    expect(drainAll(server, client)).toHaveLength(40);
    expect(client.isFinished).toBe(true);
    expect(server.thread.store.keyCount).toBe(1);
  });

  test("is found again after the requests before it had to wait in the batch", () => {
    const server = new InProcessServer(TIGHT);
    const client = server.connect();
    server.ask(client, request.set("large", LARGE));
    client.capacity = 0;
    // All in one piece: the length is seen before the batch runs and blocks.
    const gets = Array.from({ length: 40 }, () => request.get("large"));
    client.feed(Buffer.concat([...gets, TOO_LONG, request.set("k", "v")]));
    server.engine.turn();
    expect(server.thread.connections.is(client.number, CONNECTION.BLOCKED)).toBe(true);
    client.feed(request.set("k", "v"));
    expect(drainAll(server, client)).toHaveLength(40);
    expect(client.isFinished).toBe(true);
    expect(server.thread.store.keyCount).toBe(1);
    expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(1);
  });
});

describe("maintenance", () => {
  test("goes on turn after turn while nothing else happens, until all is done", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const sets = Array.from({ length: 50_000 }, (_, i) => request.setEx(`${i}`, "v", 1));
    for (let i = 0; i < sets.length; i += 1000) server.ask(client, ...sets.slice(i, i + 1000));
    server.clock.now += 3000;
    const before = server.engine.turnCount;
    server.maintain();
    expect(server.thread.store.keyCount).toBe(0);
    expect(server.engine.turnCount - before).toBeGreaterThan(5);
    expect(server.engine.isTurnRequested).toBe(false);
  });

  test("leaves requests three quarters of the time", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const sets = Array.from({ length: 50_000 }, (_, i) => request.setEx(`${i}`, "v", 1));
    for (let i = 0; i < sets.length; i += 1000) server.ask(client, ...sets.slice(i, i + 1000));
    server.clock.now += 3000;
    const { store } = server.thread;
    let slices = 0;
    const runMaintenance = store.runMaintenance.bind(store);
    store.runMaintenance = () => {
      slices++;
      return runMaintenance();
    };
    server.thread.tick();
    // Time stands still between the turns, so every slice after the first has to wait.
    server.clock.stepMs = 0.001;
    for (let turn = 0; turn < 100; turn++) {
      client.feed(request.ping());
      server.engine.oneTurn();
    }
    const waited = slices;
    expect(waited).toBeLessThan(30);
    server.clock.elapsed += 100;
    client.feed(request.ping());
    server.engine.oneTurn();
    expect(slices).toBe(waited + 1);
  });

  test("asks for no turn when there is nothing to do", () => {
    const server = new InProcessServer();
    server.maintain();
    const before = server.engine.turnCount;
    server.maintain();
    expect(server.engine.turnCount - before).toBe(1);
  });
});
