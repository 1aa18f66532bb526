// A client that speaks frames over a real socket. It reads whatever comes, unless it is paused.

import type { Socket } from "bun";
import type { ListenAddress } from "../../src/net/engine.ts";
import { ChangeSignal } from "./change-signal.ts";
import { UnsentBytes } from "./unsent-bytes.ts";
import { splitFrames } from "./v1-frames.ts";

export class TestClient {
  /** The server sends no more. */
  hasEnded = false;
  isClosed = false;
  receivedBytes = 0;

  readonly #socket: Socket;
  readonly #replies: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  readonly #unsent = new UnsentBytes();
  #isFinishing = false;
  readonly #change = new ChangeSignal();

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect(address: ListenAddress): Promise<TestClient> {
    let client: TestClient | null = null;
    const early: (() => void)[] = [];
    const later = (action: (to: TestClient) => void): void => {
      if (client === null) early.push(() => action(client!));
      else action(client);
    };
    const handlers = {
      data: (_socket: Socket, chunk: Buffer) => later((to) => to.#receive(chunk)),
      drain: () => later((to) => to.#write()),
      end: () => later((to) => to.#noteEnd()),
      close: () => later((to) => to.#noteClose()),
      error: () => {},
    };
    const common = { socket: handlers, allowHalfOpen: true };
    const socket = await (address.kind === "tcp"
      ? Bun.connect({ ...common, hostname: address.host, port: address.port })
      : Bun.connect({ ...common, unix: address.path }));
    client = new TestClient(socket);
    for (const action of early) action();
    return client;
  }

  /** Asked-for bytes that the socket has not taken yet. */
  get unsentBytes(): number {
    return this.#unsent.count;
  }

  send(...frames: readonly Buffer[]): void {
    this.#unsent.add(Buffer.concat(frames));
    this.#write();
  }

  /** The next replies, when so many have come. */
  async replies(count: number): Promise<Buffer[]> {
    const enough = () => this.#replies.length >= count || this.hasEnded;
    await this.#change.until(enough, () => `${count} replies, got ${this.#replies.length}`);
    if (this.#replies.length < count) {
      throw new Error(`the server ended after ${this.#replies.length} of ${count} replies`);
    }
    return this.#replies.splice(0, count);
  }

  async ask(...frames: readonly Buffer[]): Promise<Buffer[]> {
    this.send(...frames);
    return await this.replies(frames.length);
  }

  /** Replies that have come and were not taken. */
  get replyCount(): number {
    return this.#replies.length;
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says that it sends no more, once everything is sent; it still reads. */
  finish(): void {
    this.#isFinishing = true;
    this.#write();
  }

  /** Closes with a FIN. */
  close(): void {
    this.#socket.end();
  }

  /** Closes with a reset. */
  destroy(): void {
    this.#socket.terminate();
  }

  async ended(): Promise<void> {
    await this.#change.until(
      () => this.hasEnded,
      () => "the server's end",
    );
  }

  /** When the connection is closed on both sides. */
  async closed(): Promise<void> {
    await this.#change.until(
      () => this.isClosed,
      () => "the connection's close",
    );
  }

  #noteEnd(): void {
    this.hasEnded = true;
    this.#change.notify();
  }

  #noteClose(): void {
    this.isClosed = true;
    this.#noteEnd();
  }

  #receive(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    const { frames, rest } = splitFrames(Buffer.concat([this.#rest, chunk]));
    for (const frame of frames) this.#replies.push(frame);
    this.#rest = Buffer.from(rest);
    this.#change.notify();
  }

  #write(): void {
    this.#unsent.writeTo(this.#socket);
    if (this.#isFinishing && this.#unsent.count === 0) this.#socket.shutdown();
  }
}
