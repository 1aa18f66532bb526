// One data thread: engine, pipeline and store, put together. It runs in a Worker
// (data-thread-worker.ts); tests run it in their own thread, with their own clock.

import { Batch } from "../batch/batch.ts";
import { ReceiveWindows } from "../batch/receive-windows.ts";
import { SendWindows } from "../batch/send-windows.ts";
import { CounterCommands } from "../command/counter-commands.ts";
import { DurabilityCommands } from "../command/durability-commands.ts";
import { createExecutor, type Commands, type Executor } from "../command/executor.ts";
import { ExpiryCommands } from "../command/expiry-commands.ts";
import { createFastCommands } from "../command/fast-commands.ts";
import { createFastRespCommands } from "../command/fast-resp-commands.ts";
import { createRespRows, type RespRows } from "../command/resp-rows.ts";
import { ServerCommands } from "../command/server-commands.ts";
import { StringCommands } from "../command/string-commands.ts";
import type { Clock } from "../lib/clock.ts";
import { Log } from "../lib/log.ts";
import type { Libc } from "../lib/libc.ts";
import type { Engine, EngineHandlers, ListenAddress } from "../net/engine.ts";
import { ListenEngine } from "../net/listen-engine.ts";
import { createRespDecoder, type RespDecoder } from "../protocol/resp-decoder.ts";
import { RespReplies } from "../protocol/resp-replies.ts";
import { createV1Decoder } from "../protocol/v1-decoder.ts";
import { V1Replies } from "../protocol/v1-replies.ts";
import { CommandLocks } from "../redis/command-locks.ts";
import { Dispatcher } from "../redis/dispatcher.ts";
import { StoreParcel } from "../redis/parcel.ts";
import { StoreKeyspace } from "../redis/store-keyspace.ts";
import type { Shards } from "../shard/shards.ts";
import { DATABASE_COUNT, databaseSeed } from "../store/database.ts";
import { STORE_DEFAULTS, type StoreBuffers } from "../store/store-buffers.ts";
import { Store } from "../store/store.ts";
import { ClientCount } from "./client-count.ts";
import { ConnectionTable } from "./connection-table.ts";
import { Durability, type WalConnection } from "./durability.ts";
import { renderInfo } from "./info.ts";
import { PersistenceService } from "./persistence-service.ts";
import type { MainThreadCalls } from "./main-thread-calls.ts";
import { openMemoryBudget, type MemoryBudget } from "./memory-budget.ts";
import { Pipeline } from "./pipeline.ts";
import { RedisService } from "./redis-service.ts";
import { RespFront } from "./resp-front.ts";
import { ServerBoard } from "./server-board.ts";
import { adviseHugePages, releasePage } from "./system-memory.ts";
import type { RespOptions } from "./resp-options.ts";
import { attachShards, makeTransport, openShards, virtualCountOf } from "./shard-wiring.ts";
import type { ShardOptions } from "./shard-wiring.ts";
import { ONLY_THREAD, type ThreadSetup } from "./thread-setup.ts";

export const TICK_INTERVAL_MS = 100;
/** How long a stopping server goes on reading from clients that go on sending. */
const QUIET_TIMEOUT_MS = 1000;
/** How long it waits for clients to take their last replies. */
const CLOSE_TIMEOUT_MS = 3000;
const CLOSE_POLL_MS = 5;

/** All long commands together may hold this share of the memory limit outside the store. */
const LONG_COMMAND_SHARE = 8;

const ACCEPT_LOG_INTERVAL_MS = 60_000;

export interface DataThreadOptions extends ShardOptions {
  readonly version: string;
  readonly configFile: string;
  readonly maxClients: number;
  readonly maxMemoryBytes: number;
  readonly windowSizeBytes: number;
  readonly spareWindows: number;
  readonly sendLimitBytes: number;
  readonly stallTimeoutSeconds: number;
  /** Why this engine serves, for INFO. */
  readonly engineReason?: string;
  readonly resp: RespOptions;
  readonly store: StoreBuffers;
  /** Seeds of the store's hashes. */
  readonly seeds: readonly [number, number, number];
  /** Without it, the thread is the only one. */
  readonly threads?: ThreadSetup;
  /** Of MemoryBudget and ClientCount, for all threads. */
  readonly memoryBudget?: SharedArrayBuffer;
  readonly clientCount?: SharedArrayBuffer;
  /** Of reserveBoard, for all threads. */
  readonly board?: SharedArrayBuffer;
}

