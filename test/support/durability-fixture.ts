// A simulated server with two clients whose log goes on only when a test says so: what clients see
// while it does not, and when it fails.

import { DURABILITY } from "../../src/server/connection-table.ts";
import { Random } from "./random.ts";
import { encodeCommand } from "./resp-client.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedServer, type SimulatedServerOptions } from "./simulated-server.ts";
import type { TestConnection } from "./test-engine.ts";

/** With two of these in it the ring has no room for the longest record of a key. */
export const LARGE = "v".repeat(60_000);

export class DurabilityFixture {
  readonly disk = new SimulatedDisk(new Random(1));
  readonly server: SimulatedServer;
  readonly one: TestConnection;
  readonly other: TestConnection;

  constructor(options: SimulatedServerOptions = {}) {
    this.server = new SimulatedServer({ disk: this.disk, ...options });
    this.one = this.server.connect();
    this.other = this.server.connect();
  }

  /** Sends and ends the turn; nothing of the log moves. */
  send(connection: TestConnection, ...requests: readonly (readonly string[] | Buffer)[]): string {
    const bytes = requests.map((one) => (Buffer.isBuffer(one) ? one : encodeCommand(one)));
    connection.feed(Buffer.concat(bytes));
    this.server.engine.turn();
    return take(connection);
  }

  /** The log goes on until it has nothing to do. */
  settle(): void {
    this.server.settle();
  }

  /** Fills the ring until no write fits, by a third connection; its replies do not matter. */
  fillRing(): TestConnection {
    const filler = this.relaxed();
    for (let i = 0; i < 3; i++) this.send(filler, ["SET", `large${i}`, LARGE]);
    return filler;
  }

  /** Without the log's doing: what a key has. */
  peek(...keys: readonly string[]): string {
    const connection = this.relaxed();
    const answer = this.send(connection, ["MGET", ...keys]);
    connection.disconnect();
    return answer;
  }

  /** A connection whose replies are never held. */
  relaxed(): TestConnection {
    const connection = this.server.connect();
    this.server.thread.connections.durabilities[connection.number] = DURABILITY.RELAXED;
    return connection;
  }

  failLog(code = "EIO"): void {
    this.disk.failAt("sync", 1, code, 1000);
  }

  is(connection: TestConnection, flags: number): boolean {
    return this.server.thread.connections.is(connection.number, flags);
  }

  tickAfter(durationMs: number): void {
    this.server.clock.elapsed += durationMs;
    this.server.clock.now += durationMs;
    this.server.thread.tick();
    this.server.engine.turn();
  }

  /** The contents after a loss of power now. */
  recovered(options: SimulatedServerOptions = {}): SimulatedServer {
    return new SimulatedServer({ disk: this.disk.crash(), clock: this.server.clock, ...options });
  }
}

export function take(connection: TestConnection): string {
  return connection.take().toString("latin1");
}
