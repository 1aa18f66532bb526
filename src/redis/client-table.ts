// The clients that are connected, by connection and by id.
//
// A connection's number is given to another when it closes; a client's id never is, and counts from
// 1 in the order of arrival. Of several data threads each has every so many-th id, so that no two
// clients of the server have the same.

import { Client } from "./client.ts";

export type ClientOptions = Omit<ConstructorParameters<typeof Client>[0], "id">;

export class ClientTable {
  readonly #byConnection = new Map<number, Client>();
  /** In the order of the ids, because a Map keeps the order of arrival. */
  readonly #byId = new Map<number, Client>();
  #nextId: number;
  readonly #idStep: number;

  constructor(threadIndex = 0, threadCount = 1) {
    this.#nextId = threadIndex + 1;
    this.#idStep = threadCount;
  }

  get count(): number {
    return this.#byId.size;
  }

  add(options: ClientOptions): Client {
    if (this.#byConnection.has(options.connection)) {
      throw new Error(`connection ${options.connection} has a client already`);
    }
    const client = new Client({ ...options, id: this.#nextId });
    this.#nextId += this.#idStep;
    this.#byConnection.set(client.connection, client);
    this.#byId.set(client.id, client);
    return client;
  }

  /** The client of a connection, null = it has none. */
  ofConnection(connection: number): Client | null {
    return this.#byConnection.get(connection) ?? null;
  }

  withId(id: number): Client | null {
    return this.#byId.get(id) ?? null;
  }

  /** Does nothing when the client is gone already, also when its connection is another's by now. */
  remove(client: Client): void {
    if (!this.#byId.delete(client.id)) return;
    this.#byConnection.delete(client.connection);
  }

  /** In the order of the ids. */
  all(): IterableIterator<Client> {
    return this.#byId.values();
  }
}
