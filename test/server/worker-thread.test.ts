// One real Worker, as the main thread holds it; what it does in there: data-thread-worker.test.ts.

import { describe, expect, test } from "bun:test";
import { reserveSharedBuffers } from "../../src/server/shared-buffers.ts";
import type { StartMessage } from "../../src/server/thread-message.ts";
import { ONLY_THREAD, type ThreadSetup } from "../../src/server/thread-setup.ts";
import { WorkerThread } from "../../src/server/worker-thread.ts";
import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { TestClient } from "../support/test-client.ts";
import { threadOptions } from "../support/test-server.ts";
import { reply, request, show } from "../support/v1-frames.ts";
import { waitUntil } from "../support/wait-until.ts";

const MIB = 2 ** 20;
const ANY_PORT = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const SECOND: ThreadSetup = { index: 1, count: 2, mode: "shared" };

function openThread(setup: ThreadSetup) {
  const heard: string[] = [];
  const thread = new WorkerThread(setup, {
    receive: (message) => heard.push(message.kind),
    explain: (failure) => `explained: ${failure.message}`,
    stopped: () => heard.push("stopped"),
    died: (name, reason) => heard.push(`${name} died: ${reason}`),
  });
  return { thread, heard };
}

function startOf(io: string, options: Parameters<typeof threadOptions>[0] = {}) {
  const message: Omit<StartMessage, "kind" | "mailbox"> = {
    io: io === "uring" ? "uring" : "listen",
    options: threadOptions(options),
    wal: null,
  };
  return message;
}

/** Not by `rejects`: while that waits, no Worker is heard. */
async function faultOf(started: Promise<unknown>): Promise<string> {
  const error = await started.then(
    () => new Error("it has started"),
    (reason: Error) => reason,
  );
  return error.message;
}

describe.each([...ENGINES.keys()])("a data thread of the main thread, over %s", (io) => {
  test("starts, listens, and stops when it is asked to", async () => {
    const { thread, heard } = openThread(ONLY_THREAD);
    const prepared = await thread.start(startOf(io));
    expect(prepared.log).toBeNull();
    expect(thread.doorbell).toBe(prepared.doorbell);
    expect(thread.doorbell >= 0).toBe(io === "uring");
    const ready = await thread.listen({ addresses: [ANY_PORT] });
    const client = await TestClient.connect(ready.addresses[0]!);
    thread.ring();
    expect(show(await client.ask(request.ping("heard")))).toEqual(show(reply.pong("heard")));
    expect([thread.hasClosed, thread.hasStopped]).toEqual([false, false]);
    thread.stop();
    await client.ended();
    await waitUntil(
      () => thread.hasStopped,
      () => "the thread to stop",
    );
    expect([thread.hasClosed, thread.failure]).toEqual([true, ""]);
    expect(heard).toEqual(["stopped"]);
  });

  test("of several waits with its last work for the others when it is the first", async () => {
    const { thread } = openThread({ ...SECOND, index: 0 });
    const store = reserveStore(16 * MIB, STORE_DEFAULTS.segmentBits, true);
    const shared = reserveSharedBuffers(SECOND, 16 * MIB);
    await thread.start(startOf(io, { ...shared, store, threads: { ...SECOND, index: 0 } }));
    await thread.listen({ addresses: [ANY_PORT] });
    thread.stop();
    await waitUntil(
      () => thread.hasClosed,
      () => "its clients' end",
    );
    expect(thread.hasStopped).toBe(false);
    thread.othersStopped();
    await waitUntil(
      () => thread.hasStopped,
      () => "the thread to stop",
    );
  });
});

describe("a data thread that cannot start", () => {
  test("is explained, whether it waits to be prepared or to listen", async () => {
    const { thread } = openThread(ONLY_THREAD);
    // One segment is one place in the directory of tables.
    const start = thread.start(startOf("listen", { store: reserveStore(16 * MIB, 0) }));
    expect(await faultOf(start)).toMatch(/^explained: .*two places or more/);

    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const late = openThread(ONLY_THREAD).thread;
    await late.start(startOf("listen"));
    const listening = late.listen({ addresses: [{ ...ANY_PORT, port: other.port }] });
    expect(await faultOf(listening)).toStartWith("explained: ");
  });
});

describe("the name of a data thread", () => {
  test("has its number when there are several", () => {
    expect(openThread(ONLY_THREAD).thread.name).toBe("data thread");
    expect(openThread(SECOND).thread.name).toBe("data thread 1");
  });
});