/** Makes the engine for a thread; tests put their own in its place. */
export type EngineMaker = (
  windows: ReceiveWindows,
  handlers: EngineHandlers,
  connectionCount: number,
  libc: Libc | null,
) => Engine;

export const makeListenEngine: EngineMaker = (windows, handlers, connectionCount, libc) =>
  new ListenEngine(windows, handlers, connectionCount, libc);

export class DataThread {
  readonly batch = new Batch();
  readonly store: Store;
  readonly executor: Executor;
  readonly connections: ConnectionTable;
  readonly pipeline: Pipeline;
  readonly sends: SendWindows;
  readonly windows: ReceiveWindows;
  readonly engine: Engine;
  readonly front: RespFront;
  readonly service: RedisService;
  /** Null = nothing is made durable. */
  readonly durability: Durability | null;
  readonly persistence: PersistenceService | null;
  /** Null = the keys are not divided among threads. */
  readonly shards: Shards | null;

  readonly #clock: Clock;
  readonly #options: DataThreadOptions;
  readonly #commands: Commands;
  readonly #rows: RespRows;
  readonly #requestStop: () => void;
  readonly #onClosed: () => Promise<void>;
  readonly #log: Log;
  #acceptFailures = 0;
  #nextAcceptLogMs = 0;
  readonly #memory: MemoryBudget;
  #port = 0;
  #ticker: Timer | null = null;

