// The server as RESP's commands see it: joins command table, statistics, settings and clients with
// the thread that they run in.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { DurabilityChoice } from "../lib/durability-choice.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Client } from "../redis/client.ts";
import type { ClientElsewhere } from "../redis/client-elsewhere.ts";
import { describeClient } from "../redis/client-line.ts";
import { CommandStats } from "../redis/command-stats.ts";
import type { CommandTable } from "../redis/command-table.ts";
import { COMMAND_TABLE } from "../redis/commands.ts";
import type { InfoFigures, ThreadsFigures } from "../redis/info-figures.ts";
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
import type { ServerBoard } from "./server-board.ts";
import { FIGURE } from "./thread-figures.ts";
import { WholeServer } from "./whole-server.ts";

export type RedisServiceOptions = RedisFigureOptions & Omit<RespOptions, "isV1Trusted">;

type OwnParts = "commandCount" | "otherWindowBytes" | "runId" | "startedMs";

export interface RedisServiceParts extends Omit<RedisFigureParts, OwnParts> {
  readonly log: Log;
  readonly front: RespFront;
  /** Null = there is one data thread. */
  readonly board: ServerBoard | null;
  readonly ownSections: () => string;
  readonly setMaxMemoryBytes: (bytes: number) => void;
  /** Has the whole server stop. */
  readonly shutdown: () => void;
}

/** The least that a store can work with. */
const MEMORY_MIN_BYTES = 16 * 1024 * 1024;
const RUN_ID_BYTES = 20;

export class RedisService implements RedisServer {
  readonly clock: Clock;
  readonly commands: CommandTable;
  readonly stats: CommandStats;
  readonly slowLog: SlowLog;
  readonly settings: Settings;
  readonly password: string | null;
  readonly logins: LoginGuard;
  readonly isDebugAllowed: boolean;
  readonly snapshots: Snapshots | null;
  readonly maxValueBytes: number;
  readonly #parts: RedisServiceParts;
  readonly #hotStats: HotStats;
  readonly #figures: RedisFigures;
  /** Null = this thread is the whole server. */
  readonly #whole: WholeServer | null;

  constructor(parts: RedisServiceParts, options: RedisServiceOptions) {
    const { board, clock, rows, executor } = parts;
    this.#parts = parts;
    this.clock = clock;
    this.password = options.password;
    this.logins = new LoginGuard(options.password, clock);
    this.isDebugAllowed = options.isDebugAllowed;
    this.maxValueBytes = options.maxValueBytes;
    this.commands = COMMAND_TABLE;
    const names = this.commands.rows.map(({ fullName }) => fullName);
    this.stats = board === null ? new CommandStats(names) : board.ownStats(names);
    this.slowLog = board === null ? new SlowLog() : new SlowLog(board.live, board.slowLog);
    this.#hotStats = new HotStats(rows, executor, this.commands, this.stats);
    this.#figures = new RedisFigures(this.#figureParts(), options);
    this.#whole = board === null ? null : this.#joinOthers(board);
    this.snapshots = this.#whole?.boardSnapshots ?? parts.persistence;
    this.settings = this.#makeSettings(options);
  }

  /** The server listens on a port, 0 = on none. */
  listening(port: number): void {
    this.#figures.port = port;
  }

  /** Since the server has started. */
  get uptimeSeconds(): number {
    return this.#figures.uptimeSeconds;
  }

  /** A few times a second: what is measured by sampling. */
  tick(): void {
    this.#hotStats.carryOver();
    this.#figures.sample();
    this.#whole?.tick();
  }

  /** Of the whole server. */
  figures(): Float64Array {
    return this.#whole === null ? this.#figures.own() : this.#whole.figures();
  }

  /** Null = there is one data thread. */
  threadFigures(): ThreadsFigures | null {
    return this.#whole?.threadFigures() ?? null;
  }

  allStats(): CommandStats {
    return this.#whole === null ? this.stats : this.#whole.stats();
  }

  clients(): Iterable<Client> {
    return this.#parts.front.clients();
  }

  clientsElsewhere(): readonly ClientElsewhere[] {
    return this.#whole?.clientsElsewhere() ?? [];
  }

  killElsewhere(clients: readonly ClientElsewhere[]): number {
    return this.#whole?.killElsewhere(clients) ?? 0;
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
      { stats: () => this.allStats(), figures: () => this.#readFigures(), ownSections },
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
    if (this.#whole === null) this.#resetOwn();
    else this.#whole.reset();
  }

  log(text: string): void {
    this.#parts.log.warn("DEBUG LOG", { text });
  }

  shutdown(): void {
    this.#parts.shutdown();
  }

  setActiveExpiry(isOn: boolean): void {
    const { board, store } = this.#parts;
    store.isExpiryActive = isOn;
    if (board !== null) board.live.isExpiryActive = isOn;
  }

  sleep(durationMs: number): void {
    Bun.sleepSync(durationMs);
  }

  #readFigures(): InfoFigures {
    const words = this.figures();
    const figures = { ...this.#figures.read(words), threads: this.threadFigures() };
    if (this.#whole === null) return figures;
    return { ...figures, persistence: this.#whole.persistence(words) };
  }

  /** This thread's statistics. */
  #resetOwn(): void {
    this.stats.reset();
    this.#hotStats.forget();
    this.#figures.reset();
  }

  #figureParts(): RedisFigureParts {
    const { board, clock } = this.#parts;
    const nowMs = clock.nowMs();
    return {
      ...this.#parts,
      commandCount: () => this.stats.totalCalls + this.#hotStats.unknownCalls,
      otherWindowBytes: () => (board === null ? 0 : board.sumOfOthers(FIGURE.windowBytes)),
      runId: board === null ? makeRunId() : board.runId,
      startedMs: board === null ? nowMs : board.startedMs(nowMs),
    };
  }

  #joinOthers(board: ServerBoard): WholeServer {
    const { clock, front, persistence, store } = this.#parts;
    const whole = new WholeServer(board, {
      clock,
      figures: () => this.#figures.own(),
      stats: this.stats,
      clients: () => front.clients(),
      describe: (client) => describeClient(client, this),
      killId: (id) => {
        const client = front.clientWithId(id);
        if (client !== null) this.kill(client);
      },
      reset: () => this.#resetOwn(),
      setActiveExpiry: (isOn) => (store.isExpiryActive = isOn),
      persistence,
    });
    front.onClientsChanged = () => whole.clientsChanged();
    return whole;
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

function makeRunId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(RUN_ID_BYTES))).toString("hex");
}
