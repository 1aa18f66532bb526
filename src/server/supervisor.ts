// The main thread's part of a running server: reserves the shared memory, starts the data thread in
// its Worker, turns signals into requests, and ends the process. It never touches a key.

import type { Log } from "../lib/log.ts";
import type { ListenAddress } from "../net/engine.ts";
import { identifySocket } from "../net/socket-identity.ts";
import type { Options } from "../options/option-table.ts";
import { formatSize } from "../options/size.ts";
import { loadUringLibc } from "../uring/uring-libc.ts";
import { Arena } from "../store/arena.ts";
import { CommitAhead } from "../store/commit-ahead.ts";
import { STORE_DEFAULTS, reserveStore, type StoreBuffers } from "../store/store-buffers.ts";
import type { DataThreadOptions } from "./data-thread.ts";
import { DataKeeper } from "./data-keeper.ts";
import { clientCountByDescriptors } from "./descriptor-limit.ts";
import { Mailbox, REQUEST } from "./mailbox.ts";
import { describePersistence } from "./resp-options.ts";
import { StartError } from "./start-error.ts";
import type { FromDataThread, ToDataThread } from "./thread-message.ts";
import { clearSocketPath, removeSocket, withSocketUmask } from "./unix-socket.ts";

/** A data thread that has not stopped by then is left behind. */
const STOP_TIMEOUT_MS = 4500;
const SIGNAL_EXIT_BASE = 128;
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

export class Supervisor {
  readonly #options: Options;
  readonly #version: string;
  readonly #password: string | null;
  readonly #log: Log;
  readonly #worker: Worker;
  readonly #mailbox = new Mailbox();
  readonly #store: StoreBuffers;
  readonly #commitAhead: CommitAhead;
  #isStopping = false;
  /** The data thread's eventfd, -1 = it hears messages. */
  #doorbell = -1;
  /** Null = nothing is made durable. */
  #data: DataKeeper | null = null;
  /** The data thread has answered everything and stopped. */
  #hasStopped = false;
  /** Whether the data thread has: as asked, or by dying. */
  #hasEnded = false;
  #socketIdentity: string | null = null;
  #finish: (exitCode: number) => void = () => {};

  /** `password` is what RESP clients must give, null = none. */
  constructor(options: Options, version: string, log: Log, password: string | null) {
    this.#options = options;
    this.#password = password;
    this.#version = version;
    this.#log = log;
    this.#store = reserveStore(options.maxMemoryBytes, STORE_DEFAULTS.segmentBits);
    const { arena, control } = this.#store;
    this.#commitAhead = new CommitAhead(new Arena(arena), new Int32Array(control));
    this.#worker = new Worker(new URL("./data-thread-worker.ts", import.meta.url).href);
  }

  /** Serves until a signal; the exit code. Throws StartError when it cannot start. */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    const { unix } = this.#options;
    if (unix !== null) await clearSocketPath(unix);
    this.#openData();
    // Not before the worker listens: until then a signal may end the process in the usual way.
    const ready = await withSocketUmask(() => this.#start());
    if (unix !== null) this.#socketIdentity = identifySocket(unix);
    for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
      process.on(signal, () => this.#receiveSignal(signal));
    }
    this.#commitMemory();
    this.#doorbell = ready.doorbell;
    console.log(this.#startLine(ready));
    const exitCode = await ended;
    this.#hasEnded = true;
    if (unix !== null) removeSocket(unix, this.#socketIdentity);
    return exitCode;
  }

  #openData(): void {
    const { dir } = this.#options;
    if (dir === null) return;
    this.#data = DataKeeper.open(
      {
        options: this.#options,
        log: this.#log,
        ring: () => this.#ring(),
        onDeath: (reason) => this.#die(`a WAL thread died: ${reason}`),
      },
      dir,
    );
  }

