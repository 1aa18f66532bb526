// An engine without sockets, whose connections send what they are told to and take every reply at
// once. What remains is what the server itself does with a request.

import type { SendRegion } from "../src/batch/send-windows.ts";
import type { ReceiveWindows } from "../src/batch/receive-windows.ts";
import { assert } from "../src/lib/assert.ts";
import type { ByteArea } from "../src/lib/byte-area.ts";
import type {
  ConnectionAddresses,
  Engine,
  EngineHandlers,
  ListenAddress,
} from "../src/net/engine.ts";

export class SilentEngine implements Engine {
  readonly name = "silent";
  readonly dispatcher = "none";
  readonly loop = null;
  /** Bytes of replies. */
  sentBytes = 0;
  sendCount = 0;

  readonly #windows: ReceiveWindows;
  readonly #handlers: EngineHandlers;

  constructor(windows: ReceiveWindows, handlers: EngineHandlers) {
    this.#windows = windows;
    this.#handlers = handlers;
  }

  connect(): number {
    const connection = this.#handlers.opened();
    assert(connection >= 0, "there is a number for the connection");
    return connection;
  }

  /** Has a connection receive bytes `begin` to `end`, as src/net/listen-engine.ts does. */
  feed(connection: number, bytes: Buffer, begin: number, end: number): void {
    let offset = begin;
    while (offset < end) {
      const room = this.#handlers.roomFor(connection);
      assert(room > 0, "a connection whose replies are all taken is never blocked");
      const length = Math.min(room, end - offset);
      const target = this.#windows.ends[connection]!;
      bytes.copy(this.#windows.area.bytes, target, offset, offset + length);
      offset += length;
      this.#handlers.received(connection, length);
    }
  }

  endTurn(): void {
    this.#handlers.turnEnded();
  }

  send(_connection: number, _area: ByteArea, _offset: number, length: number): number {
    this.sendCount++;
    this.sentBytes += length;
    return length;
  }

  sendRegions(_connection: number, regions: readonly SendRegion[]): number {
    this.sendCount++;
    const sent = regions.reduce((sum, { length }) => sum + length, 0);
    this.sentBytes += sent;
    return sent;
  }

  unacknowledgedBytes(): number {
    return 0;
  }

  addressesOf(): ConnectionAddresses {
    return { peer: "127.0.0.1:1", local: "127.0.0.1:2" };
  }

  acceptFailureCount(): number {
    return 0;
  }

  listen(address: ListenAddress): ListenAddress {
    return address;
  }

  stopListening(): void {}
  requestTurn(): void {}
  resumeReceiving(): void {}
  finish(): void {}
  close(): void {}
  destroy(): void {}
  async quiet(): Promise<void> {}
}
