import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLibc } from "../../src/lib/libc.ts";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { SLICE, SLICE_BUCKET_COUNT } from "../../src/store/work-slices.ts";
import { InProcessServer, startTestServer } from "../support/test-server.ts";
import { reply, request, show } from "../support/v1-frames.ts";
import { waitUntil } from "../support/wait-until.ts";

const MIB = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), "fkvs-thread-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("DataThread", () => {
  test("says which port it has", async () => {
    await using server = await startTestServer();
    expect(server.port).toBeGreaterThan(0);
    expect(server.thread.info()).toContain(`port: ${server.port} \n`);
  });

  test("cannot have a port that another has", async () => {
    await using first = await startTestServer();
    await using second = await startTestServer();
    expect(() => second.thread.listen([first.address])).toThrow(
      expect.objectContaining({ code: "EADDRINUSE" }),
    );
  });

  test("serves a unix socket, and removes it when it stops", async () => {
    const path = join(folder, "thread.sock");
    {
      await using server = await startTestServer({ unix: path });
      const client = await server.connect();
      expect(show(await client.ask(request.ping("unix")))).toEqual(show(reply.pong("unix")));
    }
    expect(existsSync(path)).toBe(false);
  });

  test("stops with all that has arrived answered and sent", async () => {
    await using server = await startTestServer();
    const clients = await Promise.all(Array.from({ length: 10 }, () => server.connect()));
    const count = 500;
    const asked = Array.from({ length: count }, () => request.incr("n"));
    for (const client of clients) client.send(...asked);
    await server.thread.stop();
    const replies = await Promise.all(clients.map((client) => client.replies(count)));
    const highest = Math.max(...replies.map((each) => Number(each.at(-1)!.toString("latin1", 5))));
    expect(highest).toBe(count * clients.length);
    expect(server.thread.connections.openCount).toBe(0);
    for (const client of clients) await client.ended();
  });

  test("keeps the store from the memory that the windows have come to use", () => {
    const server = new InProcessServer({ maxMemoryBytes: 64 * MIB, maxClients: 300 });
    const { store } = server.thread;
    const before = store.pool.availableCount;
    const clients = Array.from({ length: 250 }, () => server.connect());
    for (const client of clients) client.feed(request.ping("p".repeat(60_000)));
    server.engine.turn();
    server.maintain();
    const windowBytes = Number(server.info().get("memory_windows_bytes"));
    expect(windowBytes).toBeGreaterThan(250 * 2 * 60_000);
    const given = before - store.pool.availableCount;
    expect(given).toBeWithin(windowBytes / PAGE_SIZE - 1, windowBytes / PAGE_SIZE + 2);
  });

  test.skipIf(loadLibc() === null)("gives freed memory back to the system", async () => {
    await using server = await startTestServer();
    const { store } = server.thread;
    const client = await server.connect();
    const value = "v".repeat(50_000);
    const keys = Array.from({ length: 400 }, (_, i) => `${i}`);
    await client.ask(...keys.map((key) => request.set(key, value)));
    await client.ask(...keys.map((key) => request.del(key)));
    const releaseCount = () =>
      Array.from({ length: SLICE_BUCKET_COUNT }, (_, i) => store.slices.count(SLICE.RELEASE, i));
    await waitUntil(
      () => releaseCount().some((count) => count > 0),
      () => "memory to be released",
    );
    expect(store.keyCount).toBe(0);
  });
});
