import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { describe, expect, test } from "bun:test";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { Random } from "../support/random.ts";
import { InProcessServer, type TestServerOptions } from "../support/test-server.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { OK, TOO_LONG, reply, request, show, splitFrames } from "../support/v1-frames.ts";

const KIB = 1024;
const LARGE = "L".repeat(10_000);
const TIGHT = { spareWindows: 0, sendLimitBytes: 64 * KIB };

/** A connection that is blocked: many replies and a socket that takes nothing. */
function block(server: InProcessServer, count = 100): TestConnection {
  const client = server.connect();
  server.ask(client, request.set("large", LARGE));
  client.capacity = 0;
  client.feed(...Array.from({ length: count }, () => request.get("large")));
  server.engine.turn();
  expect(server.thread.connections.is(client.number, CONNECTION.BLOCKED)).toBe(true);
  return client;
}

function drainAll(server: InProcessServer, client: TestConnection): Buffer[] {
  client.drain(Infinity);
  server.engine.turn();
  return client.takeReplies();
}

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

describe("a connection's number", () => {
  test("may be used again while the rows of the one before are in the batch", () => {
    const server = new InProcessServer();
    const first = server.connect();
    first.feed(request.set("first", "1"), request.get("first"));
    first.disconnect();
    const second = server.connect();
    expect(second.number).toBe(first.number);
    second.feed(request.get("first"), request.ping("second"));
    server.engine.turn();
    expect(show(second.takeReplies())).toEqual(show([reply.value("1"), reply.pong("second")]));
    expect(first.take()).toHaveLength(0);
  });

  test("comes back clean after a connection that was blocked", () => {
    const server = new InProcessServer(TIGHT);
    const slow = block(server);
    slow.disconnect();
    const next = server.connect();
    expect(next.number).toBe(slow.number);
    expect(show(server.ask(next, request.ping("clean")))).toEqual(show(reply.pong("clean")));
    expect(server.thread.sends.unsentBytes(next.number)).toBe(0);
    expect(server.thread.store.pins.count).toBe(0);
  });

  test("comes back clean after half a request, and after half a reply", () => {
    const server = new InProcessServer();
    const first = server.connect();
    first.capacity = 3;
    first.feed(request.ping("unread"), request.ping("half").subarray(0, 4));
    server.engine.turn();
    first.disconnect();
    const next = server.connect();
    expect(next.number).toBe(first.number);
    expect(show(server.ask(next, request.ping("clean")))).toEqual(show(reply.pong("clean")));
  });

  test("may be used again between blocking and resuming", () => {
    const server = new InProcessServer(TIGHT);
    const slow = block(server);
    slow.drain(Infinity);
    server.engine.oneTurn();
    // It is to resume with the next turn; by then it is another's.
    slow.disconnect();
    const next = server.connect();
    next.feed(request.ping("next"));
    server.engine.turn();
    expect(show(next.takeReplies())).toEqual(show(reply.pong("next")));
  });

  test("can come and go at random without mixing up replies", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new Random(seed);
      const server = new InProcessServer({ ...TIGHT, maxClients: 4, spareWindows: 1 });
      let peers: { client: TestConnection; count: number; name: string }[] = [];
      for (let step = 0; step < 200; step++) {
        if (peers.length < 4 && random.oneIn(3)) {
          const client = server.connect();
          if (random.oneIn(2)) client.capacity = random.below(100_000);
          peers.push({ client, count: 0, name: `${step}:` });
        }
        for (const peer of peers) {
          const payload = `${peer.name}${peer.count}`.padEnd(random.oneIn(3) ? 9000 : 12, " ");
          peer.client.feed(request.ping(payload));
          peer.count++;
        }
        if (random.oneIn(2)) server.engine.turn();
        peers = peers.filter(({ client, name }) => {
          if (!random.oneIn(8)) return true;
          client.disconnect();
          const { frames } = splitFrames(client.take());
          for (const [i, answer] of frames.entries()) {
            expect(answer.toString("latin1", 5).trimEnd(), `seed ${seed}`).toBe(`${name}${i}`);
          }
          return false;
        });
      }
    }
  });
});

