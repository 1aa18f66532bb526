// Watches one life of a simulated server: every request that a data thread executes is executed by
// the model as well, whose reply the client has to get; and the model, the history of what the log
// was told, and the store are held against each other.
//
// Nobody else executes requests while a thread does (life-interruptions.ts), so a request takes
// effect when it is executed: the model follows that order. In sharded mode that is on the thread
// that was asked, or on the one that has its key (sent-requests.ts).

import { ERROR_TEXT } from "../../src/redis/error-text.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import type { DataThread } from "../../src/server/data-thread.ts";
import { watchExecution, type Manner, type Refusal } from "./execution-watch.ts";
import type { LifeClients } from "./life-clients.ts";
import type { Contents } from "./recovery-fixture.ts";
import { SentRequests } from "./sent-requests.ts";
import type { Reply, SimulatedClient } from "./simulated-client.ts";
import { SIMULATED_CLIENTS_MAX, type SimulatedServer } from "./simulated-server.ts";
import { SimulationModel, readContents } from "./simulation-model.ts";
import type { SimulationRequest } from "./simulation-requests.ts";
import type { SimulationFigures } from "./simulation.ts";
import { TurnRecorder } from "./turn-recorder.ts";
import { ERROR } from "./v1-frames.ts";
import { WriteHistory, findDifference, livingAt } from "./write-history.ts";

const V1_ERROR = ERROR.toString("latin1");

export class LifeWitness {
  readonly history: WriteHistory;
  readonly model: SimulationModel;
  readonly #server: SimulatedServer;
  readonly #clients: LifeClients;
  readonly #figures: SimulationFigures;
  /** By data thread. */
  readonly #keys: readonly StoreKeyspace[];
  readonly #recorders: readonly TurnRecorder[];
  readonly #sent = new SentRequests();

  constructor(server: SimulatedServer, clients: LifeClients, figures: SimulationFigures) {
    this.#server = server;
    this.#clients = clients;
    this.#figures = figures;
    const { thread, producers, recovery } = server;
    this.#keys = server.threads.map(({ store, windows }) => new StoreKeyspace(store, windows));
    const contents = this.#readStore(0);
    this.history = new WriteHistory(contents, recovery.nextEpoch, producers.length);
    this.history.startPosition = Math.min(...producers.map((producer) => producer.position()));
    const { segmentBits } = server.directory.meta;
    for (const { durability, store, windows } of server.threads) {
      this.history.attach(durability!, store, windows.area.bytes, segmentBits);
    }
    this.#recorders = server.threads.map((each) => new TurnRecorder(each, this.history));
    this.model = new SimulationModel(contents, thread.store.nowMs);
    for (const index of server.threads.keys()) this.#watch(index);
  }

  /** Something has begun a turn of that thread, which has not ended. */
  isInTurn(thread: number): boolean {
    return this.#recorders[thread]!.isInTurn;
  }

