// One life of a simulated server, from its start to its end: which step comes next is the random
// numbers' choice, and after each the model, the history and the store are held against each other.

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { ERROR_TEXT } from "../../src/redis/error-text.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import type { SyncPolicy } from "../../src/wal/wal-writer.ts";
import { watchExecution, type Refusal } from "./execution-watch.ts";
import type { Random } from "./random.ts";
import { PowerLoss, type SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedServer, SimulatedServerOptions } from "./simulated-server.ts";
import type { SimulationFigures } from "./simulation.ts";
import { SimulationModel, readContents } from "./simulation-model.ts";
import { SimulationRequests, type SimulationRequest } from "./simulation-requests.ts";
import { ERROR } from "./v1-frames.ts";
import { WriteHistory, findDifference, livingAt, type Ends } from "./write-history.ts";

export interface LifeOptions extends SimulatedServerOptions {
  readonly policy: SyncPolicy;
  readonly hasLongValues: boolean;
}

const CLIENTS_MAX = 4;
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
  readonly #keys: StoreKeyspace;
  /** Its ring fills. */
  readonly #isLogSlow: boolean;
  #clients: SimulatedClient[] = [];
  readonly #ofConnection = new Map<number, SimulatedClient>();
  #hasLogFailed = false;
  #turnNumber = 0;
  /** Events before this turn, and after the last request. */
  #lengthBefore = 0;
  #lastLength = 0;
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
    const { thread, durability, directory, producers, recovery } = server;
    this.partitionCount = producers.length;
    this.#keys = new StoreKeyspace(thread.store, thread.windows);
    const contents = readContents(this.#keys);
    this.history = new WriteHistory(contents, recovery.nextEpoch, producers.length);
    this.history.startPosition = Math.min(...producers.map((producer) => producer.position()));
    const { segmentBits } = directory.meta;
    this.history.attach(durability, thread.store, thread.windows.area.bytes, segmentBits);
    this.#model = new SimulationModel(contents, thread.store.nowMs);
    this.#requests = new SimulationRequests(random, hasLongValues);
    watchExecution(thread, (connection, refusal) => this.#executed(connection, refusal));
    this.#isLogSlow = hasLongValues && random.oneIn(2);
    server.engine.isDeferred = random.oneIn(3);
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
    if (choice < 3) this.#server.hearRing();
    else if (choice === 3) this.#server.engine.turn();
    else if (choice === 4 && this.#clients.length > 0) this.#deliver();
  }

  /** What has come over the sockets, and whether the machine lives on. */
  #look(): void {
    this.#hasLogFailed ||= this.#server.durability.failure() !== "";
    for (const client of this.#clients) this.#receive(client);
    if (this.#disk.operationCount >= this.#disk.powerLossAt) this.#end = "power";
  }

  #receive(client: SimulatedClient): void {
    const count = client.receive(this.#hasLogFailed);
    if (this.#policy === "always" && count > this.acknowledgedCount) this.acknowledgedCount = count;
  }

  #connect(): void {
    if (this.#clients.length === CLIENTS_MAX) return;
    const connection = this.#server.connect();
    const isV1 = this.#random.oneIn(3);
    const model = isV1 ? null : this.#model.connect();
    const client = new SimulatedClient(connection, isV1, model);
    if (this.#random.oneIn(4)) connection.capacity = this.#random.below(200);
    this.#clients.push(client);
    this.#ofConnection.set(connection.number, client);
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
    if (!client.connection.isOpen) this.#forget(client);
    else client.connection.feed(client.takeWire(length));
  }

  #turn(): void {
    this.#server.engine.turn();
    if (this.#random.oneIn(3)) this.#compare();
    for (const client of this.#clients.filter(({ connection }) => !connection.isOpen)) {
      this.#forget(client);
    }
  }

  #readSockets(): void {
    const { engine } = this.#server;
    if (engine.offerCount > 0) engine.complete(this.#random.below(engine.offerCount));
    const slow = this.#clients.filter(({ connection }) => connection.capacity < Infinity);
    if (slow.length === 0) return;
    const bytes = this.#random.pick([1, 50, 5000, Infinity]);
    this.#random.pick(slow).connection.drain(bytes);
  }

  #hearRing(): void {
    if (!this.#server.isRung) return;
    if (this.#random.oneIn(3)) {
      // The engine has more to do before its turn ends.
      this.#server.isRung = false;
      this.#server.durability.progress();
      this.#deliver();
    } else this.#server.hearRing();
  }

  #tick(): void {
    const { clock, thread, engine } = this.#server;
    const passedMs = this.#random.pick([1, 20, 300, 1500]);
    clock.now += passedMs;
    clock.elapsed += passedMs;
    this.#figures.parked += this.#server.durability.parked.length;
    thread.tick();
    engine.turn();
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
    if (this.#ofConnection.get(client.connection.number) === client) {
      this.#ofConnection.delete(client.connection.number);
    }
    if (client.model !== null) this.#model.disconnect(client.model);
    const mayVanish = this.#hasLogFailed || !client.connection.isOpen;
    if (!mayVanish) throw new Error("a client was forgotten that is there");
  }

  /** A request of a connection has been executed, or refused. */
  #executed(connection: number, refusal: Refusal): void {
    const client = this.#ofConnection.get(connection);
    const request = client?.pending.shift();
    if (client === undefined || request === undefined) {
      throw new Error(`a request was executed that connection ${connection} has not sent`);
    }
    this.#model.nowMs = this.#server.thread.store.nowMs;
    const hasFailed = this.#isLogDown();
    const isWrite = this.#writes(client, request);
    const text = this.#answer(client, request, refusal, isWrite);
    client.expect(text, hasFailed ? null : this.history.length, this.#hasRecorded());
  }

  /** Whether anything was recorded in this turn. */
  #hasRecorded(): boolean {
    const { turnCount } = this.#server.thread.pipeline.turn;
    if (turnCount !== this.#turnNumber) this.#lengthBefore = this.#lastLength;
    this.#turnNumber = turnCount;
    this.#lastLength = this.history.length;
    return this.#lastLength > this.#lengthBefore;
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
    const { store, batch } = this.#server.thread;
    // Half a command may have been executed.
    if (batch.count > 0) return;
    const found = readContents(this.#keys);
    const told = findDifference(livingAt(this.history.contents(), store.nowMs), found);
    if (told !== "") throw new Error(`what the log was told and the store has: ${told}`);
    this.#model.nowMs = store.nowMs;
    const asked = findDifference(found, this.#model.contents());
    if (asked !== "") throw new Error(`the store and the model: ${asked}`);
  }

  /** Everything goes on until nothing is left to do; then nobody may be waiting. */
  #rest(): void {
    const { engine, clock } = this.#server;
    for (let i = 0; i < REST_ROUNDS_MAX && this.#end === null; i++) {
      for (const client of this.#clients) {
        if (client.connection.capacity < Infinity) client.connection.drain(Infinity);
        this.#deliverTo(client, client.wireLength);
      }
      while (engine.offerCount > 0) engine.complete(0);
      this.#server.settle();
      while (engine.offerCount > 0) engine.complete(0);
      this.#turn();
      // For what gathers; nobody ticks.
      clock.elapsed += 40;
      this.#look();
      if (this.#isAtRest()) break;
    }
    this.#compare();
    if (this.#end !== null || this.#isLogDown()) return;
    for (const { pending, awaitedCount, connection } of this.#clients.filter(isServed)) {
      if (pending.length === 0 && awaitedCount === 0) continue;
      const flags = this.#server.thread.connections.flags[connection.number];
      const waits = `${pending.length} requests and ${awaitedCount} replies`;
      throw new Error(`connection ${connection.number} (${flags}) waits for ${waits}`);
    }
  }

  /** Writes are refused, and what is read may be lost. */
  #isLogDown(): boolean {
    const { durability } = this.#server;
    return durability.failure() !== "" || durability.journal.isSuspended;
  }

  #isAtRest(): boolean {
    const { connections } = this.#server.thread;
    const isWaiting = ({ pending, awaitedCount, connection }: SimulatedClient): boolean =>
      pending.length > 0 ||
      awaitedCount > 0 ||
      connections.is(connection.number, CONNECTION.HELD | CONNECTION.PARKED);
    return !this.#clients.filter(isServed).some(isWaiting) && !this.#server.durability.isSaving;
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
