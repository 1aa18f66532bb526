// The portable engine: Bun.listen. Bun reads a socket once per readiness, up to 512 KiB, and hands
// the bytes over as a fresh buffer; they are copied into the connection's receive window, so that a
// batch can span connections. After the whole round of ready sockets Bun runs setImmediate
// callbacks once, at no system call: there the turn ends.
//
// A chunk that finds no room is held, the socket paused, and the rest goes in when there is room.
// A full socket is not written to again before Bun says it drained. One that failed stays failed:
// to write takes the error from the kernel, and Bun, which then sees a paused socket hang up
// without one, waits for it to be resumed before it says that it has closed.
//
// Where several engines share an address, each has a TCP socket of its own (SO_REUSEPORT), and the
// kernel spreads connections over them. The first listens without that flag, so that it is refused
// where anybody listens, another server of the same user too, and sets it afterwards. A unix socket
// cannot be shared: Bun does not listen on a descriptor.

import type { Socket, TCPSocketListener, UnixSocketListener } from "bun";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendRegion } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { EAGAIN, EINTR, type Libc } from "../lib/libc.ts";
import { SystemCallError } from "../uring/errno.ts";
import { SO_REUSEPORT, SOL_SOCKET } from "../uring/kernel-constants.ts";
import { loadUringLibc } from "../uring/uring-libc.ts";
import type { ConnectionAddresses, Engine, EngineHandlers, ListenAddress } from "./engine.ts";
import { identifySocket } from "./socket-identity.ts";
import { loadUnacknowledgedBytes } from "./unacknowledged-bytes.ts";
import { VectoredSender } from "./vectored-sender.ts";

/** Number of a connection that was refused. */
const REFUSED = -1;

/** Whether a socket takes bytes, as far as we know. */
const WRITING = { FULL: 0, POSSIBLE: 1, FAILED: 2 } as const;

interface HeldChunk {
  readonly bytes: Buffer;
  offset: number;
}

interface Listening {
  readonly listener: TCPSocketListener<number> | UnixSocketListener<number>;
  /** Of a unix socket, with what its file was recognised by. */
  readonly path: string | null;
  readonly identity: string | null;
}

export class ListenEngine implements Engine {
  readonly name = "listen";
  readonly loop = null;
  readonly dispatcher = process.platform === "linux" ? "epoll" : "kqueue";

  readonly #windows: ReceiveWindows;
  readonly #handlers: EngineHandlers;
  readonly #vectored: VectoredSender | null;
  readonly #sockets: (Socket<number> | null)[];
  readonly #held: (HeldChunk | null)[];
  /** A value of WRITING. */
  readonly #writing: Uint8Array;
  /** 1 = the peer has ended, and its last bytes are still held. */
  readonly #hasEnded: Uint8Array;
  /** 1 = close as soon as the peer ends. */
  readonly #isFinishing: Uint8Array;
  readonly #listeners: Listening[] = [];
  readonly #unacknowledgedBytes = loadUnacknowledgedBytes();
  #isTurnRequested = false;
  #receivedCount = 0;

  constructor(
    windows: ReceiveWindows,
    handlers: EngineHandlers,
    connectionCount: number,
    libc: Libc | null,
  ) {
    this.#windows = windows;
    this.#handlers = handlers;
    this.#vectored = libc === null ? null : new VectoredSender(libc);
    this.#sockets = new Array<Socket<number> | null>(connectionCount).fill(null);
    this.#held = new Array<HeldChunk | null>(connectionCount).fill(null);
    this.#writing = new Uint8Array(connectionCount);
    this.#hasEnded = new Uint8Array(connectionCount);
    this.#isFinishing = new Uint8Array(connectionCount);
  }

  /** Bun does not tell. */
  acceptFailureCount(): number {
    return 0;
  }

