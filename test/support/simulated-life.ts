// One life of a simulated server, from its start to its end: which step comes next, and of which
// data thread, is the random numbers' choice, and after each the model, the history and the store
// are held against each other.
//
// A turn runs alone, whoever's it is, so a request takes effect when it is executed: the model
// follows that order. In sharded mode that is on the thread that has its key (sent-requests.ts).

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { ERROR_TEXT } from "../../src/redis/error-text.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import type { DataThread } from "../../src/server/data-thread.ts";
import { KIND } from "../../src/shard/inbox.ts";
import type { SyncPolicy } from "../../src/wal/wal-writer.ts";
import type { Contents } from "./recovery-fixture.ts";
import { watchExecution, type Manner, type Refusal } from "./execution-watch.ts";
import type { Random } from "./random.ts";
import { SentRequests } from "./sent-requests.ts";
import { PowerLoss, type SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedClient, type Reply } from "./simulated-client.ts";
import {
  SIMULATED_CLIENTS_MAX,
  type SimulatedServer,
  type SimulatedServerOptions,
} from "./simulated-server.ts";
import type { SimulationFigures } from "./simulation.ts";
import { SimulationModel, readContents } from "./simulation-model.ts";
import { SimulationRequests, type SimulationRequest } from "./simulation-requests.ts";
import { TurnRecorder } from "./turn-recorder.ts";
import { ERROR } from "./v1-frames.ts";
import { WriteHistory, findDifference, livingAt, type Ends } from "./write-history.ts";

export interface LifeOptions extends SimulatedServerOptions {
  readonly policy: SyncPolicy;
  readonly hasLongValues: boolean;
}

const CLIENTS_MAX = 4;
const CLIENTS_MAX_OF_SEVERAL = 6;
const CONNECTIONS_MAX = 1000;
const REST_ROUNDS_MAX = 400;
const V1_ERROR = ERROR.toString("latin1");

type End = "power" | "kill" | "stop";

export class SimulatedLife {
  readonly history: WriteHistory;
  readonly partitionCount: number;
  /** Events of the history that clients have been promised. */
  acknowledgedCount = 0;
  readonly #server: SimulatedServer;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #policy: SyncPolicy;
  readonly #figures: SimulationFigures;
  readonly #model: SimulationModel;
  readonly #requests: SimulationRequests;
  /** By data thread. */
  readonly #keys: readonly StoreKeyspace[];
  readonly #recorders: readonly TurnRecorder[];
  readonly #sent = new SentRequests();
  /** Its ring fills. */
  readonly #isLogSlow: boolean;
  #clients: SimulatedClient[] = [];
  readonly #ofConnection = new Map<number, SimulatedClient>();
  #hasLogFailed = false;
  #end: End | null = null;
  /** By epoch: the furthest that was published as durable against this life's end. */
  readonly #promisedEnds = new Map<number, Ends>();