describe("a peer that sends no more", () => {
  test("is finished once everything is sent", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.capacity = 4;
    client.feed(request.ping("a"), request.ping("b"));
    client.end();
    server.engine.turn();
    expect(client.isFinished).toBe(false);
    expect(show(drainAllSplit(server, client))).toEqual(show([reply.pong("a"), reply.pong("b")]));
    expect(client.isFinished).toBe(true);
  });

  test("is finished at once when it asked nothing", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.end();
    server.engine.turn();
    expect(client.isFinished).toBe(true);
    expect(client.take()).toHaveLength(0);
  });

  test("is answered although it is blocked", () => {
    const server = new InProcessServer(TIGHT);
    const client = block(server, 50);
    client.feed(request.ping("last"));
    client.end();
    server.engine.turn();
    expect(client.isFinished).toBe(false);
    expect(show(drainAll(server, client).at(-1)!)).toEqual(show(reply.pong("last")));
    expect(client.isFinished).toBe(true);
  });

  test("is destroyed when it does not close within two seconds", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.end();
    server.engine.turn();
    server.clock.elapsed += 1900;
    server.maintain();
    expect(client.isOpen).toBe(true);
    server.clock.elapsed += 100;
    server.maintain();
    expect(client.isDestroyed).toBe(true);
    expect(server.thread.connections.droppedCounts).toEqual(new Float64Array(4));
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

describe("a socket that fails", () => {
  test("takes the connection with it, and counts", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.accept = () => -1;
    client.feed(request.ping());
    server.engine.turn();
    expect(client.isDestroyed).toBe(true);
    expect(server.thread.connections.openCount).toBe(0);
    expect(server.thread.connections.droppedCounts[DROP.FAILED]).toBe(1);
  });

  test("does so in the middle of a batch too", () => {
    const server = new InProcessServer(TIGHT);
    const [failing, other] = [server.connect(), server.connect()];
    server.ask(other, request.set("large", LARGE));
    failing.accept = () => -1;
    failing.feed(...Array.from({ length: 30 }, () => request.get("large")));
    other.feed(request.ping("other"));
    server.engine.turn();
    expect(failing.isDestroyed).toBe(true);
    expect(show(other.takeReplies())).toEqual(show(reply.pong("other")));
    expect(server.thread.store.pins.count).toBe(0);
  });
});

describe("the stall timeout", () => {
  const options: TestServerOptions = { ...TIGHT, stallTimeoutSeconds: 10 };

  test("counts from the last byte taken, also without a block", () => {
    const server = new InProcessServer(options);
    const client = server.connect();
    client.capacity = 2;
    client.feed(request.ping("12345"));
    server.engine.turn();
    server.clock.elapsed += 9900;
    client.drain(1);
    server.engine.turn();
    server.clock.elapsed += 9900;
    server.maintain();
    expect(client.isOpen).toBe(true);
    server.clock.elapsed += 100;
    server.maintain();
    expect(client.isDestroyed).toBe(true);
    expect(server.thread.connections.droppedCounts[DROP.STALLED]).toBe(1);
  });

  test("is not begun again by requests that find the socket full", () => {
    const server = new InProcessServer(options);
    const client = server.connect();
    client.capacity = 0;
    client.feed(request.ping());
    server.engine.turn();
    for (let i = 0; i < 10; i++) {
      server.clock.elapsed += 900;
      client.feed(request.ping());
      server.engine.turn();
    }
    server.maintain();
    expect(client.isOpen).toBe(true);
    server.clock.elapsed += 1100;
    server.maintain();
    expect(client.isDestroyed).toBe(true);
  });

  test("ends when everything is read", () => {
    const server = new InProcessServer(options);
    const client = block(server);
    server.clock.elapsed += 9000;
    drainAll(server, client);
    server.clock.elapsed += 1e6;
    server.maintain();
    expect(client.isOpen).toBe(true);
  });
});

describe("stopping", () => {
  test("answers what has arrived, sends it, and closes", () => {
    const server = new InProcessServer();
    const [idle, busy] = [server.connect(), server.connect()];
    busy.feed(request.ping("a"), request.set("k", "v"));
    server.thread.pipeline.turnEnded();
    server.thread.pipeline.closeAll();
    expect(show(busy.takeReplies())).toEqual(show([reply.pong("a"), reply.value("v")]));
    expect([idle.isOpen, busy.isOpen]).toEqual([false, false]);
    expect([idle.isDestroyed, busy.isDestroyed]).toEqual([false, false]);
  });

  test("waits for a slow reader, and executes what it had to leave waiting", () => {
    const server = new InProcessServer(TIGHT);
    const client = block(server, 100);
    client.feed(request.set("last", "1"), request.del("last"));
    server.thread.pipeline.closeAll();
    expect(client.isOpen).toBe(true);
    const replies: Buffer[] = [];
    while (client.isOpen) {
      client.drain(25_000);
      server.engine.turn();
      replies.push(client.take());
    }
    const { frames, rest } = splitFrames(Buffer.concat(replies));
    expect(rest).toHaveLength(0);
    expect(frames).toHaveLength(102);
    expect(show(frames.slice(-2))).toEqual(show([reply.value("1"), OK]));
    expect(client.isDestroyed).toBe(false);
  });

  test("closes what was finishing", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.end();
    server.engine.turn();
    server.thread.pipeline.closeAll();
    expect(client.isOpen).toBe(false);
  });

  test("destroys in the end whoever is left", () => {
    const server = new InProcessServer(TIGHT);
    const client = block(server);
    server.thread.pipeline.closeAll();
    server.thread.pipeline.destroyAll();
    expect(client.isDestroyed).toBe(true);
    expect(server.thread.connections.openCount).toBe(0);
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

function drainAllSplit(server: InProcessServer, client: TestConnection): Buffer[] {
  const begin = client.take();
  client.drain(Infinity);
  server.engine.turn();
  return splitFrames(Buffer.concat([begin, client.take()])).frames;
}
