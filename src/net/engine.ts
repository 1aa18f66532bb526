// What stands between the sockets and the pipeline: an engine moves bytes and knows no protocol.
//
//   sockets ──▶ engine ──▶ EngineHandlers (the pipeline)      bytes arrive, turns end
//   sockets ◀── engine ◀── Engine (Transport)                 replies leave
//
// A *turn* is one round of the engine: it receives from every socket that has something, and then
// calls `turnEnded` once. Connections are numbers below the connection count; the handlers choose
// the number when a connection opens and may give it to another once it has closed.

import type { Transport } from "../batch/send-windows.ts";

export interface EngineHandlers {
  /** A connection has come: its number, or -1 to have it closed at once. */
  opened(): number;
  /** Bytes that can be received at `ends[connection]` of the receive windows, 0 = not now. */
  roomFor(connection: number): number;
  /** That many bytes have been written there. May close connections. */
  received(connection: number, length: number): void;
  /** A write that was UNDER_WAY is completed: bytes gone, or -1 if the connection has failed. */
  sent(connection: number, length: number): void;
  /** The peer sends no more; it may still read. Everything it sent has been received. */
  ended(connection: number): void;
  /** The socket takes bytes again. */
  writable(connection: number): void;
  /** The connection is gone; its number is free when this returns. */
  closed(connection: number): void;
  /** All sockets of this turn have been read. */
  turnEnded(): void;
}

/**
 * Several engines that listen on one address. The first finds it free, as if it were alone, and
 * only then lets others join; a further one joins. Without it, an address has one engine.
 */
export type Sharing = "first" | "further";

export type ListenAddress =
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly sharing?: Sharing;
    }
  | {
      readonly kind: "unix";
      readonly path: string;
      readonly sharing?: Sharing;
      /** The first one's listening socket, which further ones accept from; absent = they cannot. */
      readonly descriptor?: number;
    };

/** The two ends of a connection, as `1.2.3.4:5`, `[::1]:5` or the path of a Unix socket. */
export interface ConnectionAddresses {
  readonly peer: string;
  readonly local: string;
}

/** What an engine has that keeps its thread to itself while it serves. */
export interface EngineLoop {
  /** An eventfd: a write to it, of any thread, has `rung` called. */
  readonly doorbell: number;
  /** Serves until `leave`, and calls `tick` at each interval: timers and messages do not run. */
  run(tickIntervalMs: number, tick: () => void, rung: () => void): void;
  leave(): void;
}

export interface Engine extends Transport {
  readonly name: string;
  /** The kernel interface behind it, as INFO names it. */
  readonly dispatcher: string;
  /** Null for an engine that serves from the event loop. */
  readonly loop: EngineLoop | null;
  /**
   * Connections that could not be accepted for want of descriptors; those wait and are tried again.
   */
  acceptFailureCount(): number;
  addressesOf(connection: number): ConnectionAddresses;
  /** Of what it was sent: what the peer has not acknowledged yet; see unacknowledged-bytes.ts. */
  unacknowledgedBytes(connection: number): number;
  /** Starts to accept; the address with the port that port 0 became. Throws if it is in use. */
  listen(address: ListenAddress): ListenAddress;
  stopListening(): void;
  /** Has `turnEnded` called soon even if nothing arrives. */
  requestTurn(): void;
  /** Receives again from a connection that `roomFor` answered 0 for. */
  resumeReceiving(connection: number): void;
  /** Says that no more replies follow, and closes once the peer has seen them. */
  finish(connection: number): void;
  /** Closes without waiting for the peer; what the kernel has of our replies still arrives. */
  close(connection: number): void;
  /** Resets the connection; nothing it holds is kept, in the kernel neither. */
  destroy(connection: number): void;
  /** Settles after a turn in which no connection had anything to receive. */
  quiet(): Promise<void>;
}
