// One client of a simulation: what it has asked and not been answered, what the model says it must
// be answered, and what has come over its socket.
//
//   ask ─▶ wire ─▶ (in pieces) server        pending ─▶ executed ─▶ expected ─▶ whole in the socket

import type { Client } from "../../src/redis/client.ts";
import { RESP_ERROR } from "../../src/protocol/resp-replies.ts";
import type { SimulationRequest } from "./simulation-requests.ts";
import type { TestConnection } from "./test-engine.ts";
import { ERROR } from "./v1-frames.ts";

const NOT_DURABLE = RESP_ERROR.NOT_DURABLE.toString();
const V1_ERROR = ERROR.toString("latin1");

interface ExpectedReply {
  readonly text: string;
  /** Events of the history that had happened when it was made; null = it promises nothing. */
  readonly eventCount: number | null;
  /** Something was recorded in its turn, so that it must not leave when that fails. */
  readonly isOfWrite: boolean;
}

export class SimulatedClient {
  readonly connection: TestConnection;
  readonly isV1: boolean;
  /** Of the model; null for v1. */
  readonly model: Client | null;
  /** Its replies were taken back, and one error came instead. */
  isFailed = false;
  readonly pending: SimulationRequest[] = [];
  readonly #expected: ExpectedReply[] = [];
  #wire = Buffer.alloc(0);
  #received = "";

  constructor(connection: TestConnection, isV1: boolean, model: Client | null) {
    this.connection = connection;
    this.isV1 = isV1;
    this.model = model;
  }

  ask(request: SimulationRequest): void {
    this.pending.push(request);
    this.#wire = Buffer.concat([this.#wire, request.bytes]);
  }

  get wireLength(): number {
    return this.#wire.length;
  }

  /** Takes bytes off the wire, for the server. */
  takeWire(length: number): Buffer {
    const piece = this.#wire.subarray(0, length);
    this.#wire = this.#wire.subarray(length);
    return piece;
  }

  expect(text: string, eventCount: number | null, isOfWrite: boolean): void {
    this.#expected.push({ text, eventCount, isOfWrite });
  }

  /** Replies that were made and have not come. */
  get awaitedCount(): number {
    return this.#expected.length;
  }

  /**
   * Compares what has come with what was expected. How many events the whole replies promise;
   * throws when something else has come. `hasLogFailed`: replies may have been taken back.
   */
  receive(hasLogFailed: boolean): number {
    this.#received += this.connection.take().toString("latin1");
    let promisedCount = 0;
    while (this.#received !== "" && !this.isFailed) {
      const next = this.#expected[0];
      if (next !== undefined && this.#received.startsWith(next.text)) {
        this.#expected.shift();
        this.#received = this.#received.slice(next.text.length);
        // Reads go on after a failure: what they show is no promise then.
        const isPromise = !hasLogFailed || (next.isOfWrite && !this.#isTakenBack(next.text));
        if (isPromise) promisedCount = Math.max(promisedCount, next.eventCount ?? 0);
        continue;
      }
      if (next?.text.startsWith(this.#received) === true) break;
      const error = this.isV1 ? V1_ERROR : NOT_DURABLE;
      if (!hasLogFailed || !error.startsWith(this.#received)) this.#refuse(next);
      if (this.#received === error) this.#end();
      break;
    }
    return promisedCount;
  }

  /** Whether it may be the error that comes instead of replies. */
  #isTakenBack(text: string): boolean {
    return this.isV1 && text === V1_ERROR;
  }

  #end(): void {
    this.isFailed = true;
    this.#expected.length = 0;
    this.pending.length = 0;
    this.#wire = Buffer.alloc(0);
    this.#received = "";
  }

  #refuse(next: ExpectedReply | undefined): never {
    const found = JSON.stringify(this.#received.slice(0, 100));
    const wanted = next === undefined ? "nothing" : JSON.stringify(next.text.slice(0, 100));
    throw new Error(`a client was sent ${found}, and should have been sent ${wanted}`);
  }
}