  constructor(
    options: DataThreadOptions,
    clock: Clock,
    libc: Libc | null,
    makeEngine: EngineMaker = makeListenEngine,
    calls: MainThreadCalls = {},
    wal: WalConnection | null = null,
  ) {
    const { wantMemory = () => {}, requestStop = () => {}, closed = async () => {} } = calls;
    this.#requestStop = requestStop;
    this.#onClosed = closed;
    this.#memory = openMemoryBudget(options);
    const { log = new Log({ level: options.resp.logLevel }) } = calls;
    this.#log = log;
    this.#clock = clock;
    this.#options = options;
    const clientCount = options.maxClients;
    const connectionCount = clientCount + virtualCountOf(options);
    this.windows = new ReceiveWindows(connectionCount, options.windowSizeBytes);
    const { area } = this.windows;
    this.store = new Store(options.store, area, clock, {
      slotsLog2Min: STORE_DEFAULTS.slotsLog2Min,
      slotsLog2Max: STORE_DEFAULTS.slotsLog2Max,
      seeds: options.seeds,
      releasePage: (page) => libc !== null && releasePage(this.store.arena, libc, page),
      wantMemory,
      isShared: (options.threads ?? ONLY_THREAD).count > 1,
    });
    this.sends = new SendWindows(
      {
        connectionCount,
        windowSizeBytes: options.windowSizeBytes,
        spareCount: options.spareWindows,
        limitBytes: options.sendLimitBytes,
      },
      this.store,
      makeTransport(this, options),
    );
    const replies = new V1Replies(this.sends, this.store);
    this.#commands = {
      strings: new StringCommands(this.store, replies, area),
      counters: new CounterCommands(this.store, replies, this.windows),
      expiry: new ExpiryCommands(this.store, replies, area, this.sends.area),
      durability: new DurabilityCommands(area, replies, () => this.persistence),
      server: new ServerCommands(this.store, replies, area, this.sends.area, () => this.info()),
    };
    const clients = options.clientCount && new ClientCount(clientCount, options.clientCount);
    this.connections = new ConnectionTable(clientCount, clients, connectionCount - clientCount);
    this.shards = openShards(this, options, clock);
    const { batch, store, windows, sends, connections, shards } = this;
    this.durability = wal === null ? null : this.#makeDurability(wal, log);
    const journal = this.durability?.journal ?? null;
    const parked = this.durability?.parked ?? [];
    this.#rows = createRespRows({
      batch,
      store,
      windows,
      sends,
      replies: new RespReplies(sends, store, connections.versions),
      fast: createFastRespCommands(batch, store.arena, windows, sends, journal),
      log: journal,
    });
    this.executor = createExecutor({
      batch,
      store,
      replies,
      windows,
      fast: createFastCommands(batch, store.arena, windows, sends, journal),
      commands: this.#commands,
      respRows: this.#rows,
      flags: connections.flags,
      sends,
      clock,
      log: journal,
      parked,
      router: shards?.router ?? null,
    });
    const respDecoder = createRespDecoder(area, batch, connections, {
      windowSize: options.windowSizeBytes,
      lengthMax: options.resp.maxValueBytes,
      keepsWhole: store.locks !== null,
      seeds: Int32Array.from({ length: DATABASE_COUNT }, (_, database) =>
        databaseSeed(options.seeds[0], database),
      ),
    });
    this.front = this.#makeFront(respDecoder, log);
    this.pipeline = new Pipeline(
      {
        batch,
        clock,
        store,
        windows,
        sends,
        decoder: createV1Decoder(area, batch, options.seeds[0]),
        respDecoder,
        front: this.front,
        executor: this.executor,
        connections,
        gate: this.durability?.gate ?? null,
        parked,
        durability: this.durability,
        shards,
      },
      {
        connectionCount: clientCount,
        sendLimitBytes: options.sendLimitBytes,
        stallTimeoutMs: options.stallTimeoutSeconds * 1000,
      },
    );
    if (libc !== null) adviseHugePages(this.store.arena, libc);
    this.engine = makeEngine(this.windows, this.pipeline, clientCount, libc);
    this.pipeline.attach(this.engine);
    attachShards(shards, this.engine, this.pipeline);
    const { durability } = this;
    this.persistence = durability === null ? null : new PersistenceService(durability, clock);
    this.service = this.#makeService(log);
    this.front.attach(this.#makeDispatcher(log));
  }

  /** Starts to serve; the addresses with the ports that port 0 became. Throws if one is in use. */
  listen(addresses: readonly ListenAddress[]): ListenAddress[] {
    const bound = addresses.map((address) => this.engine.listen(address));
    for (const address of bound) if (address.kind === "tcp") this.#port = address.port;
    this.service.listening(this.#port);
    this.#ticker = setInterval(() => this.tick(), TICK_INTERVAL_MS);
    return bound;
  }

  /** What happens a few times a second whether requests come or not. */
  tick(): void {
    this.#payForWindows();
    this.service.tick();
    this.durability?.tick();
    this.pipeline.tick();
    this.#noteAcceptFailures();
  }

  /** Said when it begins and once a minute while it lasts. */
  #noteAcceptFailures(): void {
    const count = this.engine.acceptFailureCount();
    const nowMs = this.#clock.elapsedMs();
    if (count === this.#acceptFailures || nowMs < this.#nextAcceptLogMs) return;
    this.#acceptFailures = count;
    this.#nextAcceptLogMs = nowMs + ACCEPT_LOG_INTERVAL_MS;
    this.#log.warn("connections wait to be accepted: the descriptor limit is reached", { count });
  }

  /** Stops accepting, answers what has arrived, sends it, closes. Settles when all is done. */
  async stop(): Promise<void> {
    this.engine.stopListening();
    await Promise.race([this.engine.quiet(), Bun.sleep(QUIET_TIMEOUT_MS)]);
    this.pipeline.turnEnded();
    this.pipeline.closeAll();
    const deadlineMs = this.#clock.elapsedMs() + CLOSE_TIMEOUT_MS;
    while (this.#isNeeded() && this.#clock.elapsedMs() < deadlineMs) await Bun.sleep(CLOSE_POLL_MS);
    this.shards?.close();
    this.pipeline.destroyAll();
    await this.#onClosed();
    await this.durability?.finish();
    if (this.#ticker !== null) clearInterval(this.#ticker);
  }

  #isNeeded(): boolean {
    const { openCount } = this.connections;
    if (this.shards === null) return openCount > 0;
    this.pipeline.turnEnded();
    return this.shards.isNeeded(openCount);
  }

  info(): string {
    return renderInfo({
      version: this.#options.version,
      uptimeSeconds: this.service.uptimeSeconds,
      port: this.#port,
      configFile: this.#options.configFile,
      maxMemoryBytes: this.#memory.maxBytes,
      engine: this.engine,
      engineReason: this.#options.engineReason ?? "",
      store: this.store,
      figures: this.service.figures(),
      threads: this.service.threadFigures(),
    });
  }

  /** Takes the memory that windows have come to use off the store's share of the limit. */
  #payForWindows(): void {
    this.#memory.payForWindows(this.windows.touched.bytes + this.sends.touched.bytes);
    this.#limitStore();
  }

  #limitStore(): void {
    this.#memory.settle((pageCount) => this.store.pool.setLimit(pageCount));
  }

  #makeFront(decoder: RespDecoder, log: Log): RespFront {
    const { windows, sends, store, connections } = this;
    const { resp, maxMemoryBytes } = this.#options;
    const addressesOf = (connection: number) => this.engine.addressesOf(connection);
    const clock = this.#clock;
    return new RespFront(
      { windows, sends, store, connections, decoder, clock, log, addressesOf },
      {
        connectionCount: connections.flags.length,
        argumentLengthMax: resp.maxValueBytes,
        longCommandLimitBytes: Math.max(resp.maxValueBytes, maxMemoryBytes) / LONG_COMMAND_SHARE,
        wantsPassword: resp.password !== null,
        threads: this.#options.threads,
        refusesV1: resp.password !== null && !resp.isV1Trusted,
      },
    );
  }

  #makeDurability(wal: WalConnection, log: Log): Durability {
    const { store, sends, connections } = this;
    const source = this.windows.area;
    const clock = this.#clock;
    const held = () => this.pipeline;
    return new Durability({ store, source, sends, connections, clock, log, held }, wal);
  }

  #makeService(log: Log): RedisService {
    const { windows, sends, store, connections, executor, front, pipeline } = this;
    const { version, configFile, maxClients, resp, threads = ONLY_THREAD, board } = this.#options;
    return new RedisService(
      {
        clock: this.#clock,
        log,
        store,
        windows,
        sends,
        executor,
        commands: this.#commands,
        rows: this.#rows,
        connections,
        front,
        turn: pipeline.turn,
        resumedCount: () => pipeline.resumedCount,
        shard: () => this.shards?.figures ?? null,
        board: board === undefined ? null : new ServerBoard(board, threads),
        persistence: this.persistence,
        engine: this.engine,
        ownSections: () => this.info(),
        maxMemoryBytes: () => this.#memory.maxBytes,
        setMaxMemoryBytes: (bytes) => {
          this.#memory.maxBytes = bytes;
          this.#limitStore();
        },
        shutdown: this.#requestStop,
      },
      { version, configFile, maxClients, tickHz: 1000 / TICK_INTERVAL_MS, ...resp },
    );
  }

  #makeDispatcher(log: Log): Dispatcher {
    return new Dispatcher({
      server: this.service,
      keys: new StoreKeyspace(this.store, this.windows),
      log,
      writeLog: this.durability?.journal ?? null,
      locks: this.#makeCommandLocks(),
      sinkOf: (client) => this.front.sinkOf(client),
      releaseParcel: (parcel) => {
        if (parcel instanceof StoreParcel) parcel.discard();
      },
    });
  }

  #makeCommandLocks(): CommandLocks | null {
    const { store } = this;
    return store.locks && new CommandLocks(store, store.locks, this.service.commands);
  }
}
