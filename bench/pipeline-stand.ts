// A whole data thread over an engine without sockets. One for each process: what serves requests
// are closures over constants, which are compiled for the first of their kind (fast-commands.ts).

import { loadLibc } from "../src/lib/libc.ts";
import { threadClock } from "../src/lib/clock.ts";
import { DataThread } from "../src/server/data-thread.ts";
import { Arena } from "../src/store/arena.ts";
import { CommitAhead } from "../src/store/commit-ahead.ts";
import { RESP_DEFAULTS } from "../src/server/resp-options.ts";
import { STORE_DEFAULTS, reserveStore } from "../src/store/store-buffers.ts";
import { reserveSharedBuffers } from "../src/server/shared-buffers.ts";
import { ONLY_THREAD, type ThreadSetup } from "../src/server/thread-setup.ts";
import { RequestStream, type RequestKind } from "./request-stream.ts";
import { SilentEngine } from "./silent-engine.ts";
import { SilentLog } from "./silent-log.ts";
import { SEEDS } from "./store-stand.ts";

export const CONNECTION_COUNT = 50;
const MEMORY_SIZE_MIN = 256 * 2 ** 20;
/** Key, value, header and slot, with room to spare; only what is used is committed. */
const MEMORY_SIZE_PER_KEY = 256;
const FILL_DEPTH = 128;
/** As src/server/data-thread.ts has it. */
const TICK_INTERVAL_MS = 100;

export interface StandOptions {
  readonly isLogged?: boolean;
  /** With more than one, the others sleep; nothing may be sent to them. */
  readonly threads?: ThreadSetup;
}

export class PipelineStand {
  readonly thread: DataThread;
  readonly engine: SilentEngine;
  readonly connections: readonly number[];
  readonly #commitAhead: CommitAhead;
  readonly #log: SilentLog | null;

  constructor(keyCount: number, { isLogged = false, threads = ONLY_THREAD }: StandOptions = {}) {
    const maxMemoryBytes = MEMORY_SIZE_MIN + keyCount * MEMORY_SIZE_PER_KEY;
    const store = reserveStore(maxMemoryBytes, STORE_DEFAULTS.segmentBits, threads.count > 1);
    this.#commitAhead = new CommitAhead(new Arena(store.arena), new Int32Array(store.control));
    const libc = loadLibc();
    this.#log = isLogged ? new SilentLog() : null;
    this.thread = new DataThread(
      {
        version: "bench",
        configFile: "",
        maxClients: CONNECTION_COUNT,
        maxMemoryBytes,
        windowSizeBytes: 64 * 1024,
        spareWindows: 16,
        sendLimitBytes: 2 ** 20,
        stallTimeoutSeconds: 0,
        resp: RESP_DEFAULTS,
        seeds: SEEDS,
        store,
        ...(threads.count > 1 ? { threads, ...reserveSharedBuffers(threads, maxMemoryBytes) } : {}),
      },
      threadClock(libc),
      libc,
      (windows, handlers) => new SilentEngine(windows, handlers),
      {},
      this.#log?.connection ?? null,
    );
    this.thread.durability?.start(1, 0);
    this.engine = this.thread.engine as SilentEngine;
    this.connections = Array.from({ length: CONNECTION_COUNT }, () => this.engine.connect());
    this.commitMemory();
  }

  /**
   * One turn in which every connection sends `depth` requests, from the one at `first` on; the
   * number of requests.
   */
  playTurn(stream: RequestStream, first: number, depth: number): number {
    const { engine, connections } = this;
    const { bytes } = stream;
    const size = depth * stream.requestSize;
    let at = first * stream.requestSize;
    for (let i = 0; i < connections.length; i++, at += size) {
      engine.feed(connections[i]!, bytes, at, at + size);
    }
    this.#endTurn();
    return connections.length * depth;
  }

  /** The same requests for each connection, each of them in a turn of its own. */
  playOneByOne(stream: RequestStream, first: number, depth: number): number {
    const { engine, connections } = this;
    const { bytes, requestSize } = stream;
    let at = first * requestSize;
    for (let i = 0; i < connections.length; i++) {
      for (let j = 0; j < depth; j++, at += requestSize) {
        engine.feed(connections[i]!, bytes, at, at + requestSize);
        this.#endTurn();
      }
    }
    return connections.length * depth;
  }

  /** Executes a request of a kind for every key from 0 to `keyCount` − 1, in order. */
  fill(kind: RequestKind, keyCount: number): void {
    const stream = new RequestStream(kind, CONNECTION_COUNT * FILL_DEPTH);
    let tickedMs = performance.now();
    for (let key = 0; key < keyCount;) {
      // The last turn is full as well: it repeats the last key.
      for (let i = 0; i < stream.count; i++) stream.setKey(i, Math.min(key + i, keyCount - 1));
      key += this.playTurn(stream, 0, FILL_DEPTH);
      this.commitMemory();
      const nowMs = performance.now();
      if (nowMs - tickedMs < TICK_INTERVAL_MS) continue;
      tickedMs = nowMs;
      this.thread.tick();
    }
  }

  #endTurn(): void {
    this.engine.endTurn();
    this.#log?.takeAll();
  }

  /** What the server's main thread does meanwhile. */
  commitMemory(): void {
    while (this.#commitAhead.step());
  }
}
