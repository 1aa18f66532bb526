// Which connection numbers are in use and in which state, and why connections went. Numbers are
// handed out last in, first out, so that a thousand connections that come and go use few windows.

import { CONNECTION } from "../batch/connection-flag.ts";
import { PROTOCOL } from "../protocol/first-bytes.ts";
import type { ClientCount } from "./client-count.ts";

export const DROP = {
  /** The peer closed, or we did after it had ended. */
  NONE: 0,
  /** It took no byte of its replies for too long. */
  STALLED: 1,
  /** Its socket failed. */
  FAILED: 2,
  /** It sent what its protocol does not allow. */
  PROTOCOL: 3,
} as const;
export type Drop = (typeof DROP)[keyof typeof DROP];
export const DROP_NAMES = ["none", "stalled", "failed", "protocol"] as const;

/** What its replies promise: what the server's do, that they are on disk, or less. */
export const DURABILITY = { OF_SERVER: 0, STRICT: 1, RELAXED: 2 } as const;
export type DurabilityOfConnection = (typeof DURABILITY)[keyof typeof DURABILITY];

export class ConnectionTable {
  /** Bits of CONNECTION; 0 = not in use. */
  readonly flags: Uint8Array;
  /** When it last took bytes of unsent replies, by the elapsed clock; 0 = nothing is unsent. */
  readonly unsentSinceMs: Float64Array;

  acceptedCount = 0;
  refusedCount = 0;
  closedCount = 0;
  openCount = 0;
  /** Of PROTOCOL. */
  readonly protocols: Uint8Array;
  /** Of RESP connections: see RespSessions, and the version of the protocol, 2 or 3. */
  readonly isHot: Uint8Array;
  readonly isRestricted: Uint8Array;
  readonly databases: Uint8Array;
  readonly versions: Uint8Array;
  /** Of DROP: why it is CLOSING. */
  readonly closingReasons: Uint8Array;
  /** Of DURABILITY: what it has chosen for itself. */
  readonly durabilities: Uint8Array;
  /** When it last sent something, by the wall clock of the turn. */
  readonly lastReceivedMs: Float64Array;

  readonly droppedCounts = new Float64Array(DROP_NAMES.length);

  readonly #free: Int32Array;
  #freeCount: number;
  readonly #clients: ClientCount | null;

  /**
   * `clients` counts those of all threads, null = there is one thread. Behind the connections of
   * clients are virtual ones, which this table gives to nobody.
   */
  constructor(clientCount: number, clients: ClientCount | null = null, virtualCount = 0) {
    const connectionCount = clientCount + virtualCount;
    this.#clients = clients;
    this.flags = new Uint8Array(connectionCount);
    this.protocols = new Uint8Array(connectionCount);
    this.isHot = new Uint8Array(connectionCount);
    this.isRestricted = new Uint8Array(connectionCount);
    this.databases = new Uint8Array(connectionCount);
    this.versions = new Uint8Array(connectionCount);
    this.closingReasons = new Uint8Array(connectionCount);
    this.durabilities = new Uint8Array(connectionCount);
    this.lastReceivedMs = new Float64Array(connectionCount);
    this.unsentSinceMs = new Float64Array(connectionCount);
    this.#free = Int32Array.from({ length: clientCount }, (_, i) => clientCount - 1 - i);
    this.#freeCount = clientCount;
  }

  /** A number for a new connection, -1 when there are as many as allowed. */
  open(): number {
    if (this.#freeCount === 0 || this.#clients?.enter() === false) {
      this.refusedCount++;
      return -1;
    }
    const connection = this.#free[--this.#freeCount]!;
    this.flags[connection] = CONNECTION.OPEN;
    this.unsentSinceMs[connection] = 0;
    this.protocols[connection] = PROTOCOL.UNKNOWN;
    this.isHot[connection] = 0;
    this.databases[connection] = 0;
    this.durabilities[connection] = 0;
    this.versions[connection] = 2;
    this.closingReasons[connection] = DROP.PROTOCOL;
    this.acceptedCount++;
    this.openCount++;
    return connection;
  }

  close(connection: number): void {
    this.flags[connection] = 0;
    this.#free[this.#freeCount++] = connection;
    this.openCount--;
    this.closedCount++;
    this.#clients?.leave();
  }

  /** Whether any of the flags is set. */
  is(connection: number, flags: number): boolean {
    return (this.flags[connection]! & flags) !== 0;
  }

  /** Ends a connection once its replies are sent. */
  beginClosing(connection: number, reason: Drop): void {
    this.flags[connection]! |= CONNECTION.CLOSING;
    this.closingReasons[connection] = reason;
  }

  set(connection: number, flags: number): void {
    this.flags[connection]! |= flags;
  }

  clear(connection: number, flags: number): void {
    this.flags[connection]! &= ~flags;
  }
}