  addressesOf(connection: number): ConnectionAddresses {
    const socket = this.#sockets[connection];
    if (socket === null || socket === undefined) return { peer: "", local: "" };
    const path = this.#listeners.find((listening) => listening.path !== null)?.path ?? "";
    if (socket.remotePort === undefined) return { peer: `${path}:0`, local: `${path}:0` };
    // Whoever resets the connection while it is accepted has no address any more.
    const host: string | undefined = socket.remoteAddress;
    return {
      peer: host === undefined ? "?:0" : formatAddress(host, socket.remotePort),
      local: formatAddress(socket.localAddress, socket.localPort),
    };
  }

  unacknowledgedBytes(connection: number): number {
    const socket = this.#sockets[connection];
    return socket === null || socket === undefined
      ? 0
      : this.#unacknowledgedBytes(descriptorOf(socket));
  }

  listen(address: ListenAddress): ListenAddress {
    const socket = {
      open: (opened: Socket<number>) => this.#open(opened),
      data: (from: Socket<number>, chunk: Buffer) => this.#receive(from.data, chunk),
      drain: (drained: Socket<number>) => this.#drain(drained.data),
      end: (ended: Socket<number>) => this.#end(ended.data),
      close: (closed: Socket<number>) => this.#close(closed.data),
      error: (failed: Socket<number>, error: Error) => this.#fail(failed, error),
    };
    const common = { socket, allowHalfOpen: true, data: REFUSED };
    if (address.kind === "unix") {
      const { path } = address;
      const listener = Bun.listen<number>({ ...common, unix: path });
      this.#listeners.push({ listener, path, identity: identifySocket(path) });
      return address;
    }
    const { host: hostname, port } = address;
    // Bun has the flag but does not declare it.
    const flags: object = address.sharing === "further" ? { reusePort: true } : {};
    const listener = Bun.listen<number>({ ...common, hostname, port, ...flags });
    if (address.sharing === "first") letOthersJoin(listener);
    this.#listeners.push({ listener, path: null, identity: null });
    return { ...address, port: listener.port };
  }

  stopListening(): void {
    for (const { listener, path, identity } of this.#listeners) {
      // Bun removes the file, whosever it is by now; one that nobody can reach may go on.
      if (path === null || identifySocket(path) === identity) listener.stop(false);
    }
    this.#listeners.length = 0;
  }

