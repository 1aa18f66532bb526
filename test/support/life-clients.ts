// The clients of one life of a simulated server, by the thread and the connection that they have.

import type { SimulatedClient } from "./simulated-client.ts";

const CONNECTIONS_MAX = 1000;

export class LifeClients {
  #all: readonly SimulatedClient[] = [];
  readonly #byPlace = new Map<number, SimulatedClient>();

  /** In the order in which they came. */
  get all(): readonly SimulatedClient[] {
    return this.#all;
  }

  at(thread: number, connection: number): SimulatedClient | undefined {
    return this.#byPlace.get(placeOf(thread, connection));
  }

  add(client: SimulatedClient): void {
    this.#all = [...this.#all, client];
    this.#byPlace.set(placeOf(client.thread, client.connection.number), client);
  }

  /** Its connection may be another client's already. */
  remove(client: SimulatedClient): void {
    this.#all = this.#all.filter((other) => other !== client);
    const place = placeOf(client.thread, client.connection.number);
    if (this.#byPlace.get(place) === client) this.#byPlace.delete(place);
  }
}

/** A connection's name among those of all threads. */
function placeOf(thread: number, connection: number): number {
  return thread * CONNECTIONS_MAX + connection;
}
