// Connections that speak RESP to a server which the test plays by hand. Text is one byte a
// character; replies are compared byte for byte.

import { encodeCommand } from "./resp-client.ts";
import { splitReplies } from "./resp-reader.ts";
import { InProcessServer, type TestServerOptions } from "./test-server.ts";
import type { TestConnection } from "./test-engine.ts";

export class RespPeer {
  readonly server: InProcessServer;
  readonly connection: TestConnection;

  constructor(server: InProcessServer) {
    this.server = server;
    this.connection = server.connect();
  }

  /** Sends bytes, ends the turn, and takes what is answered. */
  send(bytes: Uint8Array | string): string {
    this.connection.feed(Buffer.from(bytes as string, "latin1"));
    this.server.engine.turn();
    return this.connection.take().toString("latin1");
  }

  /** Sends commands in one piece, words parted by spaces; their replies. */
  ask(...commands: readonly string[]): string[] {
    return this.askAll(...commands.map((command) => command.split(" ")));
  }

  askAll(...commands: readonly (readonly string[])[]): string[] {
    const text = this.send(Buffer.concat(commands.map(encodeCommand)));
    return splitReplies(Buffer.from(text, "latin1")).map((reply) => reply.toString("latin1"));
  }
}

export function setUpResp(options: TestServerOptions = {}) {
  const server = new InProcessServer(options);
  const peer = new RespPeer(server);
  return { server, peer, thread: server.thread, connect: () => new RespPeer(server) };
}
