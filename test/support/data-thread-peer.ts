// The main thread's side of a real Worker with a data thread in it: posts what the supervisor would
// post, and keeps what comes back until a test asks for it.

import type { IoChoice } from "../../src/lib/io-choice.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";
import type { ListenAddress } from "../../src/net/engine.ts";
import type { DataThreadOptions } from "../../src/server/data-thread.ts";
import { Mailbox, REQUEST } from "../../src/server/mailbox.ts";
import type {
  FromDataThread,
  PreparedMessage,
  ToDataThread,
} from "../../src/server/thread-message.ts";
import { threadOptions } from "./test-server.ts";
import { waitUntil } from "./wait-until.ts";

const WORKER_URL = new URL("../../src/server/data-thread-worker.ts", import.meta.url).href;

export class DataThreadPeer implements Disposable {
  readonly mailbox = new Mailbox();
  /** What it has said before it listens. */
  prepared: PreparedMessage | null = null;
  readonly #worker = new Worker(WORKER_URL);
  readonly #received: FromDataThread[] = [];
  readonly #errors: string[] = [];

  constructor() {
    this.#worker.onmessage = (event: MessageEvent<FromDataThread>) => {
      if (event.data.kind === "prepared") this.prepared = event.data;
      else this.#received.push(event.data);
    };
    this.#worker.onerror = (event: ErrorEvent) => {
      this.#errors.push(event.message);
    };
  }

  start(
    addresses: readonly ListenAddress[],
    options: Partial<DataThreadOptions> = {},
    io: IoChoice = "listen",
  ): void {
    const mailbox = this.mailbox.buffer;
    this.#post({
      kind: "start",
      io,
      options: threadOptions(options),
      mailbox,
      wal: null,
    });
    this.#post({ kind: "listen", addresses });
  }

  /**
   * As the main thread does: by a message, or where the engine does not hear any, by its eventfd.
   */
  ring(doorbell = -1): void {
    if (doorbell < 0) this.#post({ kind: "doorbell" });
    else loadUringLibc()!.eventfdWrite(doorbell, 1);
  }

  stop(): void {
    this.mailbox.post(REQUEST.STOP, () => this.ring());
  }

  /** The oldest message that nobody has taken yet. */
  async next(): Promise<FromDataThread> {
    await waitUntil(
      () => this.#received.length > 0 || this.#errors.length > 0,
      () => "a message of the data thread",
    );
    if (this.#errors.length > 0) throw new Error(this.#errors.join("\n"));
    return this.#received.shift()!;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #post(message: ToDataThread): void {
    this.#worker.postMessage(message);
  }
}