  #watch(thread: number): void {
    const watched = this.#server.threads[thread]!;
    watchExecution(
      watched,
      {
        executed: (connection, manner) => this.#executed(thread, connection, manner),
        sent: (connection, owner, isSent, hash) => {
          if (isSent) this.#leftTo(owner, thread, connection, hash);
          else this.#takePending(thread, connection).client.expectTimeout();
        },
        served: (guest, refusal) => this.#served(thread, guest, refusal),
      },
      SIMULATED_CLIENTS_MAX,
    );
  }

  /** A request of a connection has been executed, or refused. */
  #executed(thread: number, connection: number, manner: Manner): void {
    const { client, request } = this.#takePending(thread, connection);
    const { elapsed } = this.#server.clock;
    const elsewhereCount = client.elsewhereCount(elapsed);
    if (!manner.mayOvertake && elsewhereCount > 0) {
      const count = `${elsewhereCount} requests`;
      throw new Error(`a command was executed before ${count} that other threads have`);
    }
    if (manner.hash !== null && client.hasWriteElsewhere(manner.hash, elapsed)) {
      throw new Error("a command was executed before a write of its key that another thread has");
    }
    const reply = this.#execute(thread, client, request, manner.refusal);
    const hasRecorded = this.#recorders[thread]!.hasRecorded();
    const isOfWrite = manner.isKept ? this.#writes(client, request) : hasRecorded;
    client.expect({ ...reply, isOfWrite });
  }

  /** A request of a connection is another thread's now. */
  #leftTo(owner: number, thread: number, connection: number, hash: number): void {
    const { client, request } = this.#takePending(thread, connection);
    this.#figures.sentToOwners++;
    const answer = client.expectLater(
      this.#server.clock.elapsed,
      this.#writes(client, request) ? hash : null,
    );
    this.#sent.push(thread, owner, { client, request, answer });
  }

  /** A thread has executed the next request that another one has sent. */
  #served(thread: number, guest: number, refusal: Refusal): void {
    const { client, request, answer } = this.#sent.take(guest, thread);
    const isOfWrite = this.#writes(client, request);
    answer({ ...this.#execute(thread, client, request, refusal), isOfWrite });
  }

  #takePending(thread: number, connection: number) {
    const client = this.#clients.at(thread, connection);
    const request = client?.pending.shift();
    if (client !== undefined && request !== undefined) return { client, request };
    throw new Error(`a request was executed that connection ${connection} has not sent`);
  }

  #execute(
    thread: number,
    client: SimulatedClient,
    request: SimulationRequest,
    refusal: Refusal,
  ): Omit<Reply, "isOfWrite"> {
    const executing = this.#server.threads[thread]!;
    this.model.nowMs = executing.store.nowMs;
    const isWrite = this.#writes(client, request);
    const text = this.#answer(client, request, refusal, isWrite);
    return { text, eventCount: isLogDown(executing) ? null : this.history.length };
  }

  #writes({ model }: SimulatedClient, { args, isV1Write }: SimulationRequest): boolean {
    return args === null || model === null ? isV1Write : this.model.writes(model, args);
  }

  #answer(
    client: SimulatedClient,
    { args, bytes }: SimulationRequest,
    refusal: Refusal,
    isWrite: boolean,
  ): string {
    const isRefused = isWrite && refusal !== "none";
    if (args === null || client.model === null) {
      return isRefused ? V1_ERROR : this.model.executeV1(bytes);
    }
    if (!isRefused) return this.model.execute(client.model, args);
    const text = refusal === "failed" ? ERROR_TEXT.NOT_DURABLE : ERROR_TEXT.NO_LOG_ROOM;
    if (args[0] !== "EXEC") return `-${text}\r\n`;
    this.model.execute(client.model, ["DISCARD"]);
    return `-EXECABORT Transaction discarded because of: ${text}\r\n`;
  }

  /** Throws when store, history and model do not have the same. */
  compare(): void {
    const { threads } = this.#server;
    // Half a command may have been executed.
    if (threads.some(({ batch }) => batch.count > 0)) return;
    const times = threads.map((thread) => thread.store.nowMs);
    const latest = times.indexOf(Math.max(...times));
    const { store } = threads[latest]!;
    const found = this.#readStore(latest);
    const told = findDifference(livingAt(this.history.contents(), store.nowMs), found);
    if (told !== "") throw new Error(`what the log was told and the store has: ${told}`);
    this.model.nowMs = store.nowMs;
    const asked = findDifference(found, this.model.contents());
    if (asked !== "") throw new Error(`the store and the model: ${asked}`);
  }

  /** What a thread finds in the store. */
  #readStore(thread: number): Contents {
    const { locks } = this.#server.threads[thread]!.store;
    locks?.enterAll();
    const contents = readContents(this.#keys[thread]!);
    locks?.leave();
    return contents;
  }
}

/** Writes are refused, and what is read may be lost. */
export function isLogDown({ durability }: DataThread): boolean {
  return hasFailed({ durability }) || durability!.journal.isSuspended;
}

export function hasFailed({ durability }: Pick<DataThread, "durability">): boolean {
  return durability!.failure() !== "";
}
