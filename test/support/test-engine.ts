// An engine without sockets: a test feeds bytes, says how many reply bytes each connection's socket
// takes, and ends turns by hand. What the real engine promises, this one promises too: bytes that
// find no room are held and come again, a socket that took less than it was offered takes nothing
// before it is said to drain, `closed` comes exactly once.

import type { SendRegion } from "../../src/batch/send-windows.ts";
import type { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import type { ByteArea } from "../../src/lib/byte-area.ts";
import type {
  ConnectionAddresses,
  Engine,
  EngineHandlers,
  ListenAddress,
} from "../../src/net/engine.ts";
import { splitFrames } from "./v1-frames.ts";

/** More turns than any test needs; what asks for more would ask for ever. */
const TURNS_MAX = 100_000;

export class TestConnection {
  readonly number: number;
  /** Bytes that the socket still takes. */
  capacity = Infinity;
  isOpen = true;
  /** The peer has reset it, which the server has not heard: sending fails. */
  isReset = false;
  /** What the socket took and the peer has not. */
  unacknowledgedBytes = 0;
  /** The server has said that it sends no more. */
  isFinished = false;
  /** The server closed it at once, with a reset. */
  isDestroyed = false;
  /** Calls that offered bytes. */
  sendCount = 0;

  readonly #engine: TestEngine;
  readonly #sent: Buffer[] = [];
  #held: Buffer = Buffer.alloc(0);
  #hasEnded = false;

  constructor(number: number, engine: TestEngine) {
    this.number = number;
    this.#engine = engine;
  }

  /** Bytes arrive. */
  feed(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      this.#held = Buffer.concat([this.#held, piece]);
      this.deliver();
    }
  }

  /** The peer sends no more. */
  end(): void {
    this.#hasEnded = true;
    if (this.#held.length === 0) this.#engine.handlers.ended(this.number);
  }

  /** The peer is gone. */
  disconnect(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#held = Buffer.alloc(0);
    this.#engine.forget(this);
    this.#engine.handlers.closed(this.number);
  }

  /** The socket takes so many bytes more. */
  drain(bytes: number): void {
    this.capacity += bytes;
    this.#engine.handlers.writable(this.number);
  }

  /** Everything sent since the last call. */
  take(): Buffer {
    return Buffer.concat(this.#sent.splice(0));
  }

  /** The same as replies; there must be no half one. */
  takeReplies(): Buffer[] {
    const { frames, rest } = splitFrames(this.take());
    if (rest.length > 0) throw new Error("a reply is incomplete");
    return frames;
  }

  get heldLength(): number {
    return this.#held.length;
  }

  /** For the engine: hands over what finds room. */
  deliver(): void {
    const { windows, handlers } = this.#engine;
    while (this.#held.length > 0 && this.isOpen) {
      const room = handlers.roomFor(this.number);
      if (room === 0) return;
      const length = Math.min(room, this.#held.length);
      this.#held.copy(windows.area.bytes, windows.ends[this.number]!, 0, length);
      this.#held = this.#held.subarray(length);
      handlers.received(this.number, length);
    }
  }

  /** For the engine: the server reads again. */
  resume(): void {
    if (this.#held.length === 0) return;
    this.deliver();
    if (this.#held.length === 0 && this.#hasEnded) this.#engine.handlers.ended(this.number);
  }

  /** For the engine: bytes taken. */
  accept(area: ByteArea, offset: number, length: number): number {
    this.sendCount++;
    if (!this.isOpen || this.isReset) return -1;
    const taken = Math.min(length, this.capacity);
    this.capacity -= taken;
    if (taken > 0) this.#sent.push(Buffer.from(area.bytes.subarray(offset, offset + taken)));
    return taken;
  }
}

export class TestEngine implements Engine {
  readonly name = "test";
  readonly dispatcher = "none";
  readonly loop = null;
  readonly windows: ReceiveWindows;
  readonly handlers: EngineHandlers;
  isTurnRequested = false;
  turnCount = 0;
  readonly #connections: (TestConnection | null)[];

  constructor(windows: ReceiveWindows, handlers: EngineHandlers, connectionCount: number) {
    this.windows = windows;
    this.handlers = handlers;
    this.#connections = new Array<TestConnection | null>(connectionCount).fill(null);
  }

  /** A client comes; null when it is refused. */
  tryConnect(): TestConnection | null {
    const number = this.handlers.opened();
    if (number < 0) return null;
    const connection = new TestConnection(number, this);
    this.#connections[number] = connection;
    return connection;
  }

  connect(): TestConnection {
    const connection = this.tryConnect();
    if (connection === null) throw new Error("the connection was refused");
    return connection;
  }

  /** Ends this turn, and the turns that it asks for. */
  turn(): void {
    for (let i = 0; i < TURNS_MAX; i++) {
      this.oneTurn();
      if (!this.isTurnRequested) return;
    }
    throw new Error("the turns never end");
  }

  oneTurn(): void {
    this.isTurnRequested = false;
    this.turnCount++;
    this.handlers.turnEnded();
  }

  forget(connection: TestConnection): void {
    this.#connections[connection.number] = null;
  }

  unacknowledgedBytes(connection: number): number {
    return this.#connections[connection]?.unacknowledgedBytes ?? 0;
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

  requestTurn(): void {
    this.isTurnRequested = true;
  }

  resumeReceiving(connection: number): void {
    this.#connections[connection]?.resume();
  }

  send(connection: number, area: ByteArea, offset: number, length: number): number {
    return this.#connections[connection]?.accept(area, offset, length) ?? -1;
  }

  sendRegions(connection: number, regions: readonly SendRegion[]): number {
    let sent = 0;
    for (const { area, offset, length } of regions) {
      const taken = this.send(connection, area, offset, length);
      if (taken < 0) return -1;
      sent += taken;
      if (taken < length) break;
    }
    return sent;
  }

  finish(connection: number): void {
    const found = this.#connections[connection];
    if (found !== null && found !== undefined) found.isFinished = true;
  }

  close(connection: number): void {
    this.#connections[connection]?.disconnect();
  }

  destroy(connection: number): void {
    const found = this.#connections[connection];
    if (found === null || found === undefined) return;
    found.isDestroyed = true;
    found.disconnect();
  }

  async quiet(): Promise<void> {}
}
