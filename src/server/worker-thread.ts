// One data thread as the main thread sees it: its Worker, its mailbox, how it is rung, and how far
// it has come (thread-message.ts has the order of what they say to each other).

import { loadUringLibc } from "../uring/uring-libc.ts";
import { Mailbox, REQUEST } from "./mailbox.ts";
import { StartError } from "./start-error.ts";
import type {
  FailedMessage,
  FromDataThread,
  ListenMessage,
  PreparedMessage,
  ReadyMessage,
  StartMessage,
  ToDataThread,
} from "./thread-message.ts";
import type { ThreadSetup } from "./thread-setup.ts";

/** What a thread says that is not about its own state. */
export type RequestOfThread = Exclude<
  FromDataThread,
  { readonly kind: "prepared" | "ready" | "failed" | "closed" | "stopped" }
>;

export interface WorkerThreadCalls {
  readonly receive: (message: RequestOfThread) => void;
  /** The sentence for a thread that cannot start. */
  readonly explain: (failure: FailedMessage) => string;
  readonly stopped: () => void;
  /** It is gone without having been asked; nothing that it shared can be trusted. */
  readonly died: (name: string, reason: string) => void;
}

export class WorkerThread {
  /** How sentences name it. */
  readonly name: string;
  /** An eventfd, -1 = it hears messages. */
  doorbell = -1;
  /** It has answered everything, and let its clients go. */
  hasClosed = false;
  hasStopped = false;
  /** Of its end: why writes were refused at last, "" = they were not. */
  failure = "";
  readonly #worker: Worker;
  readonly #mailbox = new Mailbox();
  readonly #calls: WorkerThreadCalls;
  readonly #prepared = Promise.withResolvers<PreparedMessage>();
  readonly #ready = Promise.withResolvers<ReadyMessage>();

  constructor(setup: ThreadSetup, calls: WorkerThreadCalls) {
    this.name = setup.count === 1 ? "data thread" : `data thread ${setup.index}`;
    this.#calls = calls;
    // Whoever waits hears of it; nobody may wait yet, or any more.
    this.#prepared.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    this.#worker = new Worker(new URL("./data-thread-worker.ts", import.meta.url).href);
    this.#worker.onmessage = (event: MessageEvent<FromDataThread>) => this.#receive(event.data);
    this.#worker.onerror = ({ message }: ErrorEvent) =>
      calls.died(this.name, firstSentence(message));
    // A Worker that throws closes, too.
    this.#worker.addEventListener("close", () => calls.died(this.name, "its Worker has ended"));
  }

  /** Settles when its engine is there and the store as it should be; rejects with StartError. */
  start(message: Omit<StartMessage, "kind" | "mailbox">): Promise<PreparedMessage> {
    this.#post({ kind: "start", mailbox: this.#mailbox.buffer, ...message });
    return this.#prepared.promise;
  }

  /** Settles when it listens; rejects with StartError. */
  listen(message: Omit<ListenMessage, "kind">): Promise<ReadyMessage> {
    this.#post({ kind: "listen", ...message });
    return this.#ready.promise;
  }

  stop(): void {
    this.#mailbox.post(REQUEST.STOP, () => this.ring());
  }

  /** Nobody else writes any more; it may make the last snapshot. */
  othersStopped(): void {
    this.#post({ kind: "others-stopped" });
  }

  /** Wakes it, in whatever way its engine hears. */
  ring(): void {
    if (this.doorbell < 0) this.#post({ kind: "doorbell" });
    else loadUringLibc()?.eventfdWrite(this.doorbell, 1);
  }

  #receive(message: FromDataThread): void {
    if (message.kind === "prepared") {
      this.doorbell = message.doorbell;
      this.#prepared.resolve(message);
    } else if (message.kind === "ready") {
      this.#ready.resolve(message);
    } else if (message.kind === "failed") {
      const error = new StartError(this.#calls.explain(message));
      this.#prepared.reject(error);
      this.#ready.reject(error);
    } else if (message.kind === "closed") {
      this.hasClosed = true;
    } else if (message.kind === "stopped") {
      this.hasStopped = true;
      this.failure = message.failure;
      this.#calls.stopped();
    } else {
      this.#calls.receive(message);
    }
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
