// One client of a simulation: what it has asked and not been answered, what the model says it must
// be answered, and what has come over its socket.
//
//   ask ─▶ wire ─▶ (in pieces) server        pending ─▶ executed ─▶ expected ─▶ whole in the socket
//                                                    `▶ sent to the key's owner ─▶ executed there

import type { Client } from "../../src/redis/client.ts";
import { RESP_ERROR } from "../../src/protocol/resp-replies.ts";
import { SHARD_TIMEOUT_MS } from "../../src/shard/shards.ts";
import { timeoutReply } from "../../src/shard/timeout-reply.ts";
import type { SimulationRequest } from "./simulation-requests.ts";
import type { TestConnection } from "./test-engine.ts";
import { ERROR } from "./v1-frames.ts";

const NOT_DURABLE = RESP_ERROR.NOT_DURABLE.toString();
const V1_ERROR = ERROR.toString("latin1");

export interface Reply {
  readonly text: string;
  /** Events of the history that had happened when it was made; null = it promises nothing. */
  readonly eventCount: number | null;
  /** Something was recorded in its turn, so that it must not leave when that fails. */
  readonly isOfWrite: boolean;
}

/** In the order of the requests. */
interface Expected {
  /** Null = another thread has its request. */
  reply: Reply | null;
  /** When that was sent, by the elapsed clock; null = it was not. */
  readonly sentMs: number | null;
  /** The key's hash if it is a write that was sent, otherwise null. */
  readonly writtenHash: number | null;
}

export class SimulatedClient {
  readonly thread: number;
  readonly connection: TestConnection;
  readonly isV1: boolean;
  /** Of the model; null for v1. */
  readonly model: Client | null;
  /** Its replies were taken back, and one error came instead. */
  isFailed = false;
  readonly pending: SimulationRequest[] = [];
  readonly #expected: Expected[] = [];
  readonly #timeoutText: string;
  #wire = Buffer.alloc(0);
  #received = "";

  constructor(thread: number, connection: TestConnection, isV1: boolean, model: Client | null) {
    this.thread = thread;
    this.connection = connection;
    this.isV1 = isV1;
    this.model = model;
    this.#timeoutText = Buffer.from(timeoutReply(!isV1)).toString("latin1");
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

  expect(reply: Reply): void {
    this.#expected.push({ reply, sentMs: null, writtenHash: null });
  }

  /** Another thread has the next request; whoever executes it calls back. */
  expectLater(sentMs: number, writtenHash: number | null): (reply: Reply) => void {
    const expected: Expected = { reply: null, sentMs, writtenHash };
    this.#expected.push(expected);
    return (reply) => (expected.reply = reply);
  }

  /** Its request was never sent. */
  expectTimeout(): void {
    this.expect({ text: this.#timeoutText, eventCount: null, isOfWrite: false });
  }

  /** Requests that other threads have, and that have not been given up. */
  elsewhereCount(elapsedMs: number): number {
    return this.#expected.filter(
      (expected) => expected.reply === null && !isOverdue(expected, elapsedMs),
    ).length;
  }

  /** Whether one of those writes a key with that hash. */
  hasWriteElsewhere(hash: number, elapsedMs: number): boolean {
    return this.#expected.some(
      (expected) =>
        expected.reply === null && expected.writtenHash === hash && !isOverdue(expected, elapsedMs),
    );
  }

  /** Replies that were made and have not come, or are to be made by another thread. */
  get awaitedCount(): number {
    return this.#expected.length;
  }

  /**
   * Compares what has come with what was expected. How many events the whole replies promise;
   * throws when something else has come. `hasLogFailed`: replies may have been taken back.
   */
  receive(hasLogFailed: boolean, elapsedMs: number): number {
    this.#received += this.connection.take().toString("latin1");
    let promisedCount = 0;
    while (this.#received !== "" && !this.isFailed) {
      const next = this.#expected[0];
      const reply = next?.reply ?? null;
      if (reply !== null && this.#takeText(reply.text)) {
        // Reads go on after a failure: what they show is no promise then.
        const isPromise = !hasLogFailed || (reply.isOfWrite && !this.#isTakenBack(reply.text));
        if (isPromise) promisedCount = Math.max(promisedCount, reply.eventCount ?? 0);
        continue;
      }
      const isLate = next !== undefined && isOverdue(next, elapsedMs);
      if (isLate && this.#takeText(this.#timeoutText)) continue;
      if (reply?.text.startsWith(this.#received) === true) break;
      if (isLate && this.#timeoutText.startsWith(this.#received)) break;
      const error = this.isV1 ? V1_ERROR : NOT_DURABLE;
      if (!hasLogFailed || !error.startsWith(this.#received)) this.#refuse(reply);
      if (this.#received === error) this.#end();
      break;
    }
    return promisedCount;
  }

  /** Takes the next reply if it is that one. */
  #takeText(text: string): boolean {
    if (!this.#received.startsWith(text)) return false;
    this.#expected.shift();
    this.#received = this.#received.slice(text.length);
    return true;
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

  #refuse(next: Reply | null): never {
    const found = JSON.stringify(this.#received.slice(0, 100));
    const wanted = next === null ? "nothing" : JSON.stringify(next.text.slice(0, 100));
    throw new Error(`a client was sent ${found}, and should have been sent ${wanted}`);
  }
}

/** Whether its thread may have given it up. */
function isOverdue({ sentMs }: Expected, elapsedMs: number): boolean {
  return sentMs !== null && elapsedMs - sentMs >= SHARD_TIMEOUT_MS;
}
