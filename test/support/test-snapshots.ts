// Snapshots of a server that nobody has started, for tests: one begins when it is asked for, and
// never ends.

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

  constructor(changes: Partial<Omit<TestSnapshots, "start" | "changesSinceLast">> = {}) {
    Object.assign(this, changes);
  }

  start(): "started" | "running" {
    if (this.isRunning) return "running";
    this.isRunning = true;
    this.startCount++;
    return "started";
  }

  changesSinceLast(): number {
    return this.changeCount;
  }
}
