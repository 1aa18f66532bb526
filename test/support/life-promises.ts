// What a life of a simulated server has promised: how much of its history clients have been told is
// durable, and how far the log itself has said so. The next life has to have it.

import type { SimulatedServer } from "./simulated-server.ts";
import type { Ends, WriteHistory } from "./write-history.ts";

export class LifePromises {
  /** Events of the history that clients have been promised. */
  acknowledgedCount = 0;
  readonly #server: SimulatedServer;
  readonly #history: WriteHistory;
  /** By epoch: the furthest that was published as durable against this life's end. */
  readonly #ends = new Map<number, Ends>();

  constructor(server: SimulatedServer, history: WriteHistory) {
    this.#server = server;
    this.#history = history;
  }

  acknowledge(eventCount: number): void {
    if (eventCount > this.acknowledgedCount) this.acknowledgedCount = eventCount;
  }

  /** Of how far the log is now. */
  note(what: "synced" | "written"): void {
    const ends = this.#server.producers.map((producer) =>
      what === "synced" ? producer.syncedPosition() : producer.writtenPosition(),
    );
    const { epoch, startPosition } = this.#history;
    // Where nothing was recorded nothing was promised.
    const promised = ends.map((end) => (end > startPosition ? end : 0));
    this.#ends.set(epoch, promised);
  }

  /** Throws when something is not there that was promised. */
  check(endsOf: (epoch: number) => Ends, isRecovered: readonly boolean[]): void {
    for (const [epoch, promised] of this.#ends) {
      const ends = endsOf(epoch);
      const missing = promised.findIndex((end, i) => end > (ends[i] ?? 0));
      if (missing < 0) continue;
      const found = `partition ${missing} ends at ${ends[missing]}`;
      throw new Error(`after recovery: ${found}, and ${promised[missing]} was durable`);
    }
    const lost = isRecovered.indexOf(false);
    if (lost >= 0 && lost < this.acknowledgedCount) {
      throw new Error(`after recovery: event ${lost} is lost, and was acknowledged`);
    }
  }
}
