// A data thread in the test's own thread: over real sockets (`startTestServer`), or over an engine
// that the test plays by hand (`InProcessServer`). Both have a clock that only the test moves.

import { loadLibc, type Libc } from "../../src/lib/libc.ts";
import {
  DataThread,
  makeListenEngine,
  type DataThreadOptions,
  type EngineMaker,
} from "../../src/server/data-thread.ts";
import type { ListenAddress } from "../../src/net/engine.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";
import { TestClient } from "./test-client.ts";
import { TestClock } from "./test-clock.ts";
import { TestConnection, TestEngine } from "./test-engine.ts";

const MIB = 2 ** 20;

export interface TestServerOptions extends Partial<DataThreadOptions> {
  readonly clock?: TestClock;
  /** Null does without the C library, as on systems whose structures are not known. */
  readonly libc?: Libc | null;
  readonly unix?: string;
  readonly makeEngine?: EngineMaker;
}

/** What a data thread is started with, as far as a test leaves it open. */
export function threadOptions(options: Partial<DataThreadOptions> = {}): DataThreadOptions {
  const { maxMemoryBytes = 64 * MIB } = options;
  const isShared = (options.threads?.count ?? 1) > 1;
  return {
    version: "0.0.0-test",
    configFile: "",
    maxClients: 64,
    windowSizeBytes: 64 * 1024,
    spareWindows: 64,
    sendLimitBytes: MIB,
    stallTimeoutSeconds: 60,
    seeds: [1, 2, 3],
    resp: RESP_DEFAULTS,
    store: options.store ?? reserveStore(maxMemoryBytes, STORE_DEFAULTS.segmentBits, isShared),
    ...options,
    maxMemoryBytes,
  };
}

export class TestServer implements AsyncDisposable {
  readonly thread: DataThread;
  readonly clock: TestClock;
  readonly address: ListenAddress;
  readonly port: number;
  readonly #clients: TestClient[] = [];

  constructor(options: TestServerOptions) {
    const { clock = new TestClock(), libc = loadLibc(), unix } = options;
    const { makeEngine = makeListenEngine } = options;
    this.clock = clock;
    this.thread = new DataThread(threadOptions(options), clock, libc, makeEngine);
    const tcp: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
    const address = unix === undefined ? tcp : ({ kind: "unix", path: unix } as const);
    this.address = this.thread.listen([address])[0]!;
    this.port = this.address.kind === "tcp" ? this.address.port : 0;
  }

  async connect(): Promise<TestClient> {
    const client = await TestClient.connect(this.address);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.thread.engine.stopListening();
    this.thread.pipeline.destroyAll();
    await this.thread.stop();
  }
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  return new TestServer(options);
}

export class InProcessServer {
  readonly thread: DataThread;
  readonly clock: TestClock;
  readonly engine: TestEngine;

  constructor(options: TestServerOptions = {}) {
    this.clock = options.clock ?? new TestClock();
    this.thread = new DataThread(threadOptions(options), this.clock, null, (...parts) => {
      const [windows, handlers, connectionCount] = parts;
      return new TestEngine(windows, handlers, connectionCount);
    });
    this.engine = this.thread.engine as TestEngine;
  }

  connect(): TestConnection {
    return this.engine.connect();
  }

  /** Feeds requests, ends the turn, and takes the replies. */
  ask(connection: TestConnection, ...requests: readonly Buffer[]): Buffer[] {
    connection.feed(Buffer.concat(requests));
    this.engine.turn();
    return connection.takeReplies();
  }

  /** Lines `key:value` of INFO, by key. */
  info(): Map<string, string> {
    return parseInfo(this.thread.info());
  }

  /** Ticks until maintenance has nothing left to do. */
  maintain(): void {
    this.thread.tick();
    this.engine.turn();
  }
}

export function parseInfo(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => /^(\w+):(.*)$/.exec(line));
  return new Map(lines.filter((match) => match !== null).map((match) => [match[1]!, match[2]!]));
}
