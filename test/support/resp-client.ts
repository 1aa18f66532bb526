// A client of RESP that deals in raw bytes: what it sends may be anything, and what it answers with
// is whole replies as they were on the wire.

import { connect, type Socket } from "node:net";
import { RespReader } from "./resp-reader.ts";

const TIMEOUT_MS = 5000;

export class RespClient implements Disposable {
  readonly #socket: Socket;
  readonly #reader = new RespReader();
  #isClosed = false;
  #notice = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#wake();
    });
    // A server that closes with something unread resets the connection: a close like any other.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RespClient> {
    const socket = connect(port, "127.0.0.1");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("connect", resolve);
    socket.once("error", reject);
    const client = new RespClient(socket);
    await promise;
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  /** Sends in pieces that end at the offsets, in turns of the event loop of their own. */
  async sendCut(bytes: Uint8Array, offsets: readonly number[]): Promise<void> {
    let begin = 0;
    for (const end of [...offsets, bytes.length]) {
      this.send(bytes.subarray(begin, end));
      begin = end;
      if (end < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The next reply; null = the server has closed the connection instead, or is silent. */
  async reply(timeoutMs = TIMEOUT_MS): Promise<Buffer | null> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const reply = this.#reader.next();
      if (reply !== null || this.#isClosed) return reply;
      if (!(await this.#waitUntil(deadlineMs))) return null;
    }
  }

  /** Sends one command and answers its reply as text of one byte a character. */
  async ask(...args: string[]): Promise<string> {
    this.send(encodeCommand(args));
    const reply = await this.reply();
    if (reply === null) throw new Error(`no reply to ${args.join(" ")}`);
    return reply.toString("latin1");
  }

  /** Everything until the server closes; null = it does not. */
  async rest(timeoutMs = TIMEOUT_MS): Promise<Buffer | null> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!this.#isClosed) {
      if (!(await this.#waitUntil(deadlineMs))) return null;
    }
    return this.#reader.rest();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #wake(): void {
    const { resolve } = this.#notice;
    this.#notice = Promise.withResolvers<void>();
    resolve();
  }

  /** False = nothing has happened until then. */
  async #waitUntil(deadlineMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), deadlineMs - performance.now());
    void this.#notice.promise.then(() => resolve(true));
    const hasHappened = await promise;
    clearTimeout(timer);
    return hasHappened;
  }
}

/** A command as an array of bulk strings; text is one byte a character. */
export function encodeCommand(args: readonly string[]): Buffer {
  const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
  return Buffer.from(`*${args.length}\r\n${parts.join("")}`, "latin1");
}
