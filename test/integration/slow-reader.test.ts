// Clients that ask and do not read: they lose nothing, hold up nobody, cost bounded memory, and are
// dropped only when they take no byte for as long as the stall timeout.

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { expect, setDefaultTimeout, test } from "bun:test";
import { describeEngines } from "../support/describe-engines.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { expectHealthy } from "../support/expect-healthy.ts";
import { type TestServer } from "../support/test-server.ts";
import type { TestClient } from "../support/test-client.ts";
import { reply, request, show } from "../support/v1-frames.ts";
import { waitUntil } from "../support/wait-until.ts";

setDefaultTimeout(30_000);

const KIB = 1024;
const MIB = 1024 * KIB;
const LARGE_LENGTH = 60_000;
/** Fill a receive window. */
const LARGE_GET_COUNT = 6000;
const SMALL_LENGTH = 1000;

function largeValue(server: TestServer, client: TestClient): Promise<Buffer[]> {
  expect(server.thread.store.keyCount).toBe(0);
  return client.ask(request.set("large", "L".repeat(LARGE_LENGTH)));
}

/** Sends GETs of a large value without reading a reply, until the server reads no more either. */
async function stall(server: TestServer, client: TestClient, count: number): Promise<void> {
  client.pause();
  client.send(...Array.from({ length: count }, () => request.get("large")));
  await waitUntil(
    () =>
      server.thread.connections.is(0, CONNECTION.BLOCKED) &&
      server.thread.connections.unsentSinceMs[0]! > 0,
    () => "the connection to block and its turn to end",
  );
}

describeEngines("a client that has 1 MiB of replies unread", (startServer) => {
  test("gets them all, in order, and was never paused", async () => {
    await using server = await startServer();
    const client = await server.connect();
    client.pause();
    const count = (MIB / SMALL_LENGTH) | 0;
    const payload = (i: number) => `${i}`.padStart(SMALL_LENGTH, "x");
    const pings = Array.from({ length: count }, (_, i) => request.ping(payload(i)));
    client.send(...pings);
    const { executedCounts } = server.thread.executor;
    await waitUntil(
      () => executedCounts[OPCODE.PING] === count,
      () => `${executedCounts[OPCODE.PING]} of ${count} requests to be executed`,
    );
    expect(server.thread.executor.blockedCount).toBe(0);
    client.resume();
    const replies = await client.replies(count);
    for (const [i, answer] of replies.entries()) {
      expect(answer.equals(reply.pong(payload(i)))).toBe(true);
    }
  });

  test("gets them all although its socket takes next to nothing at first", async () => {
    // The kernel's own buffers are large; more than they hold has to wait in the server's.
    await using server = await startServer({ spareWindows: 64 });
    const client = await server.connect();
    client.pause();
    const count = 10_000;
    const payload = (i: number) => `${i}`.padStart(SMALL_LENGTH, "x");
    client.send(...Array.from({ length: count }, (_, i) => request.ping(payload(i))));
    await waitUntil(
      () => server.thread.sends.unsentBytes(0) >= MIB - 64 * KIB,
      () => `${server.thread.sends.unsentBytes(0)} bytes to be unsent`,
    );
    expect(server.thread.sends.spareTakenCount).toBeGreaterThan(10);
    client.resume();
    const replies = await client.replies(count);
    expect(replies.every((answer, i) => answer.equals(reply.pong(payload(i))))).toBe(true);
    client.close();
    await expectHealthy(server);
  });
});

