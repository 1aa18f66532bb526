// A real Worker, and messages as the supervisor exchanges them with it.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reserveStore } from "../../src/store/store-buffers.ts";
import { DataThreadPeer } from "../support/data-thread-peer.ts";
import { TestClient } from "../support/test-client.ts";
import { reply, request, show } from "../support/v1-frames.ts";

const ANY_PORT = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const MIB = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), "fkvs-worker-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function connect(peer: DataThreadPeer): Promise<TestClient> {
  const ready = await peer.next();
  if (ready.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(ready)}`);
  return await TestClient.connect(ready.addresses[0]!);
}

describe("the data thread's Worker", () => {
  test("says where it serves, and with which engine", async () => {
    using peer = new DataThreadPeer();
    const path = join(folder, "ready.sock");
    peer.start([ANY_PORT, { kind: "unix", path }]);
    const ready = await peer.next();
    expect(ready).toEqual({
      kind: "ready",
      addresses: [
        { ...ANY_PORT, port: expect.any(Number) },
        { kind: "unix", path },
      ],
      engine: "listen",
      engineReason: "asked for",
    });
    expect(peer.prepared).toEqual({ kind: "prepared", doorbell: -1, log: null });
    expect(ready).not.toHaveProperty("addresses.0.port", 0);
  });

  test("says with which code it cannot listen when the port is in use", async () => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    using peer = new DataThreadPeer();
    peer.start([{ ...ANY_PORT, port: other.port }]);
    expect(await peer.next()).toEqual({
      kind: "failed",
      code: "EADDRINUSE",
      message: expect.stringContaining("127.0.0.1"),
      isRecovery: false,
    });
  });

  test("says what else keeps it from starting", async () => {
    using peer = new DataThreadPeer();
    // One segment is one place in the directory of tables.
    peer.start([ANY_PORT], { store: reserveStore(16 * MIB, 0) });
    expect(await peer.next()).toEqual({
      kind: "failed",
      code: "",
      message: expect.stringContaining("two places or more"),
      isRecovery: false,
    });
  });

  test("says when the store has come nearer to memory that is not committed", async () => {
    using peer = new DataThreadPeer();
    peer.start([ANY_PORT]);
    const client = await connect(peer);
    const value = "v".repeat(60_000);
    await client.ask(...Array.from({ length: 60 }, (_, i) => request.set(`${i}`, value)));
    expect(await peer.next()).toEqual({ kind: "want-memory" });
    client.close();
  });

  test("stops when the mailbox asks for it, not at every ring", async () => {
    using peer = new DataThreadPeer();
    // Nobody is there to stop yet.
    peer.ring();
    peer.start([ANY_PORT]);
    const client = await connect(peer);
    peer.ring();
    client.send(request.set("key", "value"));
    expect(show(await client.replies(1))).toEqual(show(reply.value("value")));
    client.send(request.get("key"));
    expect(show(await client.replies(1))).toEqual(show(reply.value("value")));
    peer.stop();
    await client.ended();
    expect(await peer.next()).toEqual({ kind: "closed" });
    expect(await peer.next()).toEqual({ kind: "stopped", failure: "" });
    expect(peer.mailbox.take()).toBe(0);
  });
});
