// The main thread's side of a real Worker with a data thread in it: posts what the supervisor would
// post, and keeps what comes back until a test asks for it.

import type { ListenAddress } from "../../src/net/engine.ts";
import type { DataThreadOptions } from "../../src/server/data-thread.ts";
import { Mailbox, REQUEST } from "../../src/server/mailbox.ts";
import type { FromDataThread, ToDataThread } from "../../src/server/thread-message.ts";
import { threadOptions } from "./test-server.ts";
import { waitUntil } from "./wait-until.ts";

const WORKER_URL = new URL("../../src/server/data-thread-worker.ts", import.meta.url).href;

export class DataThreadPeer implements Disposable {
  readonly mailbox = new Mailbox();
  readonly #worker = new Worker(WORKER_URL);
  readonly #received: FromDataThread[] = [];
  readonly #errors: string[] = [];

  constructor() {
    this.#worker.onmessage = (event: MessageEvent<FromDataThread>) => {
      this.#received.push(event.data);
    };
    this.#worker.onerror = (event: ErrorEvent) => {
      this.#errors.push(event.message);
    };
  }

  start(addresses: readonly ListenAddress[], options: Partial<DataThreadOptions> = {}): void {
    const mailbox = this.mailbox.buffer;
    this.#post({ kind: "start", options: threadOptions(options), addresses, mailbox });
  }

  ring(): void {
    this.#post({ kind: "doorbell" });
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
