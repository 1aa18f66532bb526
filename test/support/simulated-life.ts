// One life of a simulated server, from its start to its end: which step comes next, and of which
// data thread, is the random numbers' choice.
//
//   SimulatedLife ─▶ LifeClients     who is there
//        │`────────▶ LifeWitness     after each step: the model, the history and the store
//        │`────────▶ LifeInterruptions   what threads do in the middle of each other's turns
//        `─────────▶ LifePromises    after its end: what the next life has to have

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import type { SyncPolicy } from "../../src/wal/wal-writer.ts";
import { LifeClients } from "./life-clients.ts";
import { LifeInterruptions } from "./life-interruptions.ts";
import { LifePromises } from "./life-promises.ts";
import { LifeWitness, hasFailed, isLogDown } from "./life-witness.ts";
import type { Random } from "./random.ts";
import { PowerLoss, type SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedServer, SimulatedServerOptions } from "./simulated-server.ts";
import type { SimulationFigures } from "./simulation.ts";
import { SimulationRequests } from "./simulation-requests.ts";
import type { WriteHistory } from "./write-history.ts";

export interface LifeOptions extends SimulatedServerOptions {
  readonly policy: SyncPolicy;
  readonly hasLongValues: boolean;
}

const CLIENTS_MAX = 4;
const CLIENTS_MAX_OF_SEVERAL = 6;
const REST_ROUNDS_MAX = 400;

type End = "power" | "kill" | "stop";

