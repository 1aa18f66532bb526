import { expect } from "bun:test";
import type { Socket } from "bun";

/** A client that deals in plain bytes. */
export class RawClient {
  text = "";
  hasEnded = false;
  isClosed = false;
  #socket!: Socket;

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      allowHalfOpen: true,
      socket: {
        data: (_socket, chunk) => {
          client.text += chunk.toString("latin1");
        },
        end: () => {
          client.hasEnded = true;
        },
        close: () => {
          client.hasEnded = true;
          client.isClosed = true;
        },
        error: () => {},
      },
    });
    return client;
  }

  send(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    expect(this.#socket.write(bytes)).toBe(bytes.length);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  finish(): void {
    this.#socket.shutdown();
  }

  close(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.terminate();
  }
}