  /** Nothing can be promised any more. */
  #die(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#log.error("the server ends", { error: reason });
    this.#finish(1);
  }

  #start(): Promise<FromDataThread & { kind: "ready" }> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = (event: MessageEvent<FromDataThread>) => {
        const message = event.data;
        if (message.kind === "ready") resolve(message);
        else if (message.kind === "failed") reject(new StartError(this.#explain(message)));
        else if (message.kind === "want-memory") this.#commitMemory();
        else if (message.kind === "stop-requested") this.#stop("SHUTDOWN");
        else if (message.kind === "closed") this.#hasStopped = true;
        else if (message.kind === "recovered") this.#startLog(message, reject);
        else if (message.kind === "stopped") void this.#finishLog(message.failure);
        else this.#data?.receive(message);
      };
      const die = (reason: string): void => {
        // A Worker that throws closes, too.
        if (this.#hasEnded) return;
        this.#hasEnded = true;
        this.#log.error("data thread died", { error: reason });
        this.#finish(1);
        reject(new StartError(`the data thread died: ${reason}`));
      };
      this.#worker.onerror = (event: ErrorEvent) => die(firstSentence(event.message));
      this.#worker.addEventListener("close", () => die("its Worker has ended"));
      this.#post({
        kind: "start",
        io: this.#options.io,
        options: this.#threadOptions(),
        addresses: this.#addresses(),
        mailbox: this.#mailbox.buffer,
        wal: this.#data?.setup ?? null,
      });
    });
  }

  #startLog(
    { epoch, position, doorbell }: FromDataThread & { kind: "recovered" },
    reject: (error: Error) => void,
  ): void {
    this.#doorbell = doorbell;
    this.#data!.startLog(epoch, position, doorbell).then(
      () => this.#post({ kind: "log-started" }),
      (error: Error) => reject(new StartError(`cannot begin the log: ${error.message}`)),
    );
  }

  /** The data thread has stopped; what it recorded is made durable, however long that takes. */
  async #finishLog(refusedBy: string): Promise<void> {
    this.#hasStopped = true;
    const failure = (await this.#data?.close()) || refusedBy;
    if (failure !== "") this.#log.error("the log could not be finished", { error: failure });
    this.#finish(failure === "" ? 0 : 1);
  }

  #threadOptions(): DataThreadOptions {
    const options = this.#options;
    const allowed = clientCountByDescriptors();
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
      seeds: [seeds[0]!, seeds[1]!, seeds[2]!],
    };
  }

  #addresses(): ListenAddress[] {
    const { host, port, tcp, unix } = this.#options;
    const addresses: ListenAddress[] = [];
    if (tcp) addresses.push({ kind: "tcp", host, port });
    if (unix !== null) addresses.push({ kind: "unix", path: unix });
    return addresses;
  }

  #explain(failure: FromDataThread & { kind: "failed" }): string {
    const { host, port, unix, dir } = this.#options;
    if (failure.isRecovery) return `cannot recover from ${dir}: ${failure.message}`;
    const place = `${formatTcp(host, port)}${unix === null ? "" : ` and ${unix}`}`;
    if (failure.code === "EADDRINUSE") {
      return `cannot listen on ${place}: the address is in use by another program`;
    }
    return `cannot listen on ${place}: ${failure.message}`;
  }

  /** One line that scripts can wait for; what was asked for, as it turned out. */
  #startLine({ addresses, engine, engineReason }: FromDataThread & { kind: "ready" }): string {
    const places = addresses.map((address) =>
      address.kind === "tcp"
        ? `tcp=${formatTcp(address.host, address.port)}`
        : `unix=${address.path}`,
    );
    const memory = formatSize(this.#options.maxMemoryBytes);
    return (
      `fkvs-server ready ${places.join(" ")} engine=${engine} max-memory=${memory}` +
      ` version=${this.#version} pid=${process.pid} because=${JSON.stringify(engineReason)}`
    );
  }

  /** A step at a time, so that signals are heard in between. */
  #commitMemory(): void {
    if (this.#isStopping || !this.#commitAhead.step()) return;
    setImmediate(() => this.#commitMemory());
  }

  #receiveSignal(signal: keyof typeof SIGNALS): void {
    if (this.#isStopping) {
      if (this.#options.unix !== null) removeSocket(this.#options.unix, this.#socketIdentity);
      process.exit(SIGNAL_EXIT_BASE + SIGNALS[signal]);
    }
    this.#stop(signal);
  }

  #stop(cause: string): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#log.info("stopping", { cause });
    this.#mailbox.post(REQUEST.STOP, () => this.#ring());
    setTimeout(() => {
      if (this.#hasStopped) return;
      this.#log.error("the data thread did not stop in time", { waitedMs: STOP_TIMEOUT_MS });
      this.#finish(1);
    }, STOP_TIMEOUT_MS).unref();
  }

  /** Wakes the data thread, in whatever way its engine hears. */
  #ring(): void {
    if (this.#doorbell < 0) this.#post({ kind: "doorbell" });
    else loadUringLibc()?.eventfdWrite(this.#doorbell, 1);
  }

  #post(message: ToDataThread): void {
    this.#worker.postMessage(message);
  }
}

/** Bun puts an excerpt of the source around an error's message; the message is what helps. */
function firstSentence(message: string): string {
  const lines = message.split("\n").map((line) => line.trim());
  return lines.find((line) => /^\w*error: /i.test(line)) ?? lines[0]!;
}

function formatTcp(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
