// Durability as RESP's commands and INFO see it: snapshots on command, a client's own durability,
// and figures.

import type { DurabilityChoice } from "../lib/durability-choice.ts";
import type { Clock } from "../lib/clock.ts";
import type { AwaitedSave, Client } from "../redis/client.ts";
import type { PersistenceFigures } from "../redis/info-figures.ts";
import type { Snapshots } from "../redis/snapshots.ts";
import { DURABILITY } from "./connection-table.ts";
import type { Durability } from "./durability.ts";

const MS_PER_SECOND = 1000;

export class PersistenceService implements Snapshots {
  /** Keys that the server had when it began to serve. */
  recoveredKeyCount = 0;
  readonly #durability: Durability;
  readonly #clock: Clock;

  constructor(durability: Durability, clock: Clock) {
    this.#durability = durability;
    this.#clock = clock;
  }

  get isRunning(): boolean {
    return this.#durability.isSaving;
  }

  get lastSaveSeconds(): number {
    return Math.floor((this.#job?.lastSaveMs ?? 0) / MS_PER_SECOND);
  }

  get lastStatus(): "ok" | "err" {
    return this.#job?.lastStatus ?? "ok";
  }

  get lastDurationSeconds(): number {
    const durationMs = this.#job?.lastDurationMs ?? -1;
    return durationMs < 0 ? -1 : Math.floor(durationMs / MS_PER_SECOND);
  }

  get runningSeconds(): number {
    const job = this.#job;
    if (job === null || !job.isRunning) return -1;
    return Math.floor((this.#clock.elapsedMs() - job.beganMs) / MS_PER_SECOND);
  }

  get count(): number {
    return this.#job?.goodCount ?? 0;
  }

  start(): "started" | "running" {
    return this.#durability.save() ? "started" : "running";
  }

  save(client: Client): Exclude<AwaitedSave, "none"> | "running" {
    const { awaitedSave } = client;
    if (awaitedSave === "waiting") return awaitedSave;
    if (awaitedSave !== "none") {
      client.awaitedSave = "none";
      return awaitedSave;
    }
    const goodBefore = this.count;
    const hasStarted = this.#durability.save(() => {
      // Its connection may be gone.
      if (client.awaitedSave !== "waiting") return;
      client.awaitedSave = this.count > goodBefore ? "good" : "failed";
      this.#durability.wake(client.connection);
    });
    if (!hasStarted) return "running";
    client.awaitedSave = "waiting";
    return "waiting";
  }

  /** The client's SAVE is over: its command is executed again. */
  wake(client: Client): void {
    this.#durability.wake(client.connection);
  }

  changesSinceLast(): number {
    return this.#job?.changesSinceLast ?? 0;
  }

  /** Takes over what a client has chosen with CLIENT DURABILITY. */
  setDurability({ connection, durability }: Pick<Client, "connection" | "durability">): void {
    const chosen =
      durability === null
        ? DURABILITY.OF_SERVER
        : durability === "always"
          ? DURABILITY.STRICT
          : DURABILITY.RELAXED;
    this.#durability.choices.choose(connection, chosen);
  }

  /**
   * What one command of a client asks for its own reply; less than its connection's is no matter.
   */
  demandDurability({ connection }: Pick<Client, "connection">, durability: DurabilityChoice): void {
    if (durability === "always") this.#durability.choices.demand(connection);
  }

  figures(): PersistenceFigures {
    const durability = this.#durability;
    const { journal, gate } = durability;
    return {
      snapshots: this,
      durability: durability.policy,
      logBytes: this.#job?.bytesSinceLast ?? 0,
      recoveredKeyCount: this.recoveredKeyCount,
      partitions: journal.producers.map((producer) => ({
        recorded: producer.position(),
        written: producer.writtenPosition(),
        synced: producer.syncedPosition(),
      })),
      heldCount: gate.waitingCount,
      parkedCount: durability.parked.length,
      refusedCount: durability.timeoutCount,
      failure: durability.failure(),
    };
  }

  get #job() {
    return this.#durability.job;
  }
}
