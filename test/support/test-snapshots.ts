// Snapshots of a server that nobody has started, for tests: one begins when it is asked for, and
// ends when the test says so.

import type { AwaitedSave, Client } from "../../src/redis/client.ts";
import type { Snapshots } from "../../src/redis/snapshots.ts";

export class TestSnapshots implements Snapshots {
  isRunning = false;
  lastSaveSeconds = 1_795_154_287;
  lastStatus: "ok" | "err" = "ok";
  lastDurationSeconds = -1;
  runningSeconds = -1;
  count = 0;
  startCount = 0;
  changeCount = 0;

  constructor(changes: Partial<Omit<TestSnapshots, "start" | "save" | "changesSinceLast">> = {}) {
    Object.assign(this, changes);
  }

  start(): "started" | "running" {
    if (this.isRunning) return "running";
    this.isRunning = true;
    this.startCount++;
    return "started";
  }

  /** What a test puts into `client.awaitedSave` is how it has ended. */
  save(client: Client): Exclude<AwaitedSave, "none"> | "running" {
    const { awaitedSave } = client;
    if (awaitedSave === "none") {
      if (this.start() === "running") return "running";
      client.awaitedSave = "waiting";
      return "waiting";
    }
    if (awaitedSave === "waiting") return awaitedSave;
    this.isRunning = false;
    client.awaitedSave = "none";
    return awaitedSave;
  }

  changesSinceLast(): number {
    return this.changeCount;
  }
}