  constructor(
    server: SimulatedServer,
    disk: SimulatedDisk,
    random: Random,
    { policy, hasLongValues }: LifeOptions,
    figures: SimulationFigures,
  ) {
    this.#server = server;
    this.#disk = disk;
    this.#random = random;
    this.#policy = policy;
    this.#figures = figures;
    const { thread, producers, recovery } = server;
    this.partitionCount = producers.length;
    this.#keys = server.threads.map(({ store, windows }) => new StoreKeyspace(store, windows));
    const contents = this.#readStore(0);
    this.history = new WriteHistory(contents, recovery.nextEpoch, producers.length);
    this.history.startPosition = Math.min(...producers.map((producer) => producer.position()));
    const { segmentBits } = server.directory.meta;
    for (const { durability, store, windows } of server.threads) {
      this.history.attach(durability!, store, windows.area.bytes, segmentBits);
    }
    this.#recorders = server.threads.map((each) => new TurnRecorder(each, this.history));
    this.#model = new SimulationModel(contents, thread.store.nowMs);
    this.#requests = new SimulationRequests(
      random,
      hasLongValues,
      // The rings of several threads are larger.
      server.threads.length > 1 ? 2 : undefined,
    );
    for (const index of server.threads.keys()) this.#watch(index);
    this.#isLogSlow = hasLongValues && random.oneIn(2);
    for (const index of server.threads.keys()) {
      server.engineOf(index).isDeferred = random.oneIn(3);
    }
    server.onDiskWait = () => this.#goOnMeanwhile();
  }

  /** Lives until it dies; the disk as the next life finds it. */
  run(stepCount: number): SimulatedDisk {
    const end = this.#random.pick<End>(["power", "power", "power", "kill", "kill", "stop"]);
    if (this.#random.oneIn(3)) this.#plantFault();
    if (end === "power" && this.#random.oneIn(2)) {
      const operations = this.#random.between(1, 2 + stepCount);
      this.#disk.powerLossAt = this.#disk.operationCount + operations;
    }
    try {
      for (let i = 0; i < stepCount && this.#end === null; i++) this.#step();
      if (this.#end === null && this.#random.oneIn(3)) this.#rest();
      if (this.#end === null && end === "stop") this.#stop();
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error;
      this.#end = "power";
    }
    return this.#die(this.#end ?? end);
  }

  /** Throws when something is not there that was promised. */
  checkPromises(endsOf: (epoch: number) => Ends, isRecovered: readonly boolean[]): void {
    for (const [epoch, promised] of this.#promisedEnds) {
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

  #step(): void {
    const random = this.#random;
    const choice = random.below(100);
    // Somebody has made room, or replaced the disk.
    if (this.#server.durability.failure() !== "" && random.oneIn(10)) this.#save();
    if (this.#clients.length === 0 || choice < 4) this.#connect();
    else if (choice < 24) this.#ask();
    else if (choice < 48) this.#deliver();
    else if (choice < 62) this.#turn();
    else if (choice < 70) this.#readSockets();
    else if (choice < 82) this.#stepWriters();
    else if (choice < 90) this.#hearRing();
    else if (choice < 94) this.#server.stepKeeper();
    else if (choice < 96) this.#tick();
    else if (choice < 98) this.#leave();
    else if (choice < 99) this.#save();
    else this.#compare();
    this.#look();
  }

  #stepWriters(): void {
    if (!this.#isLogSlow || this.#random.oneIn(12)) this.#server.stepWriters();
  }

  /** A WAL thread waits for its disk. */
  #goOnMeanwhile(): void {
    const choice = this.#random.below(6);
    const thread = this.#pickThread();
    if (choice < 3) this.#server.hearRing(thread);
    else if (choice === 3) this.#server.engineOf(thread).turn();
    else if (choice === 4 && this.#clients.length > 0) this.#deliver();
  }

  /** The one that goes on; there may be only one. */
  #pickThread(): number {
    const { length } = this.#server.threads;
    return length === 1 ? 0 : this.#random.below(length);
  }

  /** What has come over the sockets, and whether the machine lives on. */
  #look(): void {
    this.#hasLogFailed ||= this.#server.threads.some(hasFailed);
    for (const client of this.#clients) this.#receive(client);
    if (this.#disk.operationCount >= this.#disk.powerLossAt) this.#end = "power";
  }

  #receive(client: SimulatedClient): void {
    const count = client.receive(this.#hasLogFailed, this.#server.clock.elapsed);
    if (this.#policy === "always" && count > this.acknowledgedCount) this.acknowledgedCount = count;
  }

  #connect(): void {
    const isOfSeveral = this.#server.threads.length > 1;
    const countMax = isOfSeveral ? CLIENTS_MAX_OF_SEVERAL : CLIENTS_MAX;
    if (this.#clients.length === countMax) return;
    const thread = this.#pickThread();
    const connection = this.#server.connect(thread);
    const isV1 = this.#random.oneIn(3);
    const model = isV1 ? null : this.#model.connect();
    const client = new SimulatedClient(thread, connection, isV1, model);
    if (this.#random.oneIn(4)) connection.capacity = this.#random.below(200);
    this.#clients.push(client);
    this.#ofConnection.set(placeOf(thread, connection.number), client);
  }

  #ask(): void {
    const client = this.#random.pick(this.#clients);
    if (client.isFailed || client.pending.length > 30) return;
    const count = this.#random.oneIn(4) ? this.#random.between(2, 12) : 1;
    for (let i = 0; i < count; i++) {
      for (const request of this.#requests.next(client.isV1)) client.ask(request);
    }
    if (this.#random.oneIn(2)) this.#deliverTo(client, client.wireLength);
  }

  #deliver(): void {
    const client = this.#random.pick(this.#clients);
    const whole = client.wireLength;
    this.#deliverTo(client, this.#random.oneIn(3) ? this.#random.below(whole + 1) : whole);
  }

  #deliverTo(client: SimulatedClient, length: number): void {
    if (length === 0) return;
    if (!client.connection.isOpen) {
      this.#forget(client);
      return;
    }
    client.connection.feed(client.takeWire(length));
    const { locks } = this.#server.threads[client.thread]!.store;
    // Half a command is in the batch. Nobody else of this one thread could wait for the other half.
    if (locks?.hasStructure === true) this.#server.engineOf(client.thread).turn();
  }

  #turn(thread = this.#pickThread()): void {
    this.#server.engineOf(thread).turn();
    if (this.#random.oneIn(3)) this.#compare();
    for (const client of this.#clients.filter(({ connection }) => !connection.isOpen)) {
      this.#forget(client);
    }
  }

  #readSockets(): void {
    const engine = this.#server.engineOf(this.#pickThread());
    if (engine.offerCount > 0) engine.complete(this.#random.below(engine.offerCount));
    const slow = this.#clients.filter(({ connection }) => connection.capacity < Infinity);
    if (slow.length === 0) return;
    const bytes = this.#random.pick([1, 50, 5000, Infinity]);
    this.#random.pick(slow).connection.drain(bytes);
  }

  #hearRing(): void {
    const thread = this.#pickThread();
    if (!this.#server.isRungFor(thread)) return;
    // Or the engine has more to do before its turn ends.
    const isTurnOver = !this.#random.oneIn(3);
    this.#server.hearRing(thread, isTurnOver);
    if (!isTurnOver) this.#deliver();
  }

  #tick(): void {
    const { clock, threads } = this.#server;
    const passedMs = this.#random.pick([1, 20, 300, 1500]);
    // A turn that has begun at one time is not executed behind one of a later time.
    if (threads.length > 1) this.#endTurns();
    clock.now += passedMs;
    clock.elapsed += passedMs;
    const thread = this.#pickThread();
    this.#figures.parked += threads[thread]!.durability!.parked.length;
    threads[thread]!.tick();
    this.#server.engineOf(thread).turn();
  }

  #endTurns(): void {
    for (const [index, recorder] of this.#recorders.entries()) {
      if (recorder.isInTurn) this.#server.engineOf(index).turn();
    }
  }

  #leave(): void {
    const client = this.#random.pick(this.#clients);
    if (this.#random.oneIn(3) && client.connection.isOpen && client.wireLength === 0) {
      client.connection.end();
      return;
    }
    this.#receive(client);
    client.connection.disconnect();
    this.#forget(client);
  }

  #save(): void {
    if (this.#server.durability.failure() !== "") {
      this.#disk.capacity = Infinity;
      this.#disk.repair();
      this.#figures.newEpochs++;
    }
    if (this.#server.durability.save()) this.#figures.snapshots++;
    this.#server.engine.turn();
  }

  #plantFault(): void {
    const random = this.#random;
    this.#figures.faults++;
    const disk = this.#disk;
    disk.hasShortWrites = random.oneIn(2);
    const kind = random.below(4);
    if (kind === 0) return;
    if (kind === 1) {
      disk.capacity = disk.usedBytes() + random.below(random.pick([500, 5000, 50_000]));
      return;
    }
    const operation = random.pick(["write", "sync", "sync", "create", "sync-directory"] as const);
    const code = random.pick(["EIO", "EIO", "ENOSPC"]);
    disk.failAt(operation, random.between(1, 20), code, random.pick([1, 1000]));
  }

  #forget(client: SimulatedClient): void {
    this.#clients = this.#clients.filter((other) => other !== client);
    const place = placeOf(client.thread, client.connection.number);
    if (this.#ofConnection.get(place) === client) this.#ofConnection.delete(place);
    if (client.model !== null) this.#model.disconnect(client.model);
    const mayVanish = this.#hasLogFailed || !client.connection.isOpen;
    if (!mayVanish) throw new Error("a client was forgotten that is there");
  }

  #watch(thread: number): void {
    const watched = this.#server.threads[thread]!;
    watchExecution(
      watched,
      {
        executed: (connection, manner) => this.#executed(thread, connection, manner),
        sent: (connection, owner, isSent) => this.#leftTo(owner, thread, connection, isSent),
        served: (guest, kind, refusal) => this.#served(thread, guest, kind, refusal),
      },
      SIMULATED_CLIENTS_MAX,
    );
  }

  /** A request of a connection has been executed, or refused. */
  #executed(thread: number, connection: number, manner: Manner): void {
    const { client, request } = this.#takePending(thread, connection);
    const elsewhereCount = client.elsewhereCount(this.#server.clock.elapsed);
    if (!manner.mayOvertake && elsewhereCount > 0) {
      const count = `${elsewhereCount} requests`;
      throw new Error(`a command was executed before ${count} that other threads have`);
    }
    const reply = this.#execute(thread, client, request, manner.refusal);
    const hasRecorded = this.#recorders[thread]!.hasRecorded();
    const isOfWrite = manner.isKept ? this.#writes(client, request) : hasRecorded;
    client.expect({ ...reply, isOfWrite });
  }

  /** A request of a connection is another thread's now. */
  #leftTo(owner: number, thread: number, connection: number, isSent: boolean): void {
    const { client, request } = this.#takePending(thread, connection);
    if (!isSent) {
      client.expectTimeout();
      return;
    }
    this.#figures.sentToOwners++;
    const answer = client.expectLater(this.#server.clock.elapsed);
    const kind = client.isV1 ? KIND.V1 : KIND.RESP2;
    this.#sent.push(thread, owner, kind, { client, request, answer });
  }

  /** A thread has executed the next request that another one has sent. */
  #served(thread: number, guest: number, kind: number, refusal: Refusal): void {
    const { client, request, answer } = this.#sent.take(guest, thread, kind);
    const isOfWrite = this.#writes(client, request);
    answer({ ...this.#execute(thread, client, request, refusal), isOfWrite });
  }

  #takePending(thread: number, connection: number) {
    const client = this.#ofConnection.get(placeOf(thread, connection));
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
    this.#model.nowMs = executing.store.nowMs;
    const isWrite = this.#writes(client, request);
    const text = this.#answer(client, request, refusal, isWrite);
    return { text, eventCount: isLogDown(executing) ? null : this.history.length };
  }

  #writes({ model }: SimulatedClient, { args, isV1Write }: SimulationRequest): boolean {
    return args === null || model === null ? isV1Write : this.#model.writes(model, args);
  }

  #answer(
    client: SimulatedClient,
    { args, bytes }: SimulationRequest,
    refusal: Refusal,
    isWrite: boolean,
  ): string {
    const isRefused = isWrite && refusal !== "none";
    if (args === null || client.model === null) {
      return isRefused ? V1_ERROR : this.#model.executeV1(bytes);
    }
    if (!isRefused) return this.#model.execute(client.model, args);
    const text = refusal === "failed" ? ERROR_TEXT.NOT_DURABLE : ERROR_TEXT.NO_LOG_ROOM;
    if (args[0] !== "EXEC") return `-${text}\r\n`;
    this.#model.execute(client.model, ["DISCARD"]);
    return `-EXECABORT Transaction discarded because of: ${text}\r\n`;
  }

  /** Store, history and model have the same. */
  #compare(): void {
    const { threads } = this.#server;
    // Half a command may have been executed.
    if (threads.some(({ batch }) => batch.count > 0)) return;
    const times = threads.map((thread) => thread.store.nowMs);
    const latest = times.indexOf(Math.max(...times));
    const { store } = threads[latest]!;
    const found = this.#readStore(latest);
    const told = findDifference(livingAt(this.history.contents(), store.nowMs), found);
    if (told !== "") throw new Error(`what the log was told and the store has: ${told}`);
    this.#model.nowMs = store.nowMs;
    const asked = findDifference(found, this.#model.contents());
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

  /** Everything goes on until nothing is left to do; then nobody may be waiting. */
  #rest(): void {
    const { threads, clock } = this.#server;
    const engines = [...threads.keys()].map((thread) => this.#server.engineOf(thread));
    for (let i = 0; i < REST_ROUNDS_MAX && this.#end === null; i++) {
      for (const client of this.#clients) {
        if (client.connection.capacity < Infinity) client.connection.drain(Infinity);
        this.#deliverTo(client, client.wireLength);
      }
      for (const engine of engines) engine.completeAll();
      this.#server.settle();
      for (const engine of engines) engine.completeAll();
      for (const thread of threads.keys()) this.#turn(thread);
      // For what gathers; nobody ticks.
      clock.elapsed += 40;
      this.#look();
      if (this.#isAtRest()) break;
    }
    this.#compare();
    if (this.#end !== null || threads.some(isLogDown)) return;
    for (const { thread, pending, awaitedCount, connection } of this.#clients.filter(isServed)) {
      if (pending.length === 0 && awaitedCount === 0) continue;
      const flags = threads[thread]!.connections.flags[connection.number];
      const waits = `${pending.length} requests and ${awaitedCount} replies`;
      const name = `connection ${connection.number} (${flags}) of thread ${thread}`;
      throw new Error(`${name} waits for ${waits}`);
    }
  }

  #isAtRest(): boolean {
    const { threads, durability } = this.#server;
    const isWaiting = ({ thread, pending, awaitedCount, connection }: SimulatedClient): boolean =>
      pending.length > 0 ||
      awaitedCount > 0 ||
      threads[thread]!.connections.is(connection.number, CONNECTION.HELD | CONNECTION.PARKED);
    return !this.#clients.filter(isServed).some(isWaiting) && !durability.isSaving;
  }

  /** A clean stop. */
  #stop(): void {
    this.#rest();
    for (const writer of this.#server.writers) writer.endEpoch(this.#server.clock.elapsed);
    this.#notePromises("synced");
  }

  #die(end: End): SimulatedDisk {
    if (end === "power") {
      this.#figures.crashes++;
      this.#notePromises("synced");
      return this.#disk.crash();
    }
    this.#figures.kills++;
    this.#notePromises("written");
    return this.#disk.kill();
  }

  #notePromises(what: "synced" | "written"): void {
    const ends = this.#server.producers.map((producer) =>
      what === "synced" ? producer.syncedPosition() : producer.writtenPosition(),
    );
    const { epoch, startPosition } = this.history;
    // Where nothing was recorded nothing was promised.
    const promised = ends.map((end) => (end > startPosition ? end : 0));
    this.#promisedEnds.set(epoch, promised);
  }
}

/** Not closed by the server because the log has failed. */
function isServed({ isFailed, connection }: SimulatedClient): boolean {
  return !isFailed && connection.isOpen && !connection.isFinished;
}

/** Writes are refused, and what is read may be lost. */
function isLogDown({ durability }: DataThread): boolean {
  return hasFailed({ durability }) || durability!.journal.isSuspended;
}

function hasFailed({ durability }: Pick<DataThread, "durability">): boolean {
  return durability!.failure() !== "";
}

/** A connection's name among those of all threads. */
function placeOf(thread: number, connection: number): number {
  return thread * CONNECTIONS_MAX + connection;
}
