// What becomes of connections whose peers come and go, send no more, fail, or do not read, and of
// all of them when the server stops.

import { describe, expect, test } from "bun:test";
import { DROP } from "../../src/server/connection-table.ts";
import { LARGE, TIGHT, block, drainAll } from "../support/blocked-connection.ts";
import { Random } from "../support/random.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { InProcessServer, type TestServerOptions } from "../support/test-server.ts";
import { OK, reply, request, show, splitFrames } from "../support/v1-frames.ts";

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

  test("is closed, but not reset, when it does not close within two seconds", () => {
    const server = new InProcessServer();
    const client = server.connect();
    client.end();
    server.engine.turn();
    server.clock.elapsed += 1900;
    server.maintain();
    expect(client.isOpen).toBe(true);
    server.clock.elapsed += 100;
    server.maintain();
    expect([client.isOpen, client.isDestroyed]).toEqual([false, false]);
    expect(server.thread.connections.droppedCounts).toEqual(new Float64Array(4));
  });
});

describe("a peer that has not taken its last replies from the kernel", () => {
  function finish(server: InProcessServer) {
    const client = server.connect();
    client.feed(request.ping("last"));
    client.end();
    server.engine.turn();
    client.unacknowledgedBytes = 100;
    server.maintain();
    return client;
  }

  test("is waited for while it takes them, and then closed", () => {
    const server = new InProcessServer({ stallTimeoutSeconds: 10 });
    const client = finish(server);
    for (let i = 0; i < 5; i++) {
      server.clock.elapsed += 10_000;
      client.unacknowledgedBytes -= 10;
      server.maintain();
      expect(client.isOpen).toBe(true);
      server.maintain();
    }
    client.unacknowledgedBytes = 1;
    server.clock.elapsed += 2000;
    server.maintain();
    expect([client.isOpen, client.isDestroyed]).toEqual([false, false]);
  });

  test("is dropped when it takes nothing for the stall timeout", () => {
    const server = new InProcessServer({ stallTimeoutSeconds: 10 });
    const client = finish(server);
    server.clock.elapsed += 9900;
    server.maintain();
    expect(client.isOpen).toBe(true);
    server.clock.elapsed += 100;
    server.maintain();
    expect(client.isDestroyed).toBe(true);
    expect(server.thread.connections.droppedCounts[DROP.STALLED]).toBe(1);
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

  test("begins again when the kernel gets rid of bytes, though it takes no more yet", () => {
    const server = new InProcessServer(options);
    const client = server.connect();
    client.capacity = 2;
    client.unacknowledgedBytes = 5000;
    client.feed(request.ping("12345"));
    server.engine.turn();
    for (let i = 0; i < 3; i++) {
      server.maintain();
      server.clock.elapsed += 10_000;
      client.unacknowledgedBytes -= 1000;
      server.maintain();
      expect(client.isOpen).toBe(true);
    }
    server.maintain();
    server.clock.elapsed += 10_000;
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

function drainAllSplit(server: InProcessServer, client: TestConnection): Buffer[] {
  const begin = client.take();
  client.drain(Infinity);
  server.engine.turn();
  return splitFrames(Buffer.concat([begin, client.take()])).frames;
}
