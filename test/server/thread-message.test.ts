import { describe, expect, test } from "bun:test";
import type { FromDataThread, StartMessage } from "../../src/server/thread-message.ts";
import { threadOptions } from "../support/test-server.ts";

/** The message as another thread has got and returned it. */
async function passThroughThread(message: StartMessage): Promise<StartMessage> {
  const worker = new Worker(new URL("../support/echo-worker.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<StartMessage>();
  worker.onmessage = (event: MessageEvent<StartMessage>) => resolve(event.data);
  worker.onerror = (event: ErrorEvent) => reject(new Error(event.message));
  worker.postMessage(message);
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}

describe("StartMessage", () => {
  test("reaches the other thread whole, and shares its memory with it", async () => {
    const mailbox = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const options = threadOptions();
    const message: StartMessage = {
      kind: "start",
      io: "auto",
      options,
      mailbox,
      wal: null,
    };
    const returned = await passThroughThread(message);
    expect(withoutMemory(returned)).toEqual(withoutMemory(message));
    const { arena, control } = options.store;
    const { store } = returned.options;
    const pairs = [
      [mailbox, returned.mailbox],
      [control, store.control],
      ...arena.spans.map((span, i) => [span, store.arena.spans[i]!] as const),
    ] as const;
    for (const [posted, got] of pairs) {
      expect(new Int32Array(posted)[0]).toBe(1);
      Atomics.add(new Int32Array(posted), 0, 1);
      expect(new Int32Array(got)[0]).toBe(2);
      expect(got.byteLength).toBe(posted.byteLength);
    }
  });
});

describe("FromDataThread", () => {
  test.each([
    {
      kind: "ready",
      addresses: [{ kind: "tcp", host: "::1", port: 1 }],
      engine: "listen",
      engineReason: "asked for",
    },
    { kind: "prepared", doorbell: -1, log: { epoch: 1, position: 2 ** 40 } },
    { kind: "failed", code: "EADDRINUSE", message: "the port is in use", isRecovery: false },
    { kind: "want-memory" },
    { kind: "stopped", failure: "" },
  ] satisfies FromDataThread[])("is plain data that can be copied: %o", (message) => {
    expect(structuredClone(message)).toEqual(message);
  });
});

function withoutMemory({ mailbox: _, options, ...rest }: StartMessage): object {
  const { store, ...plain } = options;
  return { ...rest, ...plain, pageCount: store.arena.pageCount, segmentBits: store.segmentBits };
}
