// The main thread's hold on the WAL threads: starts a Worker for each, begins and ends epochs, and
// hears when one fails.

import type { Log } from "../lib/log.ts";
import { WalDoorbell } from "../wal/wal-control.ts";
import type { WalWriterOptions } from "../wal/wal-writer.ts";
import type { FromWalThread, ToWalThread } from "./wal-message.ts";
import type { WalSetup } from "./wal-setup.ts";

export interface LogThreadParts {
  readonly setup: WalSetup;
  readonly threadCount: number;
  readonly options: WalWriterOptions;
  /** Eventfds of the data threads that do not hear messages. */
  readonly ringDescriptors: readonly number[];
  readonly log: Log;
  /** Without eventfds: has the data threads look at the log. */
  readonly ring: () => void;
  /** A WAL thread is gone: nothing can be made durable, nor be told of. */
  readonly onDeath: (reason: string) => void;
}

interface LogThread {
  readonly worker: Worker;
  readonly doorbell: WalDoorbell;
  /** Of the message under way. */
  answer: (message: FromWalThread) => void;
}

export class LogThreads {
  readonly #parts: LogThreadParts;
  readonly #threads: LogThread[] = [];
  #isClosing = false;

  private constructor(parts: LogThreadParts) {
    this.#parts = parts;
  }

  static async start(parts: LogThreadParts): Promise<LogThreads> {
    const threads = new LogThreads(parts);
    for (let i = 0; i < parts.threadCount; i++) threads.#open(i);
    await Promise.all(threads.#threads.map((thread, i) => threads.#begin(thread, i)));
    return threads;
  }

  /** Rejects when files cannot be made. */
  async startEpoch(epoch: number, position: number, isAfterFailure = false): Promise<void> {
    const message = { kind: "start-epoch", epoch, position, isAfterFailure } as const;
    // All answers, whatever the first says: the next message must not get one of these.
    const answers = await Promise.all(this.#threads.map((thread) => this.#ask(thread, message)));
    for (const answer of answers) {
      if (answer.kind === "epoch-failed") throw new Error(answer.message);
    }
  }

  /** Everything is written and synced, and the files are closed; what failed, "" = nothing. */
  async endEpoch(): Promise<string> {
    const answers = await Promise.all(
      this.#threads.map((thread) => this.#ask(thread, { kind: "end-epoch" })),
    );
    const failures = answers.map((answer) => (answer.kind === "epoch-ended" ? answer.failure : ""));
    return failures.find((failure) => failure !== "") ?? "";
  }

  /** After `endEpoch`. */
  close(): void {
    this.#isClosing = true;
    for (const { worker } of this.#threads) worker.terminate();
  }

  #open(index: number): void {
    const { setup, onDeath } = this.#parts;
    const worker = new Worker(new URL("./wal-worker.ts", import.meta.url).href);
    const doorbell = new WalDoorbell(setup.doorbells[index]!);
    const thread: LogThread = { worker, doorbell, answer: () => {} };
    worker.onmessage = (event: MessageEvent<FromWalThread>) => this.#receive(thread, event.data);
    const die = (reason: string): void => {
      if (!this.#isClosing) onDeath(reason);
    };
    worker.onerror = (event: ErrorEvent) => die(event.message);
    worker.addEventListener("close", () => die("its Worker has ended"));
    this.#threads.push(thread);
  }

  async #begin(thread: LogThread, index: number): Promise<void> {
    const { setup, options, ringDescriptors, threadCount } = this.#parts;
    const partitions = setup.buffers
      .map((buffer, partition) => ({ partition, buffer }))
      .filter(({ partition }) => partition % threadCount === index);
    await this.#ask(thread, {
      kind: "start",
      directory: setup.path,
      partitions,
      options,
      doorbell: thread.doorbell.buffer,
      ringDescriptors,
    });
  }

  #ask(thread: LogThread, message: ToWalThread): Promise<FromWalThread> {
    return new Promise((resolve) => {
      thread.answer = resolve;
      thread.doorbell.call();
      thread.worker.postMessage(message);
    });
  }

  #receive(thread: LogThread, message: FromWalThread): void {
    if (message.kind === "progress") {
      this.#parts.ring();
    } else if (message.kind === "failed") {
      this.#parts.log.error("a WAL thread has failed", { error: message.message });
      this.#parts.ring();
    } else {
      thread.answer(message);
    }
  }
}
