// One data thread: engine, pipeline and store, put together. It runs in a Worker
// (data-thread-worker.ts); tests run it in their own thread, with their own clock.

import { Batch } from "../batch/batch.ts";
import { ReceiveWindows } from "../batch/receive-windows.ts";
import { SendWindows, type Transport } from "../batch/send-windows.ts";
import { CounterCommands } from "../command/counter-commands.ts";
import { createExecutor, type Commands, type Executor } from "../command/executor.ts";
import { ExpiryCommands } from "../command/expiry-commands.ts";
import { createFastCommands } from "../command/fast-commands.ts";
import { createFastRespCommands } from "../command/fast-resp-commands.ts";
import { createRespRows, type RespRows } from "../command/resp-rows.ts";
import { ServerCommands } from "../command/server-commands.ts";
import { StringCommands } from "../command/string-commands.ts";
import type { Clock } from "../lib/clock.ts";
import { Log } from "../lib/log.ts";
import { MADV_DONTNEED, MADV_HUGEPAGE, type Libc } from "../lib/libc.ts";
import type { Engine, EngineHandlers, ListenAddress } from "../net/engine.ts";
import { ListenEngine } from "../net/listen-engine.ts";
import { createRespDecoder, type RespDecoder } from "../protocol/resp-decoder.ts";
import { RespReplies } from "../protocol/resp-replies.ts";
import { createV1Decoder } from "../protocol/v1-decoder.ts";
import { V1Replies } from "../protocol/v1-replies.ts";
import { Dispatcher } from "../redis/dispatcher.ts";
import { StoreParcel } from "../redis/parcel.ts";
import { StoreKeyspace } from "../redis/store-keyspace.ts";
import { DATABASE_COUNT, databaseSeed } from "../store/database.ts";
import { HUGE_PAGE_SIZE, PAGES_PER_BANK, PAGE_SIZE } from "../store/arena.ts";
import { STORE_DEFAULTS, type StoreBuffers } from "../store/store-buffers.ts";
import { Store } from "../store/store.ts";
import { ConnectionTable } from "./connection-table.ts";
import { Durability, type WalConnection } from "./durability.ts";
import { renderInfo } from "./info.ts";
import { PersistenceService } from "./persistence-service.ts";
import type { MainThreadCalls } from "./main-thread-calls.ts";
import { Pipeline } from "./pipeline.ts";
import { RedisService } from "./redis-service.ts";
import { RespFront } from "./resp-front.ts";
import type { RespOptions } from "./resp-options.ts";

export const TICK_INTERVAL_MS = 100;
/** How long a stopping server goes on reading from clients that go on sending. */
const QUIET_TIMEOUT_MS = 1000;
/** How long it waits for clients to take their last replies. */
const CLOSE_TIMEOUT_MS = 3000;
const CLOSE_POLL_MS = 5;

/** All long commands together may hold this share of the memory limit outside the store. */
const LONG_COMMAND_SHARE = 8;

const ACCEPT_LOG_INTERVAL_MS = 60_000;

export interface DataThreadOptions {
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

  readonly #clock: Clock;
  readonly #options: DataThreadOptions;
  readonly #startedMs: number;
  readonly #commands: Commands;
  readonly #libc: Libc | null;
  readonly #rows: RespRows;
  readonly #requestStop: () => void;
  readonly #onClosed: () => void;
  readonly #log: Log;
  #acceptFailures = 0;
  #nextAcceptLogMs = 0;
  #maxMemoryBytes: number;
  #port = 0;
  #ticker: Timer | null = null;
  #windowBytes = 0;

