// Threads of sharded mode in the test's own thread, over one store and engines played by hand. If
// a test does not say otherwise, reads travel to owners as writes do.

import { reserveShardBuffers } from "../../src/shard/shard-buffers.ts";
import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";
import { xxHash32 } from "../../src/store/xxhash32.ts";
import { TestClock } from "./test-clock.ts";
import { InProcessServer, type TestServerOptions } from "./test-server.ts";

const SEEDS = [1, 2, 3] as const;
const PUMP_ROUNDS_MAX = 10_000;

export interface ShardGroupOptions extends TestServerOptions {
  readonly ringSize?: number;
}

export class ShardGroup implements Disposable {
  readonly servers: readonly InProcessServer[];
  readonly clock: TestClock;

  constructor(count: number, options: ShardGroupOptions = {}) {
    const { ringSize, clock = new TestClock(), foreignLocal = "none", ...others } = options;
    const store = reserveStore(64 * 2 ** 20, STORE_DEFAULTS.segmentBits, true);
    const shards = reserveShardBuffers(count, ringSize);
    this.clock = clock;
    this.servers = Array.from({ length: count }, (_, index) => {
      const threads = { index, count, mode: "sharded" } as const;
      return new InProcessServer({
        ...others,
        clock,
        store,
        shards,
        threads,
        foreignLocal,
        seeds: SEEDS,
      });
    });
  }

  /** Turns of all threads in their order, until nobody has anything to do. */
  pump(): void {
    for (let round = 0; round < PUMP_ROUNDS_MAX; round++) {
      if (!this.turnAll()) return;
    }
    throw new Error("the threads never come to rest");
  }

  /** One turn of each; whether anything moved, or somebody wants another. */
  turnAll(): boolean {
    const before = this.#activity();
    for (const { engine } of this.servers) engine.oneTurn();
    return this.#activity() !== before || this.servers.some(({ engine }) => engine.isTurnRequested);
  }

  /** A key like `prefix:7` that belongs to a thread. */
  keyOf(thread: number, prefix = "key"): string {
    for (let i = 0; ; i++) {
      const key = `${prefix}:${i}`;
      if (this.ownerOf(key) === thread) return key;
    }
  }

  hashOf(key: string): number {
    const bytes = Buffer.from(key);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return xxHash32(view, 0, bytes.length, SEEDS[0]);
  }

  ownerOf(key: string): number {
    return (this.hashOf(key) >>> (32 - STORE_DEFAULTS.segmentBits)) % this.servers.length;
  }

  figures(thread: number) {
    return this.servers[thread]!.thread.shards!.figures;
  }

  #activity(): number {
    return this.servers.reduce((sum, { thread }) => {
      const { publishCount, replyPublishCount } = thread.shards!.figures;
      return sum + publishCount + replyPublishCount + thread.sends.sentBytes;
    }, 0);
  }

  [Symbol.dispose](): void {
    for (const { thread } of this.servers) thread.shards!.close();
  }
}
