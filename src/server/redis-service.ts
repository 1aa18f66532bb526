// The server as RESP's commands see it: joins command table, statistics, settings and clients with
// the thread that they run in.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { DurabilityChoice } from "../lib/durability-choice.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Client } from "../redis/client.ts";
import { CommandStats } from "../redis/command-stats.ts";
import type { CommandTable } from "../redis/command-table.ts";
import { createCommandTable } from "../redis/commands.ts";
import { renderInfo } from "../redis/info-text.ts";
import { LoginGuard } from "../redis/login-guard.ts";
import type { RedisServer } from "../redis/redis-server.ts";
import { createSettings } from "../redis/setting-table.ts";
import type { Settings } from "../redis/settings.ts";
import type { Snapshots } from "../redis/snapshots.ts";
import { SlowLog } from "../redis/slow-log.ts";
import { PAGE_SIZE } from "../store/arena.ts";
import { DROP } from "./connection-table.ts";
import { HotStats } from "./hot-stats.ts";
import { RedisFigures, type RedisFigureOptions, type RedisFigureParts } from "./redis-figures.ts";
import type { RespFront } from "./resp-front.ts";
import type { RespOptions } from "./resp-options.ts";

export type RedisServiceOptions = RedisFigureOptions & Omit<RespOptions, "isV1Trusted">;

export interface RedisServiceParts extends Omit<RedisFigureParts, "commandCount"> {
  readonly log: Log;
  readonly front: RespFront;
  readonly ownSections: () => string;
  readonly setMaxMemoryBytes: (bytes: number) => void;
  /** Has the whole server stop. */
  readonly shutdown: () => void;
}

/** The least that a store can work with. */
const MEMORY_MIN_BYTES = 16 * 1024 * 1024;

export class RedisService implements RedisServer {
  readonly clock: Clock;
  readonly commands: CommandTable;
  readonly stats: CommandStats;
  readonly slowLog = new SlowLog();
  readonly settings: Settings;
  readonly password: string | null;
  readonly logins: LoginGuard;
  readonly isDebugAllowed: boolean;
  readonly snapshots: Snapshots | null;
  readonly maxValueBytes: number;
  readonly #parts: RedisServiceParts;
  readonly #hotStats: HotStats;
  readonly #figures: RedisFigures;

  constructor(parts: RedisServiceParts, options: RedisServiceOptions) {
    const { clock, rows, executor } = parts;
    this.#parts = parts;
    this.clock = clock;
    this.password = options.password;
    this.logins = new LoginGuard(options.password, clock);
    this.isDebugAllowed = options.isDebugAllowed;
    this.maxValueBytes = options.maxValueBytes;
    this.snapshots = parts.persistence;
    this.commands = createCommandTable();
    this.stats = new CommandStats(this.commands.rows.map(({ fullName }) => fullName));
    this.#hotStats = new HotStats(rows, executor, this.commands, this.stats);
    const commandCount = () => this.stats.totalCalls + this.#hotStats.unknownCalls;
    this.#figures = new RedisFigures({ ...parts, commandCount }, options);
    this.settings = this.#makeSettings(options);
  }

  /** The server listens on a port, 0 = on none. */
  listening(port: number): void {
    this.#figures.port = port;
  }

  /** A few times a second: what is measured by sampling. */
  tick(): void {
    this.#hotStats.carryOver();
    this.#figures.sample();
  }

  clients(): Iterable<Client> {
    return this.#parts.front.clients();
  }

  unsentBytes(client: Client): number {
    return this.#parts.sends.unsentBytes(client.connection);
  }

  close(client: Client): void {
    const { connections, turn, engine } = this.#parts;
    client.isClosing = true;
    connections.isHot[client.connection] = 0;
    if (!connections.is(client.connection, CONNECTION.CLOSING)) {
      connections.beginClosing(client.connection, DROP.NONE);
    }
    turn.touch(client.connection);
    engine.requestTurn();
  }

  kill(client: Client): void {
    const { connections, engine } = this.#parts;
    client.isClosing = true;
    connections.isHot[client.connection] = 0;
    engine.close(client.connection);
  }

  info(sections: readonly string[]): string {
    this.#hotStats.carryOver();
    const { ownSections } = this.#parts;
    return renderInfo(
      { stats: this.stats, figures: () => this.#figures.read(), ownSections },
      sections,
    );
  }

  setDurability(client: Client): void {
    this.#parts.persistence?.setDurability(client);
  }

  demandDurability(client: Client, durability: DurabilityChoice): void {
    this.#parts.persistence?.demandDurability(client, durability);
  }

  resetStatistics(): void {
    this.#hotStats.forget();
    this.#figures.reset();
  }

  log(text: string): void {
    this.#parts.log.warn("DEBUG LOG", { text });
  }

  shutdown(): void {
    this.#parts.shutdown();
  }

  setActiveExpiry(isOn: boolean): void {
    this.#parts.store.isExpiryActive = isOn;
  }

  sleep(durationMs: number): void {
    Bun.sleepSync(durationMs);
  }

  #makeSettings(options: RedisServiceOptions): Settings {
    const { store, maxMemoryBytes, setMaxMemoryBytes } = this.#parts;
    return createSettings({
      port: () => (this.#figures.port === 0 ? null : this.#figures.port),
      host: options.host,
      unix: options.unix,
      maxClients: options.maxClients,
      maxValueBytes: options.maxValueBytes,
      logLevel: options.logLevel,
      isProtected: options.isProtected,
      isDebugAllowed: options.isDebugAllowed,
      directory: process.cwd(),
      persistence: options.persistence,
      tickHz: options.tickHz,
      memory: {
        read: maxMemoryBytes,
        range: { minBytes: MEMORY_MIN_BYTES, maxBytes: store.arena.pageCount * PAGE_SIZE },
        change: setMaxMemoryBytes,
      },
      slowLog: this.slowLog,
      stats: this.stats,
    });
  }
}