describeEngines("a client with a window full of GETs of large values", (startServer) => {
  test("is paused, costs bounded memory, and then reads everything in order", async () => {
    await using server = await startServer();
    const { thread } = server;
    const client = await server.connect();
    await largeValue(server, client);
    client.send(request.set("number", "0"));
    await client.replies(1);
    const taken = thread.store.pool.takenCount;
    client.pause();
    // The counter among them shows that each is executed once, and in its place.
    const asked = Array.from({ length: LARGE_GET_COUNT }, (_, i) =>
      i % 3 === 2 ? request.incr("number") : request.get("large"),
    );
    client.send(...asked);
    await waitUntil(
      () => thread.connections.is(0, CONNECTION.BLOCKED),
      () => "the connection to block",
    );
    expect(thread.sends.unsentBytes(0)).toBeLessThan(MIB + LARGE_LENGTH + 64 * KIB);
    expect(thread.store.pool.takenCount).toBe(taken);
    const other = await server.connect();
    expect(show(await other.ask(request.get("number"), request.ping("quick")))[1]).toEqual(
      show(reply.pong("quick"))[0]!,
    );

    client.resume();
    const large = reply.value("L".repeat(LARGE_LENGTH));
    for (let i = 0; i < LARGE_GET_COUNT; i++) {
      const [answer] = await client.replies(1);
      const expected = i % 3 === 2 ? reply.value((i + 1) / 3) : large;
      if (!answer!.equals(expected)) expect(show(answer!)).toEqual(show(expected));
    }
    expect(thread.pipeline.resumedCount).toBeGreaterThan(0);
    expect(thread.sends.vectoredCount).toBeGreaterThan(0);
    expect(thread.sends.unsentBytes(0)).toBe(0);
    client.close();
    other.close();
    await expectHealthy(server);
    expect(thread.connections.droppedCounts[DROP.STALLED]).toBe(0);
  });

  test("is not read from either: its own sending stops", async () => {
    await using server = await startServer();
    const { thread } = server;
    const client = await server.connect();
    client.pause();
    const payload = "p".repeat(60_000);
    const count = 1500;
    client.send(...Array.from({ length: count }, () => request.ping(payload)));
    const executed = () => thread.executor.executedCounts[OPCODE.PING]!;
    await waitUntil(
      () =>
        thread.connections.unsentSinceMs[0]! > 0 && thread.connections.is(0, CONNECTION.BLOCKED),
      () => "the connection to block",
    );
    const before = executed();
    await thread.engine.quiet();
    expect(executed()).toBe(before);
    // The rest is in the sockets' buffers, the windows, and one chunk that was already read.
    expect(client.unsentBytes).toBeGreaterThan(30 * MIB);
    client.resume();
    const replies = await client.replies(count);
    expect(replies.every((answer) => answer.length === payload.length + 5)).toBe(true);
    client.close();
    await expectHealthy(server);
  });

  test("sees each value as it was when its GET was executed", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const values = ["A", "B", "C"].map((letter) => letter.repeat(LARGE_LENGTH));
    client.pause();
    const rounds = 60;
    for (let i = 0; i < rounds; i++) {
      const value = values[i % 3]!;
      client.send(request.set("key", value), request.get("key"), request.del("key"));
    }
    client.resume();
    const replies = await client.replies(3 * rounds);
    for (let i = 0; i < rounds; i++) {
      const expected = reply.value(values[i % 3]!);
      expect(replies[3 * i]!.equals(expected)).toBe(true);
      expect(replies[3 * i + 1]!.equals(expected)).toBe(true);
    }
    client.close();
    await expectHealthy(server);
  });

  test("goes without taking the others' room with it", async () => {
    await using server = await startServer({ spareWindows: 2 });
    const client = await server.connect();
    await largeValue(server, client);
    await stall(server, client, LARGE_GET_COUNT);
    expect(server.thread.store.pins.count).toBeGreaterThan(0);
    client.destroy();
    await expectHealthy(server);
    const next = await server.connect();
    const replies = await next.ask(...Array.from({ length: 50 }, () => request.get("large")));
    expect(replies.every((answer) => answer.length === LARGE_LENGTH + 5)).toBe(true);
  });
});

describeEngines("the stall timeout", (startServer) => {
  test("drops a client that takes no byte for so long, and not before", async () => {
    await using server = await startServer({ stallTimeoutSeconds: 10 });
    const { thread, clock } = server;
    const client = await server.connect();
    await largeValue(server, client);
    await stall(server, client, LARGE_GET_COUNT);
    clock.elapsed += 9_000;
    thread.tick();
    expect(thread.connections.droppedCounts[DROP.STALLED]).toBe(0);
    expect(thread.connections.openCount).toBe(1);
    clock.elapsed += 1_001;
    thread.tick();
    expect(thread.connections.droppedCounts[DROP.STALLED]).toBe(1);
    client.resume();
    await client.closed();
    await expectHealthy(server);
  });

  test("begins again with every byte taken", async () => {
    await using server = await startServer({ stallTimeoutSeconds: 10 });
    const { thread, clock } = server;
    const client = await server.connect();
    await largeValue(server, client);
    await stall(server, client, LARGE_GET_COUNT);
    for (let i = 0; i < 5; i++) {
      clock.elapsed += 9_000;
      const before = client.receivedBytes;
      const resumed = thread.pipeline.resumedCount;
      client.resume();
      await waitUntil(
        () => client.receivedBytes > before && thread.pipeline.resumedCount > resumed,
        () => "the connection to go on",
      );
      client.pause();
      thread.tick();
    }
    expect(thread.connections.droppedCounts[DROP.STALLED]).toBe(0);
    expect(thread.connections.openCount).toBe(1);
  });

  test("drops nobody when it is 0, and nobody who has read everything", async () => {
    await using server = await startServer({ stallTimeoutSeconds: 0 });
    const { thread, clock } = server;
    const client = await server.connect();
    await largeValue(server, client);
    await stall(server, client, LARGE_GET_COUNT);
    clock.elapsed += 1e9;
    thread.tick();
    expect(thread.connections.openCount).toBe(1);

    await using patient = await startServer({ stallTimeoutSeconds: 10 });
    const idle = await patient.connect();
    await idle.ask(request.ping());
    patient.clock.elapsed += 1e9;
    patient.thread.tick();
    expect(show(await idle.ask(request.ping("here")))).toEqual(show(reply.pong("here")));
  });
});
