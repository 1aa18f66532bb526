// What the server remembers of a connection that speaks RESP, beyond its windows.

import type { DurabilityChoice } from "../lib/durability-choice.ts";
import type { Parcel, Watcher } from "./keyspace.ts";

/** Arguments that were received into the store, by index; their places in `args` are empty. */
export type Parcels = ReadonlyMap<number, Parcel>;

export interface QueuedCommand {
  readonly args: readonly Buffer[];
  readonly parcels: Parcels;
}

/** Bytes that the commands since MULTI may take. */
export const QUEUE_SIZE_MAX = 64 * 1024 * 1024;

/** What has become of the snapshot that a client's SAVE waits for. */
export type AwaitedSave = "none" | "waiting" | "good" | "failed";

/** CLIENT REPLY. */
export type ReplyMode = "on" | "off" | "skip" | "skip-next";

export class Client implements Watcher {
  /** Number of the connection, which others get later, and of the client, which nobody gets. */
  readonly connection: number;
  readonly id: number;
  /** By the elapsed clock. */
  readonly connectedMs: number;
  lastCommandMs: number;
  /** `address:port` of the two ends, or the path of a Unix socket. */
  readonly address: string;
  readonly localAddress: string;
  version: 2 | 3 = 2;
  database = 0;
  isAuthenticated: boolean;
  name = "";
  libraryName = "";
  libraryVersion = "";
  /** Name in lower case of the command executed last. */
  lastCommand = "";
  replyMode: ReplyMode = "on";
  /** What its replies promise of the writes before them, null = what the server's do. */
  durability: DurabilityChoice | null = null;
  awaitedSave: AwaitedSave = "none";
  isEvictionExempt = false;
  isNoTouch = false;
  /** Commands since MULTI, null = no transaction. */
  queue: QueuedCommand[] | null = null;
  /** Bytes that the queue takes, about; parcels are the store's. */
  queueSize = 0;
  /** A command could not be queued: EXEC refuses. */
  hasQueueError = false;
  watchedCount = 0;
  /** A watched key was changed. */
  isDirty = false;
  /** To be closed once its replies are sent. */
  isClosing = false;

  constructor(options: {
    connection: number;
    id: number;
    nowMs: number;
    address: string;
    localAddress: string;
    isAuthenticated: boolean;
  }) {
    this.connection = options.connection;
    this.id = options.id;
    this.connectedMs = options.nowMs;
    this.lastCommandMs = options.nowMs;
    this.address = options.address;
    this.localAddress = options.localAddress;
    this.isAuthenticated = options.isAuthenticated;
  }
  get isUnixSocket(): boolean {
    return this.address.startsWith("/");
  }

  /** Back to before MULTI and WATCH; the keyspace has to `unwatch` besides. */
  endTransaction(): void {
    this.queue = null;
    this.queueSize = 0;
    this.hasQueueError = false;
    this.watchedCount = 0;
    this.isDirty = false;
  }
}
