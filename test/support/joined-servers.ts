// Data threads of one server in the test's own thread: what they share, and a clock for all.

import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";
import { reserveSharedBuffers } from "../../src/server/shared-buffers.ts";
import { setUpThreads } from "../../src/server/thread-setup.ts";
import { RespPeer } from "./resp-fixture.ts";
import { TestClock } from "./test-clock.ts";
import { InProcessServer, type TestServerOptions } from "./test-server.ts";

const MAX_MEMORY_BYTES = 64 * 2 ** 20;

export class JoinedServers {
  readonly clock = new TestClock();
  readonly servers: readonly InProcessServer[];

  constructor(count: number, options: TestServerOptions = {}) {
    const setups = setUpThreads(count, "shared");
    const shared = {
      clock: this.clock,
      maxMemoryBytes: MAX_MEMORY_BYTES,
      store: reserveStore(MAX_MEMORY_BYTES, STORE_DEFAULTS.segmentBits, count > 1),
      ...reserveSharedBuffers(setups[0]!, MAX_MEMORY_BYTES),
      ...options,
    };
    this.servers = setups.map((threads) => new InProcessServer({ ...shared, threads }));
  }

  /** A connection that speaks RESP to one of the threads. */
  connect(thread: number): RespPeer {
    return new RespPeer(this.servers[thread]!);
  }

  /** A tick of every thread. */
  tick(): void {
    this.clock.elapsed += 100;
    for (const server of this.servers) {
      server.thread.tick();
      server.engine.turn();
    }
  }
}

/** Fields of INFO by name. */
export function infoFields(peer: RespPeer, ...sections: readonly string[]): Map<string, string> {
  const lines = peer.send(`${["INFO", ...sections].join(" ")}\r\n`).split("\r\n");
  const pairs = lines
    .map((line) => /^(\w[^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null);
  return new Map(pairs.map((match) => [match[1]!, match[2]!]));
}
