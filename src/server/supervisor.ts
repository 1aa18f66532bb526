// The main thread's part of a running server: reserves the shared memory, starts the data threads
// in their Workers, turns signals into requests, and ends the process. It never touches a key.

import type { Log } from "../lib/log.ts";
import { identifySocket } from "../net/socket-identity.ts";
import type { Options } from "../options/option-table.ts";
import { Arena } from "../store/arena.ts";
import { CommitAhead } from "../store/commit-ahead.ts";
import { STORE_DEFAULTS, reserveStore, type StoreBuffers } from "../store/store-buffers.ts";
import { loadUringLibc } from "../uring/uring-libc.ts";
import type { DataThreadOptions } from "./data-thread.ts";
import { DataThreads } from "./data-threads.ts";
import { DataKeeper } from "./data-keeper.ts";
import { clientCountByDescriptors } from "./descriptor-limit.ts";
import { describePersistence } from "./resp-options.ts";
import { reserveSharedBuffers } from "./shared-buffers.ts";
import { StartError } from "./start-error.ts";
import { explainFailure, renderStartLine } from "./start-line.ts";
import type { LogBeginning, ReadyMessage } from "./thread-message.ts";
import { setUpThreads, type ThreadSetup } from "./thread-setup.ts";
import { clearSocketPath, removeSocket, withSocketUmask } from "./unix-socket.ts";
import type { RequestOfThread } from "./worker-thread.ts";

/** Data threads that have not let their clients go by then are left behind. */
const STOP_TIMEOUT_MS = 4500;
const SIGNAL_EXIT_BASE = 128;
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

export class Supervisor {
  readonly #options: Options;
  readonly #version: string;
  readonly #password: string | null;
  readonly #log: Log;
  readonly #setups: readonly ThreadSetup[];
  readonly #threads: DataThreads;
  readonly #store: StoreBuffers;
  readonly #commitAhead: CommitAhead;
  readonly #failedStart = Promise.withResolvers<never>();
  #isServing = false;
  #isStopping = false;
  /** A client of the first thread has asked while the others were starting. */
  #stopCause: string | null = null;
  /** Null = nothing is made durable. */
  #data: DataKeeper | null = null;
  /** Whether the data threads have: as asked, or by dying. */
  #hasEnded = false;
  #socketIdentity: string | null = null;
  #finish: (exitCode: number) => void = () => {};

