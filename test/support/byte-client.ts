// A client that deals in bytes over a real socket: sends as fast as the server takes, reads or does
// not, and waits for exactly the bytes that must come.

import { expect } from "bun:test";
import type { Socket } from "bun";
import { ChangeSignal } from "./change-signal.ts";
import { encodeCommand } from "./resp-client.ts";
import { UnsentBytes } from "./unsent-bytes.ts";

const SHOWN_LENGTH = 200;

export class ByteClient implements Disposable {
  isClosed = false;
  receivedBytes = 0;
  #socket!: Socket;
  #received: Buffer[] = [];
  #availableBytes = 0;
  readonly #unsent = new UnsentBytes();
  readonly #change = new ChangeSignal();

  static async connect(port: number): Promise<ByteClient> {
    const client = new ByteClient();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => client.#receive(Buffer.from(chunk)),
        drain: () => client.#write(),
        end: () => client.#noteClose(),
        close: () => client.#noteClose(),
        error: () => {},
      },
    });
    return client;
  }

  /** Bytes that the socket has not taken yet. */
  get unsentBytes(): number {
    return this.#unsent.count;
  }

  send(...pieces: readonly (Uint8Array | string)[]): void {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece, "latin1") : Buffer.from(piece);
      this.#unsent.add(bytes);
    }
    this.#write();
  }

  command(...args: readonly string[]): void {
    this.send(encodeCommand(args));
  }

  /** The next bytes are these. */
  async expect(...pieces: readonly (Uint8Array | string)[]): Promise<void> {
    const parts = pieces.map((piece) =>
      typeof piece === "string" ? Buffer.from(piece, "latin1") : Buffer.from(piece),
    );
    const wanted = Buffer.concat(parts);
    const got = await this.take(wanted.length);
    if (!got.equals(wanted)) expect(showBytes(got, wanted)).toEqual(showBytes(wanted, got));
  }

  /** The next bytes, when so many have come. */
  async take(length: number): Promise<Buffer> {
    const isThere = () => this.#availableBytes >= length || this.isClosed;
    await this.#change.until(isThere, () => `${length} bytes, got ${this.#availableBytes}`);
    const all = Buffer.concat(this.#received);
    const taken = all.subarray(0, length);
    this.#received = [all.subarray(taken.length)];
    this.#availableBytes = all.length - taken.length;
    return taken;
  }

  /** What comes until the server closes. */
  async rest(): Promise<string> {
    await this.#change.until(
      () => this.isClosed,
      () => "the server to close",
    );
    return (await this.take(this.#availableBytes)).toString("latin1");
  }

  /** Until the server has taken everything from the socket's owner. */
  async sent(): Promise<void> {
    await this.#change.until(
      () => this.unsentBytes === 0,
      () => `${this.unsentBytes} bytes to leave`,
    );
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Vanishes, with a reset. */
  destroy(): void {
    this.#socket.terminate();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    this.receivedBytes += chunk.length;
    this.#availableBytes += chunk.length;
    this.#change.notify();
  }

  #noteClose(): void {
    this.isClosed = true;
    this.#change.notify();
  }

  #write(): void {
    this.#unsent.writeTo(this.#socket);
    this.#change.notify();
  }
}

/** The stretch where two texts begin to differ. */
function showBytes(bytes: Buffer, other: Buffer): { from: number; length: number; bytes: string } {
  let from = 0;
  while (from < bytes.length && bytes[from] === other[from]) from++;
  const begin = Math.max(0, from - 20);
  const shown = bytes.toString("latin1", begin, begin + SHOWN_LENGTH);
  return { from, length: bytes.length, bytes: shown };
}
