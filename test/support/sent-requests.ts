// Requests that data threads of sharded mode have sent each other and that their owners have not
// executed: first in, first out for each pair of threads.

import type { SimulatedClient, Reply } from "./simulated-client.ts";
import type { SimulationRequest } from "./simulation-requests.ts";

export interface SentRequest {
  readonly client: SimulatedClient;
  readonly request: SimulationRequest;
  readonly answer: (reply: Reply) => void;
}

export class SentRequests {
  /** All that there ever were. */
  count = 0;
  readonly #queues = new Map<string, SentRequest[]>();

  push(origin: number, owner: number, sent: SentRequest): void {
    const name = `${origin} ${owner}`;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    queue.push(sent);
    this.count++;
  }

  /** The next that an owner executes. */
  take(origin: number, owner: number): SentRequest {
    const sent = this.#queues.get(`${origin} ${owner}`)?.shift();
    if (sent !== undefined) return sent;
    throw new Error(`thread ${owner} has executed what thread ${origin} has not sent`);
  }
}