  requestTurn(): void {
    if (this.#isTurnRequested) return;
    this.#isTurnRequested = true;
    setImmediate(this.#endTurn);
  }

  resumeReceiving(connection: number): void {
    const chunk = this.#held[connection];
    if (chunk === null || chunk === undefined) return;
    this.#held[connection] = null;
    if (!this.#deliver(connection, chunk.bytes, chunk.offset)) return;
    this.#sockets[connection]?.resume();
    if (this.#hasEnded[connection] === 1) this.#handlers.ended(connection);
  }

  send(connection: number, area: ByteArea, offset: number, length: number): number {
    const socket = this.#sockets[connection];
    if (socket === null || socket === undefined) return -1;
    if (this.#writing[connection] !== WRITING.POSSIBLE) return this.#takenWhileNot(connection);
    const sent = socket.write(area.bytes, offset, length);
    if (sent < 0) return this.#noteFailure(connection);
    if (sent < length) this.#writing[connection] = WRITING.FULL;
    return sent;
  }

  sendRegions(connection: number, regions: readonly SendRegion[]): number {
    const socket = this.#sockets[connection];
    if (socket === null || socket === undefined) return -1;
    if (this.#writing[connection] !== WRITING.POSSIBLE) return this.#takenWhileNot(connection);
    let sent = 0;
    if (this.#vectored !== null) {
      const result = this.#vectored.send(descriptorOf(socket), regions);
      if (result < 0 && result !== -EAGAIN && result !== -EINTR) {
        return this.#noteFailure(connection);
      }
      sent = Math.max(0, result);
    }
    // What is left goes through Bun, which then knows to report when the socket has drained.
    let skip = sent;
    for (const { area, offset, length } of regions) {
      if (skip >= length) {
        skip -= length;
        continue;
      }
      const written = this.send(connection, area, offset + skip, length - skip);
      if (written < 0) return -1;
      sent += written;
      if (written < length - skip) break;
      skip = 0;
    }
    return sent;
  }

  finish(connection: number): void {
    const socket = this.#sockets[connection];
    if (socket === null || socket === undefined) return;
    this.#isFinishing[connection] = 1;
    // Closing with bytes unread would reset the connection and could take the replies with it.
    if (this.#hasEnded[connection] === 1) socket.end();
    else socket.shutdown();
  }

  close(connection: number): void {
    this.#sockets[connection]?.end();
  }

  destroy(connection: number): void {
    this.#sockets[connection]?.terminate();
  }

  async quiet(): Promise<void> {
    let known = -1;
    while (known !== this.#receivedCount) {
      known = this.#receivedCount;
      // Two rounds: the first may have begun before the bytes arrived.
      for (let round = 0; round < 2; round++) {
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
      }
    }
  }

  readonly #endTurn = (): void => {
    this.#isTurnRequested = false;
    this.#handlers.turnEnded();
  };

  #open(socket: Socket<number>): void {
    const connection = this.#handlers.opened();
    socket.data = connection;
    if (connection === REFUSED) {
      socket.end();
      return;
    }
    this.#sockets[connection] = socket;
    this.#held[connection] = null;
    this.#writing[connection] = WRITING.POSSIBLE;
    this.#hasEnded[connection] = 0;
    this.#isFinishing[connection] = 0;
  }

  #receive(connection: number, chunk: Buffer): void {
    if (connection === REFUSED) return;
    this.#receivedCount++;
    this.requestTurn();
    const held = this.#held[connection];
    if (held !== null && held !== undefined) {
      // Bun may deliver what it had read before the pause took effect.
      const rest = held.bytes.subarray(held.offset);
      this.#held[connection] = { bytes: Buffer.concat([rest, chunk]), offset: 0 };
      return;
    }
    if (!this.#deliver(connection, chunk, 0)) this.#sockets[connection]?.pause();
  }

  /** Copies a chunk into the window as far as there is room; the rest is held. False = held. */
  #deliver(connection: number, chunk: Buffer, begin: number): boolean {
    let offset = begin;
    while (offset < chunk.length) {
      const room = this.#handlers.roomFor(connection);
      if (room === 0) {
        this.#held[connection] = { bytes: chunk, offset };
        return false;
      }
      const length = Math.min(room, chunk.length - offset);
      const target = this.#windows.ends[connection]!;
      chunk.copy(this.#windows.area.bytes, target, offset, offset + length);
      offset += length;
      this.#handlers.received(connection, length);
      if (this.#sockets[connection] === null) return true;
    }
    return true;
  }

  #drain(connection: number): void {
    if (connection === REFUSED || this.#writing[connection] !== WRITING.FULL) return;
    this.#writing[connection] = WRITING.POSSIBLE;
    this.#handlers.writable(connection);
  }

  #end(connection: number): void {
    if (connection === REFUSED) return;
    this.#hasEnded[connection] = 1;
    if (this.#isFinishing[connection] === 1) this.#sockets[connection]?.end();
    else if (this.#held[connection] === null) this.#handlers.ended(connection);
  }

  /** What a socket takes that is not to be written to. */
  #takenWhileNot(connection: number): number {
    return this.#writing[connection] === WRITING.FAILED ? -1 : 0;
  }

  #noteFailure(connection: number): number {
    this.#writing[connection] = WRITING.FAILED;
    return -1;
  }

  #close(connection: number): void {
    if (connection === REFUSED) return;
    this.#sockets[connection] = null;
    this.#held[connection] = null;
    this.#handlers.closed(connection);
  }

  /** A handler threw: a broken invariant. Nothing in memory is to be trusted any more. */
  #fail(_socket: Socket<number>, error: Error): void {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Bun has the descriptor but does not declare it. */
function descriptorOf(socket: object): number {
  return (socket as { readonly fd: number }).fd;
}

/** From now on other sockets of the same user may listen on the address, if they say so as well. */
function letOthersJoin(listener: TCPSocketListener<number>): void {
  const libc = loadUringLibc();
  const descriptor = descriptorOf(listener);
  const result = libc?.setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) ?? 0;
  if (result < 0) throw new SystemCallError("setsockopt", -result);
}

function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
