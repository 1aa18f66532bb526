// Several real Workers over one store, as the supervisor has them; their end is in
// test/server/supervisor.test.ts, and the whole program in test/integration/thread-starts.test.ts.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "../../src/lib/log.ts";
import type { ListenAddress } from "../../src/net/engine.ts";
import { loadOptions } from "../../src/options/options.ts";
import { DataThreads } from "../../src/server/data-threads.ts";
import { reserveSharedBuffers } from "../../src/server/shared-buffers.ts";
import type { ReadyMessage } from "../../src/server/thread-message.ts";
import { setUpThreads } from "../../src/server/thread-setup.ts";
import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { TestClient } from "../support/test-client.ts";
import { threadOptions } from "../support/test-server.ts";
import { reply, request, show } from "../support/v1-frames.ts";

const THREAD_COUNT = 3;
const CLIENT_COUNT = 48;
const MIB = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), "fkvs-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));

class Stand implements AsyncDisposable {
  readonly events: string[] = [];
  readonly logged: string[] = [];
  ready: ReadyMessage | null = null;
  readonly #threads: DataThreads;
  readonly #maxClients: number;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #clients: TestClient[] = [];

  constructor(maxClients: number) {
    this.#maxClients = maxClients;
    const log = new Log({ level: "warn", sink: (line) => this.logged.push(line) });
    this.#threads = new DataThreads(setUpThreads(THREAD_COUNT, "shared"), log, {
      receive: () => {},
      explain: (failure) => failure.message,
      died: (name, reason) => this.events.push(`${name} died: ${reason}`),
      bound: () => this.events.push("bound"),
      startLog: async () => {},
      stopped: (failure) => {
        this.events.push(`stopped${failure}`);
        this.#stopped.resolve();
      },
    });
  }

  async start(io: string, ...argv: string[]): Promise<readonly ListenAddress[]> {
    const loaded = loadOptions([`--io=${io}`, "--port=0", ...argv], {});
    if (loaded.kind !== "run") throw new Error("these options run");
    const [setup] = setUpThreads(THREAD_COUNT, "shared");
    const options = threadOptions({
      maxClients: this.#maxClients,
      store: reserveStore(64 * MIB, STORE_DEFAULTS.segmentBits, true),
      ...reserveSharedBuffers(setup!, 64 * MIB),
    });
    const message = { io: loaded.options.io, options, wal: null };
    this.ready = await this.#threads.start(loaded.options, message);
    return this.ready.addresses;
  }

  async connect(address: ListenAddress): Promise<TestClient> {
    const client = await TestClient.connect(address);
    this.#clients.push(client);
    return client;
  }

  get lingering(): string[] {
    return this.#threads.lingering;
  }

  async stop(): Promise<void> {
    this.#threads.stop();
    await this.#stopped.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    if (this.ready !== null) await this.stop();
  }
}

describe.each([...ENGINES.keys()])("several data threads over %s", (io) => {
  test("share keys and the port, and stop together", async () => {
    const stand = new Stand(CLIENT_COUNT);
    const [address] = await stand.start(io);
    const clients: TestClient[] = [];
    for (let i = 0; i < CLIENT_COUNT; i++) clients.push(await stand.connect(address!));
    for (const [i, client] of clients.entries()) await client.ask(request.set(`${i}`, `of ${i}`));
    for (const [i, client] of clients.entries()) {
      const next = (i + 1) % CLIENT_COUNT;
      const replies = await client.ask(request.get(`${next}`));
      expect(show(replies)).toEqual(show(reply.value(`of ${next}`)));
    }
    expect(stand.lingering).toEqual(["data thread 0", "data thread 1", "data thread 2"]);
    await stand.stop();
    for (const client of clients) await client.ended();
    expect(stand.lingering).toEqual([]);
    expect(stand.events).toEqual(["bound", "stopped"]);
  });

  test("have as many clients together as one may have", async () => {
    await using stand = new Stand(CLIENT_COUNT);
    const [address] = await stand.start(io);
    const clients: TestClient[] = [];
    for (let i = 0; i < CLIENT_COUNT; i++) clients.push(await stand.connect(address!));
    for (const client of clients) await client.ask(request.ping());
    for (let i = 0; i < THREAD_COUNT; i++) await (await stand.connect(address!)).ended();
    clients[0]!.close();
    await clients[0]!.closed();
    // The server hears of it a little later than the client.
    for (let i = 0; ; i++) {
      const client = await stand.connect(address!);
      client.send(request.ping());
      const replies = await client.replies(1).catch(() => null);
      if (replies !== null) break;
    }
    expect(stand.events).toEqual(["bound"]);
  });

  test("serve a unix socket as far as the engine can share it", async () => {
    await using stand = new Stand(CLIENT_COUNT);
    const [tcp, unix] = await stand.start(io, "--unix", join(folder, `${io}.sock`));
    const clients: TestClient[] = [];
    for (let i = 0; i < CLIENT_COUNT; i++) clients.push(await stand.connect(unix!));
    for (const client of clients) await client.ask(request.ping());
    expect(tcp).toMatchObject({ kind: "tcp" });
    const isShared = io === "uring";
    expect(stand.logged).toHaveLength(isShared ? 0 : 1);
    // Threads show one another their figures a few times a second.
    let counts: number[] = [];
    while (counts.reduce((sum, count) => sum + count, 0) < CLIENT_COUNT) {
      const text = (await clients[0]!.ask(request.info()))[0]!.toString();
      const lines = text.matchAll(/^thread_\d+:connections=(\d+)/gm);
      counts = [...lines].map((match) => Number(match[1]));
    }
    const withSome = counts.filter((count) => count > 0).length;
    if (isShared) expect(withSome).toBeGreaterThan(1);
    else expect(withSome).toBe(1);
  });
});
