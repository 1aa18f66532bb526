// Connections that come, go and are too many.

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { expect, setDefaultTimeout, test } from "bun:test";
import { DROP } from "../../src/server/connection-table.ts";
import { expectHealthy } from "../support/expect-healthy.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { reply, request, show } from "../support/v1-frames.ts";
import type { TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

async function letGo({ thread }: TestServer): Promise<void> {
  await waitUntil(
    () => thread.connections.openCount === 0,
    () => "the server to let its clients go",
  );
}

setDefaultTimeout(30_000);

const CONNECTION_COUNT = 5000;
const WAVE_SIZE = 250;

describeEngines("a client that goes in the middle of its pipeline", (startServer) => {
  test.each(["with a FIN", "with a reset"])("%s, leaves nothing behind", async (manner) => {
    await using server = await startServer();
    for (let round = 0; round < 20; round++) {
      const client = await server.connect();
      const sets = Array.from({ length: 300 }, (_, i) => request.set(`${i}`, "v".repeat(600)));
      const pipeline = Buffer.concat(sets);
      client.send(pipeline.subarray(0, pipeline.length - 10 * round - 1));
      if (manner === "with a FIN") client.close();
      else client.destroy();
    }
    await expectHealthy(server);
    expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(0);
  });

  test("does not disturb the others in the same batches", async () => {
    await using server = await startServer();
    const steady = await server.connect();
    const asked = Array.from({ length: 100 }, (_, i) => request.ping(`${i}`));
    for (let round = 0; round < 20; round++) {
      const passing = await server.connect();
      passing.send(...asked);
      steady.send(...asked);
      passing.destroy();
      const replies = await steady.replies(asked.length);
      expect(replies.every((answer, i) => answer.equals(reply.pong(`${i}`)))).toBe(true);
    }
    steady.close();
    await expectHealthy(server);
  });
});

describeEngines("a client that has sent its last byte", (startServer) => {
  test("still gets all its replies, and then the server's end", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const count = 1000;
    client.send(...Array.from({ length: count }, (_, i) => request.set(`${i}`, `value ${i}`)));
    client.finish();
    const replies = await client.replies(count);
    expect(replies.every((answer, i) => answer.equals(reply.value(`value ${i}`)))).toBe(true);
    await client.ended();
    client.close();
    await expectHealthy(server);
  });

  test("still gets them when it reads slowly and its requests have to wait", async () => {
    await using server = await startServer({ spareWindows: 1, sendLimitBytes: 64 * 1024 });
    const client = await server.connect();
    const value = "v".repeat(50_000);
    await client.ask(request.set("key", value));
    client.pause();
    const count = 5000;
    client.send(...Array.from({ length: count }, () => request.get("key")));
    client.finish();
    await waitUntil(
      () => server.thread.connections.is(0, CONNECTION.BLOCKED) && client.unsentBytes === 0,
      () => "the connection to block",
    );
    client.resume();
    for (let i = 0; i < count; i++) {
      const [answer] = await client.replies(1);
      expect(answer!.length).toBe(value.length + 5);
    }
    await client.ended();
    client.close();
    await expectHealthy(server);
  });

  test("is closed without a reply when it has sent half a request", async () => {
    await using server = await startServer();
    const client = await server.connect();
    client.send(request.set("key", "value").subarray(0, 9));
    client.finish();
    await client.ended();
    expect(client.replyCount).toBe(0);
    client.close();
    await expectHealthy(server);
  });

  test("is not waited for when it does not close in its turn", async () => {
    await using server = await startServer();
    const client = await server.connect();
    client.send(request.ping(), Buffer.from("ffff", "hex"));
    await client.ended();
    expect(server.thread.connections.openCount).toBe(1);
    server.clock.elapsed += 2000;
    server.thread.tick();
    await letGo(server);
    client.close();
    await expectHealthy(server);
  });
});

describeEngines("a client that says goodbye and reads late", (startServer) => {
  test("gets all its replies, and is gone then", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const value = "v".repeat(40_000);
    await client.ask(request.set("key", value));
    client.pause();
    const count = 10;
    client.send(...Array.from({ length: count }, () => request.get("key")));
    client.send(Buffer.from("ffff", "hex"));
    const isFinishing = () => server.thread.connections.is(0, CONNECTION.FINISHING);
    await waitUntil(isFinishing, () => "all replies to be with the kernel");
    server.clock.elapsed += 2000;
    server.thread.tick();
    client.resume();
    const replies = await client.replies(count);
    expect(replies.every((answer) => answer.length === value.length + 5)).toBe(true);
    await client.ended();
    server.clock.elapsed += 2000;
    server.thread.tick();
    await letGo(server);
    client.close();
    await expectHealthy(server);
  });
});

describeEngines("more clients than allowed", (startServer) => {
  test("are closed at once and counted, and the others served", async () => {
    await using server = await startServer({ maxClients: 3 });
    const { connections } = server.thread;
    const served = [await server.connect(), await server.connect(), await server.connect()];
    await waitUntil(
      () => connections.openCount === 3,
      () => "three connections",
    );
    const refused = [await server.connect(), await server.connect()];
    for (const client of refused) {
      client.send(request.set("never", "executed"));
      await client.closed();
      expect(client.replyCount).toBe(0);
    }
    expect(connections.refusedCount).toBe(2);
    expect(connections.acceptedCount).toBe(3);
    for (const client of served) {
      expect(show(await client.ask(request.ping("in")))).toEqual(show(reply.pong("in")));
    }
    expect(server.thread.store.keyCount).toBe(0);

    served[1]!.close();
    await waitUntil(
      () => connections.openCount === 2,
      () => "one connection less",
    );
    const late = await server.connect();
    expect(show(await late.ask(request.ping("now")))).toEqual(show(reply.pong("now")));
    expect(connections.refusedCount).toBe(2);
  });
});

describeEngines("thousands of connections that come and go", (startServer) => {
  test("leave memory flat and are all counted", async () => {
    await using server = await startServer({ maxClients: WAVE_SIZE + 10 });
    const { connections, windows, sends } = server.thread;
    let touchedAfterFirst = 0;
    const value = "v".repeat(3000);
    for (let begun = 0; begun < CONNECTION_COUNT; begun += WAVE_SIZE) {
      const clients = await Promise.all(Array.from({ length: WAVE_SIZE }, () => server.connect()));
      const answers = await Promise.all(
        clients.map((client) => client.ask(request.set("key", value), request.get("key"))),
      );
      expect(answers.every(([, got]) => got!.equals(reply.value(value)))).toBe(true);
      for (const [i, client] of clients.entries()) {
        if (i % 2 === 0) client.close();
        else client.destroy();
      }
      await waitUntil(
        () => connections.openCount === 0,
        () => `${connections.openCount} connections to close`,
      );
      const touched = windows.touched.bytes + sends.touched.bytes;
      if (begun === 0) touchedAfterFirst = touched;
      expect(touched).toBe(touchedAfterFirst);
    }
    expect(touchedAfterFirst).toBeGreaterThan(0);
    expect(connections.acceptedCount).toBe(CONNECTION_COUNT);
    expect(connections.closedCount).toBe(CONNECTION_COUNT);
    expect(connections.refusedCount).toBe(0);
    expect([...connections.droppedCounts]).toEqual([0, 0, 0, 0]);
    await expectHealthy(server);
  });
});