  /** `password` is what RESP clients must give, null = none. */
  constructor(options: Options, version: string, log: Log, password: string | null) {
    this.#options = options;
    this.#password = password;
    this.#version = version;
    this.#log = log;
    this.#setups = setUpThreads(options.threads, options.mode);
    const isShared = this.#setups.length > 1;
    this.#store = reserveStore(options.maxMemoryBytes, STORE_DEFAULTS.segmentBits, isShared);
    const { arena, control } = this.#store;
    this.#commitAhead = new CommitAhead(new Arena(arena), new Int32Array(control));
    this.#failedStart.promise.catch(() => {});
    this.#threads = new DataThreads(this.#setups, log, {
      receive: (message) => this.#receive(message),
      explain: (failure) => explainFailure(options, failure),
      died: (name, reason) => this.#receiveDeath(name, reason),
      bound: () => this.#noteSocket(),
      startLog: (beginning, descriptors) => this.#startLog(beginning, descriptors),
      stopped: (failure) => void this.#finishLog(failure),
    });
  }

  /** Serves until a signal; the exit code. Throws StartError when it cannot start. */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    const { unix } = this.#options;
    if (this.#setups.length > 1 && loadUringLibc() === null) {
      throw new StartError("--threads: only 64-bit Linux spreads connections over several threads");
    }
    if (unix !== null) await clearSocketPath(unix);
    this.#openData();
    // Not before the threads listen: until then a signal may end the process in the usual way.
    const ready = await withSocketUmask(() => this.#start());
    for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
      process.on(signal, () => this.#receiveSignal(signal));
    }
    this.#isServing = true;
    this.#commitMemory();
    console.log(renderStartLine(this.#options, this.#version, this.#setups[0]!, ready));
    if (this.#stopCause !== null) this.#stop(this.#stopCause);
    const exitCode = await ended;
    this.#hasEnded = true;
    this.#removeSocket();
    return exitCode;
  }

  #openData(): void {
    const { dir } = this.#options;
    if (dir === null) return;
    this.#data = DataKeeper.open(
      {
        options: this.#options,
        threadCount: this.#setups.length,
        log: this.#log,
        ring: () => this.#threads.ring(),
        onDeath: (reason) => this.#die("the server ends", `a WAL thread died: ${reason}`),
      },
      dir,
    );
  }

  async #start(): Promise<ReadyMessage> {
    const { io } = this.#options;
    const message = { io, options: this.#threadOptions(), wal: this.#data?.setup ?? null };
    try {
      const ready = this.#threads.start(this.#options, message);
      return await Promise.race([ready, this.#failedStart.promise]);
    } catch (error) {
      this.#removeSocket();
      throw error;
    }
  }

  #noteSocket(): void {
    const { unix } = this.#options;
    if (unix !== null) this.#socketIdentity = identifySocket(unix);
  }

  #removeSocket(): void {
    const { unix } = this.#options;
    if (unix !== null) removeSocket(unix, this.#socketIdentity);
  }

  /** How a sentence begins that is about a thread. */
  #subject(name: string): string {
    return this.#setups.length === 1 ? `the ${name}` : name;
  }

  #receive(message: RequestOfThread): void {
    if (message.kind === "want-memory") this.#commitMemory();
    else if (message.kind === "stop-requested") this.#stop("SHUTDOWN");
    else this.#data?.receive(message);
  }

  /** Nothing that it shared with others can be trusted: they may wait for locks that it held. */
  #receiveDeath(name: string, reason: string): void {
    if (this.#hasEnded) return;
    this.#die(`${name} died`, reason);
    this.#failedStart.reject(new StartError(`${this.#subject(name)} died: ${reason}`));
  }

  /** Nothing can be promised any more. */
  #die(sentence: string, reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#log.error(sentence, { error: reason });
    this.#finish(1);
  }

  async #startLog({ epoch, position }: LogBeginning, descriptors: readonly number[]) {
    try {
      await this.#data!.startLog(epoch, position, descriptors);
    } catch (error) {
      throw new StartError(`cannot begin the log: ${(error as Error).message}`);
    }
  }

  /** The data threads have stopped; what they recorded is made durable, however long it takes. */
  async #finishLog(refusedBy: string): Promise<void> {
    const failure = (await this.#data?.close()) || refusedBy;
    if (failure !== "") this.#log.error("the log could not be finished", { error: failure });
    this.#finish(failure === "" ? 0 : 1);
  }

  #threadOptions(): DataThreadOptions {
    const options = this.#options;
    const threadCount = this.#setups.length;
    const allowed = clientCountByDescriptors(threadCount);
    if (allowed < options.maxClients) {
      this.#log.warn("max-clients lowered to what the descriptor limit allows", {
        wanted: options.maxClients,
        allowed,
      });
    }
    const seeds = this.#data?.hashSeeds ?? crypto.getRandomValues(new Int32Array(3));
    return {
      version: this.#version,
      configFile: options.config ?? "",
      maxClients: Math.min(allowed, options.maxClients),
      maxMemoryBytes: options.maxMemoryBytes,
      windowSizeBytes: options.windowSizeBytes,
      spareWindows: options.spareWindows,
      sendLimitBytes: options.sendLimitBytes,
      stallTimeoutSeconds: options.stallTimeoutSeconds,
      resp: {
        password: this.#password,
        isV1Trusted: options.v1Trusted,
        isDebugAllowed: options.enableDebugCommand,
        maxValueBytes: options.maxValueSizeBytes,
        host: options.host,
        unix: options.unix,
        isProtected: !options.insecure,
        logLevel: options.logLevel,
        persistence: describePersistence(options),
      },
      store: this.#store,
      foreignLocal: options.foreignLocal,
      ...reserveSharedBuffers(this.#setups[0]!, options.maxMemoryBytes),
      seeds: [seeds[0]!, seeds[1]!, seeds[2]!],
    };
  }

  /** A step at a time, so that signals are heard in between. */
  #commitMemory(): void {
    if (this.#isStopping || !this.#commitAhead.step()) return;
    setImmediate(() => this.#commitMemory());
  }

  #receiveSignal(signal: keyof typeof SIGNALS): void {
    if (this.#isStopping) {
      this.#removeSocket();
      process.exit(SIGNAL_EXIT_BASE + SIGNALS[signal]);
    }
    this.#stop(signal);
  }

  #stop(cause: string): void {
    if (!this.#isServing) {
      this.#stopCause = cause;
      return;
    }
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#log.info("stopping", { cause });
    this.#threads.stop();
    setTimeout(() => {
      const { lingering } = this.#threads;
      if (lingering.length === 0) return;
      const subject = this.#subject(lingering.join(", "));
      this.#log.error(`${subject} did not stop in time`, { waitedMs: STOP_TIMEOUT_MS });
      this.#finish(1);
    }, STOP_TIMEOUT_MS).unref();
  }
}
