// Puts the replies of connections in request order while other threads have requests of theirs
// (collection.ts), and lets wait whoever cannot go on before they have come.
//
// A connection that waits is BLOCKED and PARKED: neither a flush nor the log wakes it, but `#wake`.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import { Collection, NO_CONNECTION } from "./collection.ts";
import { createDelivery, type Delivery } from "./delivery.ts";
import type { OwnReplies } from "./own-replies.ts";
import type { ShardHost } from "./shard-host.ts";
import type { Splices } from "./splices.ts";

const POOL_COUNT_MAX = 64;
/** What is ready waits so long for more, and no longer: its client may wait for nothing else. */
const WAITING_TURNS_MAX = 4;
const WAITING_BYTES_MAX = 16 * 1024;
/** BLOCKED alone: its client does not read. */
const STANDING = CONNECTION.BLOCKED | CONNECTION.PARKED;

export interface GatheringParts {
  readonly sends: SendWindows;
  readonly splices: Splices;
  readonly own: OwnReplies;
  /** Of the connection table. */
  readonly flags: Uint8Array;
  readonly windowSizeBytes: number;
  readonly host: ShardHost;
}

export class Gathering {
  /** By connection; null = all its replies are where they belong. */
  readonly collections: (Collection | null)[];
  /** Replies to what owners have written have been delivered since the last turn ended. */
  hasDeliveredWrites = false;
  readonly delivery: Delivery;
  /** By connection: since when its next request has found no room in its owner's ring; 0 = not. */
  readonly ringFullSinceMs: Float64Array;
  readonly #parts: GatheringParts;
  readonly #isWaiting: Uint8Array;
  readonly #pool: Collection[] = [];
  /** Connections whose next reply has come. */
  readonly #ready: number[] = [];
  /** Connections that wait for a ring with room. */
  readonly #ringWaiters: number[] = [];

  constructor(parts: GatheringParts) {
    const { length } = parts.flags;
    this.#parts = parts;
    this.delivery = createDelivery(parts);
    this.collections = new Array<Collection | null>(length).fill(null);
    this.ringFullSinceMs = new Float64Array(length);
    this.#isWaiting = new Uint8Array(length);
  }

  begin(connection: number, isResp: boolean): Collection {
    const collection = this.#pool.pop() ?? new Collection();
    collection.begin(connection, isResp);
    this.collections[connection] = collection;
    return collection;
  }

  /** It goes on when all its replies have come; the caller blocks it. */
  park(connection: number): void {
    this.#isWaiting[connection] = 1;
    this.#parts.flags[connection]! |= CONNECTION.PARKED;
  }

  /** It goes on when a ring may have room. */
  parkForRing(connection: number): void {
    this.park(connection);
    this.#ringWaiters.push(connection);
  }

  wakeRingWaiters(): void {
    if (this.#ringWaiters.length === 0) return;
    for (const connection of this.#ringWaiters.splice(0)) this.#wake(connection);
  }

  /** Replies of the connection have been delivered, or can be: the rest is `deliverReady`'s. */
  noteReady(connection: number): void {
    this.#ready.push(connection);
  }

  /** Where the bytes of a reply go that has come. */
  place(collection: Collection, slot: number, length: number, reference = 0, split = 0): number {
    if (slot === collection.head) this.noteReady(collection.connection);
    return collection.place(slot, length, reference, split);
  }

  /** A reply that is made here and known at once. */
  placeBytes(collection: Collection, slot: number, bytes: Uint8Array): void {
    const offset = this.place(collection, slot, bytes.length);
    collection.area.bytes.set(bytes, offset);
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  deliverReady(): void {
    if (this.#ready.length === 0) return;
    for (const connection of this.#ready.splice(0)) this.deliver(connection);
  }

  /** Sends what is there in order; false when the connection cannot go on. */
  deliver(connection: number): boolean {
    const collection = this.collections[connection];
    if (collection === null || collection === undefined) return true;
    const isPending = !collection.isHeadReady && collection.head < collection.count;
    if (isPending && !collection.hasDelivered) return true;
    const { sends, flags, host } = this.#parts;
    // Its replies that are held must not be joined by others: it comes again when they leave.
    if ((flags[connection]! & CONNECTION.HELD) !== 0) return false;
    while (collection.isHeadReady) {
      if (!sends.canBegin(connection)) return this.#stall(connection);
      this.delivery.append(collection);
    }
    collection.hasDelivered = false;
    if (collection.hasWritten) this.hasDeliveredWrites = true;
    host.touch(connection);
    if (collection.head === collection.count) this.#end(collection);
    return true;
  }

  /**
   * Whether what the connection has to send waits for the end of another turn: with the replies
   * that are still to come it is one write, and a write costs as much as many replies.
   */
  isWaitingForMore(connection: number): boolean {
    const collection = this.collections[connection];
    if (collection === null || collection === undefined || collection.pendingCount === 0) {
      return false;
    }
    const { flags, sends } = this.#parts;
    if ((flags[connection]! & STANDING) === CONNECTION.BLOCKED) return false;
    const unsentBytes = sends.unsentBytes(connection);
    if (unsentBytes === 0 || unsentBytes > WAITING_BYTES_MAX) return false;
    return ++collection.waitedTurns <= WAITING_TURNS_MAX;
  }

  /** The connection has gone, or will be told that its replies are lost. */
  forget(connection: number): void {
    this.#isWaiting[connection] = 0;
    this.ringFullSinceMs[connection] = 0;
    const collection = this.collections[connection];
    if (collection === null || collection === undefined) return;
    for (const reference of collection.undelivered()) this.#parts.splices.drop(reference);
    for (const home of collection.undeliveredHomes()) this.#parts.own.delivered(home);
    this.collections[connection] = null;
    collection.connection = NO_CONNECTION;
    this.recycle(collection);
  }

  /** Keeps a collection for another connection, once nobody has requests of it. */
  recycle(collection: Collection): void {
    if (collection.pendingCount > 0 || this.#pool.length >= POOL_COUNT_MAX) return;
    collection.giveMemoryBack();
    this.#pool.push(collection);
  }

  /** The client does not read; when it has read, the flush brings it here again. */
  #stall(connection: number): false {
    const { flags, host } = this.#parts;
    if (this.collections[connection]!.hasWritten) this.hasDeliveredWrites = true;
    host.release(connection);
    flags[connection] = (flags[connection]! | CONNECTION.BLOCKED) & ~CONNECTION.PARKED;
    host.touch(connection);
    return false;
  }

  #end(collection: Collection): void {
    const { connection } = collection;
    this.collections[connection] = null;
    this.recycle(collection);
    this.#wake(connection);
  }

  #wake(connection: number): void {
    if (this.#isWaiting[connection] === 0) return;
    const { flags, host } = this.#parts;
    this.#isWaiting[connection] = 0;
    flags[connection]! &= ~CONNECTION.PARKED;
    host.unpark(connection);
  }
}