export class SimulatedLife {
  readonly history: WriteHistory;
  readonly promises: LifePromises;
  readonly partitionCount: number;
  readonly #server: SimulatedServer;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #policy: SyncPolicy;
  readonly #figures: SimulationFigures;
  readonly #requests: SimulationRequests;
  readonly #clients = new LifeClients();
  readonly #witness: LifeWitness;
  /** Its ring fills. */
  readonly #isLogSlow: boolean;
  #hasLogFailed = false;
  /** Snapshots that had their names at the last look. */
  #publishedCount = 0;
  #end: End | null = null;

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
    this.partitionCount = server.producers.length;
    this.#witness = new LifeWitness(server, this.#clients, figures);
    this.history = this.#witness.history;
    this.promises = new LifePromises(server, this.history);
    this.#requests = new SimulationRequests(
      random,
      hasLongValues,
      // The rings of several threads are larger.
      server.threads.length > 1 ? 2 : undefined,
    );
    this.#isLogSlow = hasLongValues && random.oneIn(2);
    for (const index of server.threads.keys()) {
      server.engineOf(index).isDeferred = random.oneIn(3);
    }
    server.onDiskWait = () => this.#goOnMeanwhile();
    if (server.threads.length > 1) {
      new LifeInterruptions(server, random, figures, {
        isInTurn: (thread) => this.#witness.isInTurn(thread),
        haveTurn: (thread) => this.#haveTurn(thread),
      });
    }
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

  #step(): void {
    const random = this.#random;
    const choice = random.below(100);
    // Somebody has made room, or replaced the disk.
    if (this.#server.durability.failure() !== "" && random.oneIn(10)) this.#save();
    if (this.#clients.all.length === 0 || choice < 4) this.#connect();
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
    else this.#witness.compare();
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
    else if (choice === 4 && this.#clients.all.length > 0) this.#deliver();
  }

  /** In the middle of what another thread does. */
  #haveTurn(thread: number): void {
    const clients = this.#clients.all.filter((client) => client.thread === thread);
    if (clients.length > 0) {
      const client = this.#random.pick(clients);
      this.#ask(client);
      this.#deliverTo(client, client.wireLength);
    }
    this.#server.engineOf(thread).turn();
  }

  /** The one that goes on; there may be only one. */
  #pickThread(): number {
    const { length } = this.#server.threads;
    return length === 1 ? 0 : this.#random.below(length);
  }

  /** What has come over the sockets, and whether the machine lives on. */
  #look(): void {
    this.#hasLogFailed ||= this.#server.threads.some(hasFailed);
    for (const client of this.#clients.all) this.#receive(client);
    if (this.#disk.operationCount >= this.#disk.powerLossAt) this.#end = "power";
    const { publishedCount, threads } = this.#server;
    if (publishedCount === this.#publishedCount) return;
    this.#publishedCount = publishedCount;
    // What a snapshot relies on beside itself is in the log by now.
    if (threads.length > 1 && this.#random.oneIn(4)) this.#end ??= "power";
  }

  #receive(client: SimulatedClient): void {
    const count = client.receive(this.#hasLogFailed, this.#server.clock.elapsed);
    if (this.#policy === "always") this.promises.acknowledge(count);
  }

  #connect(): void {
    const isOfSeveral = this.#server.threads.length > 1;
    const countMax = isOfSeveral ? CLIENTS_MAX_OF_SEVERAL : CLIENTS_MAX;
    if (this.#clients.all.length === countMax) return;
    const thread = this.#pickThread();
    const connection = this.#server.connect(thread);
    const isV1 = this.#random.oneIn(3);
    const model = isV1 ? null : this.#witness.model.connect();
    const client = new SimulatedClient(thread, connection, isV1, model);
    if (this.#random.oneIn(4)) connection.capacity = this.#random.below(200);
    this.#clients.add(client);
  }

  #ask(client = this.#random.pick(this.#clients.all)): void {
    if (client.isFailed || client.pending.length > 30) return;
    const count = this.#random.oneIn(4) ? this.#random.between(2, 12) : 1;
    for (let i = 0; i < count; i++) {
      for (const request of this.#requests.next(client.isV1)) client.ask(request);
    }
    if (this.#random.oneIn(2)) this.#deliverTo(client, client.wireLength);
  }

  #deliver(): void {
    const client = this.#random.pick(this.#clients.all);
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
    if (this.#random.oneIn(3)) this.#witness.compare();
    for (const client of this.#clients.all.filter(({ connection }) => !connection.isOpen)) {
      this.#forget(client);
    }
  }

  #readSockets(): void {
    const engine = this.#server.engineOf(this.#pickThread());
    if (engine.offerCount > 0) engine.complete(this.#random.below(engine.offerCount));
    const slow = this.#clients.all.filter(({ connection }) => connection.capacity < Infinity);
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
    for (const index of this.#server.threads.keys()) {
      if (this.#witness.isInTurn(index)) this.#server.engineOf(index).turn();
    }
  }

  #leave(): void {
    const client = this.#random.pick(this.#clients.all);
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
    // Or the snapshot's next slice comes later, when others have gone on.
    if (this.#server.threads.length > 1 && this.#random.oneIn(2)) this.#server.engine.oneTurn();
    else this.#server.engine.turn();
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
    this.#clients.remove(client);
    if (client.model !== null) this.#witness.model.disconnect(client.model);
    const mayVanish = this.#hasLogFailed || !client.connection.isOpen;
    if (!mayVanish) throw new Error("a client was forgotten that is there");
  }

  /** Everything goes on until nothing is left to do; then nobody may be waiting. */
  #rest(): void {
    const { threads, clock } = this.#server;
    const engines = [...threads.keys()].map((thread) => this.#server.engineOf(thread));
    for (let i = 0; i < REST_ROUNDS_MAX && this.#end === null; i++) {
      for (const client of this.#clients.all) {
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
    this.#witness.compare();
    if (this.#end !== null || threads.some(isLogDown)) return;
    const served = this.#clients.all.filter(isServed);
    for (const { thread, pending, awaitedCount, connection } of served) {
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
    return !this.#clients.all.filter(isServed).some(isWaiting) && !durability.isSaving;
  }

  /** A clean stop. */
  #stop(): void {
    this.#rest();
    for (const writer of this.#server.writers) writer.endEpoch(this.#server.clock.elapsed);
    this.promises.note("synced");
  }

  #die(end: End): SimulatedDisk {
    if (end === "power") {
      this.#figures.crashes++;
      this.promises.note("synced");
      return this.#disk.crash();
    }
    this.#figures.kills++;
    this.promises.note("written");
    return this.#disk.kill();
  }
}

/** Not closed by the server because the log has failed. */
function isServed({ isFailed, connection }: SimulatedClient): boolean {
  return !isFailed && connection.isOpen && !connection.isFinished;
}
