// What commands ask of the server around them.

import type { Clock } from "../lib/clock.ts";
import type { DurabilityChoice } from "../lib/durability-choice.ts";
import type { Client } from "./client.ts";
import type { ClientElsewhere } from "./client-elsewhere.ts";
import type { CommandStats } from "./command-stats.ts";
import type { CommandTable } from "./command-table.ts";
import type { LoginGuard } from "./login-guard.ts";
import type { Snapshots } from "./snapshots.ts";
import type { Settings } from "./settings.ts";
import type { SlowLog } from "./slow-log.ts";

export interface RedisServer {
  readonly clock: Clock;
  readonly commands: CommandTable;
  /** What this thread counts. */
  readonly stats: CommandStats;
  readonly slowLog: SlowLog;
  /** What CONFIG GET and CONFIG SET know. */
  readonly settings: Settings;
  /** Null = no password is wanted. */
  readonly password: string | null;
  /** Compares passwords, and slows down who guesses them. */
  readonly logins: LoginGuard;
  readonly isDebugAllowed: boolean;
  /** Null = nothing is kept on disk. */
  readonly snapshots: Snapshots | null;
  /** Most bytes of a value; a longer one is refused. */
  readonly maxValueBytes: number;
  /** What the whole server has counted of commands. */
  allStats(): CommandStats;
  /** Connected clients of this thread that speak RESP, in the order of their ids. */
  clients(): Iterable<Client>;
  /** Those of other threads, as they were a moment ago. */
  clientsElsewhere(): readonly ClientElsewhere[];
  /** Bytes of replies that a client has not taken, for CLIENT LIST. */
  unsentBytes(client: Client): number;
  /** Closes a client's connection once its replies are sent. */
  close(client: Client): void;
  /** Closes it at once; what it has not been sent is lost. */
  kill(client: Client): void;
  /** Has other threads close clients of theirs; how many of them it could ask. */
  killElsewhere(clients: readonly ClientElsewhere[]): number;
  /** Puts `client.durability` into effect for the replies to come; only where anything is kept. */
  setDurability(client: Client): void;
  /**
   * The reply of the command at hand promises at least what `durability` says, whatever the
   * client's own is. Asked before the command is executed, and only where anything is kept.
   */
  demandDurability(client: Client, durability: DurabilityChoice): void;
  /** The text of INFO with the sections asked for; all names in lower case. */
  info(sections: readonly string[]): string;
  /** Sets the whole server's counts to zero. */
  resetStatistics(): void;
  /** Writes a client's text to the log (DEBUG LOG). */
  log(text: string): void;
  /** Stops the whole server, as SIGTERM does. */
  shutdown(): void;
  /** Deadlines are acted upon (DEBUG SET-ACTIVE-EXPIRE). */
  setActiveExpiry(isOn: boolean): void;
  /** Keeps the data thread busy (DEBUG SLEEP). */
  sleep(durationMs: number): void;
}
