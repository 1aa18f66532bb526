// What commands ask of the server around them.

import type { Clock } from "../lib/clock.ts";
import type { Client } from "./client.ts";
import type { CommandStats } from "./command-stats.ts";
import type { CommandTable } from "./command-table.ts";
import type { Settings } from "./settings.ts";
import type { SlowLog } from "./slow-log.ts";

export interface RedisServer {
  readonly clock: Clock;
  readonly commands: CommandTable;
  readonly stats: CommandStats;
  readonly slowLog: SlowLog;
  /** What CONFIG GET and CONFIG SET know. */
  readonly settings: Settings;
  /** Null = no password is wanted. */
  readonly password: string | null;
  readonly isDebugAllowed: boolean;
  /** Connected clients that speak RESP, in the order of their ids. */
  clients(): Iterable<Client>;
  /** Bytes of replies that a client has not taken, for CLIENT LIST. */
  unsentBytes(client: Client): number;
  /** Closes a client's connection once its replies are sent. */
  close(client: Client): void;
  /** The text of INFO with the sections asked for; all names in lower case. */
  info(sections: readonly string[]): string;
  /** Stops the whole server, as SIGTERM does. */
  shutdown(): void;
  /** Deadlines are acted upon (DEBUG SET-ACTIVE-EXPIRE). */
  setActiveExpiry(isOn: boolean): void;
  /** Keeps the data thread busy (DEBUG SLEEP). */
  sleep(durationMs: number): void;
}
