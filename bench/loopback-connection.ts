// A TCP connection to ourselves: the real engine on one side, on the other a reader that takes
// whatever comes and counts it. Both are in this thread, so nothing is read while we send.

import type { Socket } from "bun";
import { ReceiveWindows } from "../src/batch/receive-windows.ts";
import { loadLibc } from "../src/lib/libc.ts";
import type { EngineHandlers } from "../src/net/engine.ts";
import { ListenEngine } from "../src/net/listen-engine.ts";

const HOST = "127.0.0.1";

export class LoopbackConnection {
  /** Its only connection has number 0. */
  readonly engine: ListenEngine;
  readonly #opened = Promise.withResolvers<void>();
  #reader: Socket | null = null;
  #expectedBytes = 0;
  #hasDrained: () => void = () => {};

  private constructor() {
    const handlers: EngineHandlers = {
      opened: () => {
        this.#opened.resolve();
        return 0;
      },
      roomFor: () => 0,
      sent() {},
      received() {},
      ended() {},
      writable() {},
      closed() {},
      turnEnded() {},
    };
    this.engine = new ListenEngine(new ReceiveWindows(1, 1024), handlers, 1, loadLibc());
  }

  static async open(): Promise<LoopbackConnection> {
    const loopback = new LoopbackConnection();
    const address = loopback.engine.listen({ kind: "tcp", host: HOST, port: 0 });
    if (address.kind !== "tcp") throw new Error("the engine listens where it was told to");
    loopback.#reader = await Bun.connect({
      hostname: HOST,
      port: address.port,
      socket: { data: (_socket, chunk) => loopback.#count(chunk.length) },
    });
    await loopback.#opened.promise;
    return loopback;
  }

  /** Settles when the reader has read so many bytes more. */
  async drained(bytes: number): Promise<void> {
    this.#expectedBytes += bytes;
    if (this.#expectedBytes <= 0) return;
    await new Promise<void>((resolve) => {
      this.#hasDrained = resolve;
    });
  }

  close(): void {
    this.engine.stopListening();
    this.#reader?.terminate();
  }

  #count(length: number): void {
    this.#expectedBytes -= length;
    if (this.#expectedBytes === 0) this.#hasDrained();
  }
}
