// What the commands that save ask of the server's snapshots (docs/DURABILITY.md).

import type { AwaitedSave, Client } from "./client.ts";

export interface Snapshots {
  readonly isRunning: boolean;
  /** Unix time of the last good one, or when the server started. */
  readonly lastSaveSeconds: number;
  readonly lastStatus: "ok" | "err";
  /** How long the last one took, −1 = there was none since the start. */
  readonly lastDurationSeconds: number;
  /** How long the one under way has taken so far, −1 = there is none. */
  readonly runningSeconds: number;
  /** Good ones since the start. */
  readonly count: number;
  /** Begins one; it goes on beside everything else. */
  start(): "started" | "running";
  /**
   * Begins one that a client waits for: its command is executed again when that has ended, and
   * learns then how. "running" = there is one already that is not its own.
   */
  save(client: Client): Exclude<AwaitedSave, "none"> | "running";
  /** Writes that the last good one does not have. */
  changesSinceLast(): number;
}
