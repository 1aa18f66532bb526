// Stands before a server and changes what passes: what a harness that compares servers must notice.

import { connect, type Socket } from "node:net";

export interface Forgery {
  /** Texts are one byte a character. */
  request?(text: string): string;
  reply?(text: string): string;
}

export class ForgingProxy implements Disposable {
  readonly port: number;
  readonly #listener: Bun.TCPSocketListener<{ target: Socket }>;

  constructor(targetPort: number, { request = same, reply = same }: Forgery) {
    this.#listener = Bun.listen<{ target: Socket }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          const target = connect(targetPort, "127.0.0.1");
          socket.data = { target };
          target.on("data", (chunk: Buffer) => void socket.write(forge(chunk, reply)));
          target.on("error", () => {});
          target.on("close", () => socket.end());
        },
        data: (socket, chunk) => void socket.data.target.write(forge(chunk, request)),
        close: (socket) => void socket.data.target.destroy(),
      },
    });
    this.port = this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

function same(text: string): string {
  return text;
}

function forge(bytes: Buffer, change: (text: string) => string): Buffer {
  return Buffer.from(change(bytes.toString("latin1")), "latin1");
}
