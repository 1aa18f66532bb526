// All data threads of a server, as the main thread starts, wakes and stops them. The first recovers
// and listens before the others do, and is the last to stop: it makes the final snapshot when
// nobody writes any more.
//
//   start   0 recovers ─▶ the others prepare ─▶ the log begins ─▶ 0 listens ─▶ the others listen
//   stop    all drain and let their clients go ─▶ the others have stopped ─▶ 0 makes a snapshot

import type { Log } from "../lib/log.ts";
import type { Options } from "../options/option-table.ts";
import { firstAddresses, furtherAddresses } from "./listen-addresses.ts";
import type { StartMessage, LogBeginning, ReadyMessage } from "./thread-message.ts";
import type { ThreadSetup } from "./thread-setup.ts";
import { WorkerThread, type WorkerThreadCalls } from "./worker-thread.ts";

export interface DataThreadsCalls extends Pick<WorkerThreadCalls, "receive" | "explain" | "died"> {
  /** Has the log take records; the eventfds are of the threads that have one. */
  readonly startLog: (beginning: LogBeginning, ringDescriptors: readonly number[]) => Promise<void>;
  /** The addresses are bound. */
  readonly bound: () => void;
  /** All have stopped; `failure` is why writes were refused at last, "" = they were not. */
  readonly stopped: (failure: string) => void;
}

export class DataThreads {
  readonly #setups: readonly ThreadSetup[];
  readonly #calls: DataThreadsCalls;
  readonly #log: Log;
  readonly #threads: readonly WorkerThread[];

  constructor(setups: readonly ThreadSetup[], log: Log, calls: DataThreadsCalls) {
    this.#setups = setups;
    this.#log = log;
    this.#calls = calls;
    const { receive, explain, died } = calls;
    const stopped = (): void => this.#goOnStopping();
    this.#threads = setups.map(
      (setup) => new WorkerThread(setup, { receive, explain, died, stopped }),
    );
  }

  /** Those that have not let their clients go, by name. */
  get lingering(): string[] {
    return this.#threads.filter((thread) => !thread.hasClosed).map((thread) => thread.name);
  }

  /**
   * Settles with what the first says when all listen; rejects with StartError. May not settle when
   * a thread has died, which `died` is told.
   */
  async start(
    options: Options,
    message: Omit<StartMessage, "kind" | "mailbox">,
  ): Promise<ReadyMessage> {
    const [first, ...others] = this.#threads as [WorkerThread, ...WorkerThread[]];
    const starts = this.#setups.map((threads) => ({
      ...message,
      options: { ...message.options, threads },
    }));
    const { log } = await first.start(starts[0]!);
    await Promise.all(others.map((thread, i) => thread.start(starts[i + 1]!)));
    if (log !== null) await this.#calls.startLog(log, this.#ringDescriptors());
    const addresses = firstAddresses(options, others.length > 0);
    const ready = await first.listen({ addresses });
    this.#calls.bound();
    const further = furtherAddresses(ready.addresses);
    if (others.length > 0 && further.length < addresses.length) {
      this.#log.warn("one data thread serves the unix socket: this engine cannot share it");
    }
    await Promise.all(others.map((thread) => thread.listen({ addresses: further })));
    return ready;
  }

  /** Has all of them look at what they have been asked, and at the log. */
  ring(): void {
    for (const thread of this.#threads) thread.ring();
  }

  stop(): void {
    for (const thread of this.#threads) thread.stop();
  }

  #ringDescriptors(): number[] {
    return this.#threads.map((thread) => thread.doorbell).filter((doorbell) => doorbell >= 0);
  }

  #goOnStopping(): void {
    const [first, ...others] = this.#threads as [WorkerThread, ...WorkerThread[]];
    if (!others.every((thread) => thread.hasStopped)) return;
    if (!first.hasStopped) {
      first.othersStopped();
      return;
    }
    const failures = this.#threads.map((thread) => thread.failure);
    this.#calls.stopped(failures.find((failure) => failure !== "") ?? "");
  }
}