  constructor(
    options: DataThreadOptions,
    clock: Clock,
    libc: Libc | null,
    makeEngine: EngineMaker = makeListenEngine,
    calls: MainThreadCalls = {},
    wal: WalConnection | null = null,
  ) {
    const { wantMemory = () => {}, requestStop = () => {}, closed = () => {} } = calls;
    this.#requestStop = requestStop;
    this.#onClosed = closed;
    this.#maxMemoryBytes = options.maxMemoryBytes;
    const { log = new Log({ level: options.resp.logLevel }) } = calls;
    this.#log = log;
    this.#clock = clock;
    this.#options = options;
    this.#libc = libc;
    this.#startedMs = clock.elapsedMs();
    const connectionCount = options.maxClients;
    this.windows = new ReceiveWindows(connectionCount, options.windowSizeBytes);
    const { area } = this.windows;
    this.store = new Store(options.store, area, clock, {
      slotsLog2Min: STORE_DEFAULTS.slotsLog2Min,
      slotsLog2Max: STORE_DEFAULTS.slotsLog2Max,
      seeds: options.seeds,
      releasePage: (page) => this.#releasePage(page),
      wantMemory,
    });
    // The engine sends and the pipeline receives: they are joined once both are there.
    const transport: Transport = {
      send: (connection, bytes, offset, length) =>
        this.engine.send(connection, bytes, offset, length),
      sendRegions: (connection, regions) => this.engine.sendRegions(connection, regions),
    };
    this.sends = new SendWindows(
      {
        connectionCount,
        windowSizeBytes: options.windowSizeBytes,
        spareCount: options.spareWindows,
        limitBytes: options.sendLimitBytes,
      },
      this.store,
      transport,
    );
    const replies = new V1Replies(this.sends, this.store);
    this.#commands = {
      strings: new StringCommands(this.store, replies, area),
      counters: new CounterCommands(this.store, replies, this.windows),
      expiry: new ExpiryCommands(this.store, replies, area, this.sends.area),
      server: new ServerCommands(this.store, replies, area, this.sends.area, () => this.info()),
    };
    this.connections = new ConnectionTable(connectionCount);
    const { batch, store, windows, sends, connections } = this;
    this.durability = wal === null ? null : this.#makeDurability(wal, log);
    const journal = this.durability?.journal ?? null;
    const parked = this.durability?.parked ?? [];
    this.#rows = createRespRows({
      batch,
      store,
      windows,
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
      clock,
      log: journal,
      parked,
    });
    const respDecoder = createRespDecoder(area, batch, connections, {
      windowSize: options.windowSizeBytes,
      lengthMax: options.resp.maxValueBytes,
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
      },
      {
        connectionCount,
        sendLimitBytes: options.sendLimitBytes,
        stallTimeoutMs: options.stallTimeoutSeconds * 1000,
      },
    );
    this.#adviseHugePages();
    this.engine = makeEngine(this.windows, this.pipeline, connectionCount, libc);
    this.pipeline.attach(this.engine);
    const { durability } = this;
    this.persistence =
      durability === null ? null : new PersistenceService(durability, connections, clock);
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
    while (this.connections.openCount > 0 && this.#clock.elapsedMs() < deadlineMs) {
      await Bun.sleep(CLOSE_POLL_MS);
    }
    this.pipeline.destroyAll();
    this.#onClosed();
    await this.durability?.finish();
    if (this.#ticker !== null) clearInterval(this.#ticker);
  }

  info(): string {
    return renderInfo({
      version: this.#options.version,
      clock: this.#clock,
      startedMs: this.#startedMs,
      port: this.#port,
      configFile: this.#options.configFile,
      maxMemoryBytes: this.#maxMemoryBytes,
      engine: this.engine,
      engineReason: this.#options.engineReason ?? "",
      store: this.store,
      windows: this.windows,
      sends: this.sends,
      executor: this.executor,
      commands: this.#commands,
      connections: this.connections,
      pipeline: this.pipeline,
    });
  }

  /** Takes the memory that windows have come to use off the store's share of the limit. */
  #payForWindows(): void {
    const windowBytes = this.windows.touched.bytes + this.sends.touched.bytes;
    if (windowBytes === this.#windowBytes) return;
    this.#windowBytes = windowBytes;
    this.#limitStore();
  }

  #limitStore(): void {
    const storeBytes = this.#maxMemoryBytes - this.#windowBytes;
    this.store.pool.setLimit(Math.max(0, Math.floor(storeBytes / PAGE_SIZE)));
  }

  #makeFront(decoder: RespDecoder, log: Log): RespFront {
    const { windows, sends, store, connections } = this;
    const { resp, maxClients, maxMemoryBytes } = this.#options;
    const addressesOf = (connection: number) => this.engine.addressesOf(connection);
    const clock = this.#clock;
    return new RespFront(
      { windows, sends, store, connections, decoder, clock, log, addressesOf },
      {
        connectionCount: maxClients,
        argumentLengthMax: resp.maxValueBytes,
        longCommandLimitBytes: Math.max(resp.maxValueBytes, maxMemoryBytes) / LONG_COMMAND_SHARE,
        wantsPassword: resp.password !== null,
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
    const { version, configFile, maxClients, resp } = this.#options;
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
        persistence: this.persistence,
        engine: this.engine,
        ownSections: () => this.info(),
        maxMemoryBytes: () => this.#maxMemoryBytes,
        setMaxMemoryBytes: (bytes) => {
          this.#maxMemoryBytes = bytes;
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
      sinkOf: (client) => this.front.sinkOf(client),
      releaseParcel: (parcel) => {
        if (parcel instanceof StoreParcel) parcel.discard();
      },
    });
  }

  /**
   * Random reads over many pages of 4 KiB miss the processor's address cache nearly every time;
   * with pages of 2 MiB they do not. Only whole huge pages within a bank are asked for.
   */
  #adviseHugePages(): void {
    if (this.#libc === null) return;
    for (const { bytes } of this.store.arena.areas) {
      const address = this.#libc.addressOf(bytes);
      const begin = Math.ceil(address / HUGE_PAGE_SIZE) * HUGE_PAGE_SIZE;
      const length = address + bytes.length - begin;
      if (length >= HUGE_PAGE_SIZE) this.#libc.madvise(begin, length, MADV_HUGEPAGE);
    }
  }

  #releasePage(page: number): boolean {
    if (this.#libc === null) return false;
    const area = this.store.arena.areas[Math.floor(page / PAGES_PER_BANK)]!;
    const address = this.#libc.addressOf(area.bytes) + (page % PAGES_PER_BANK) * PAGE_SIZE;
    return this.#libc.madvise(address, PAGE_SIZE, MADV_DONTNEED);
  }
}
