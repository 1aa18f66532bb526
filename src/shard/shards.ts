// Sharded mode on one thread: what it has asked of the others (outbox.ts), what they ask of it
// (inbox.ts), and when it looks at either (docs/THREADS.md).
//
//   turn:   … sockets are read ─▶ drain() ─▶ batch is executed, replies leave ─▶ end()
//                                replies, requests                    one publish for each thread
//
// Virtual connections have the numbers behind those of clients:
//
//   | clients | of thread 0 | of thread 1 … | windows of own replies |

import type { Batch } from "../batch/batch.ts";
import { CONNECTION } from "../batch/connection-flag.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendRegion, SendWindows } from "../batch/send-windows.ts";
import type { RowRouter } from "../command/row-router.ts";
import type { Clock } from "../lib/clock.ts";
import type { ForeignLocal } from "../lib/thread-mode.ts";
import type { Store } from "../store/store.ts";
import { Doorbells, type BellHearing } from "./doorbells.ts";
import { Gathering } from "./gathering.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { OWN_WINDOW_COUNT, createOwnReplies } from "./own-replies.ts";
import { createReplyIntake, type ReplyIntake } from "./reply-intake.ts";
import type { ShardBuffers } from "./shard-buffers.ts";
import { zeroFigures, type ShardFigures } from "./shard-figures.ts";
import type { ShardHost } from "./shard-host.ts";
import { createShardRows } from "./shard-rows.ts";
import { Splices } from "./splices.ts";
import { timeoutReply } from "./timeout-reply.ts";

/** How long a client waits for the owner of a key before it gets an error. */
export const SHARD_TIMEOUT_MS = 5000;

/** Connection numbers that a thread needs besides those of its clients. */
export function virtualConnectionCount(threadCount: number): number {
  return threadCount + OWN_WINDOW_COUNT;
}

/** What the connection table has by connection. */
export interface ShardConnections {
  readonly flags: Uint8Array;
  readonly versions: Uint8Array;
}

export interface ShardParts {
  readonly index: number;
  readonly buffers: ShardBuffers;
  readonly batch: Batch;
  readonly store: Store;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly connections: ShardConnections;
  readonly clientCount: number;
  readonly segmentBits: number;
  readonly foreignLocal: ForeignLocal;
  readonly clock: Clock;
  readonly host: ShardHost;
}

export class Shards {
  readonly router: RowRouter;
  readonly figures: ShardFigures = zeroFigures();
  readonly #parts: ShardParts;
  readonly #splices: Splices;
  readonly #gathering: Gathering;
  readonly #others: readonly number[];
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #intake: ReplyIntake;
  #bells: Doorbells | null = null;
  #isStopping = false;

  constructor(parts: ShardParts) {
    const { index, buffers, batch, windows, sends, store, connections, host } = parts;
    const count = Math.sqrt(buffers.requests.length);
    const { flags, versions } = connections;
    this.#parts = parts;
    this.#others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== index);
    this.#splices = new Splices(sends, store);
    const splices = this.#splices;
    this.#openVirtual(count);
    const own = createOwnReplies(sends, splices, parts.clientCount + count);
    const { sizeBytes: windowSizeBytes } = windows;
    this.#gathering = new Gathering({ sends, splices, own, flags, windowSizeBytes, host });
    const rings = ringsOf(buffers, index, count);
    this.#outbox = createOutbox({ batch, windows, versions, requests: rings.requestsTo });
    this.#inbox = createInbox({
      ...parts,
      splices,
      flags,
      versions,
      requests: rings.requestsFrom,
      replies: rings.repliesTo,
      first: parts.clientCount,
    });
    this.#intake = createReplyIntake({
      sends,
      splices,
      outbox: this.#outbox,
      gathering: this.#gathering,
      replies: rings.repliesFrom,
    });
    this.router = createShardRows({
      ...parts,
      own,
      gathering: this.#gathering,
      outbox: this.#outbox,
      inbox: this.#inbox,
      figures: this.figures,
      threadCount: count,
      versions,
      timeoutMs: SHARD_TIMEOUT_MS,
    });
  }

  /** How this thread is woken is known once its engine is there. */
  attach(hearing: BellHearing): void {
    const { buffers, index } = this.#parts;
    this.#bells = new Doorbells(buffers.bells, index, hearing);
  }

  #openVirtual(count: number): void {
    const { windows, sends, connections, clientCount } = this.#parts;
    for (let i = 0; i < virtualConnectionCount(count); i++) {
      const connection = clientCount + i;
      windows.open(connection);
      sends.open(connection);
      connections.flags[connection] = CONNECTION.OPEN;
    }
  }

  /** Whether the connection is one of another thread; its requests are decoded here. */
  isVirtual(connection: number): boolean {
    return connection >= this.#parts.clientCount;
  }

  /** Appends the requests of a virtual connection to the batch; false when that is full. */
  decode(connection: number): boolean {
    return this.#inbox.decode(connection);
  }

  /** The transport of virtual connections. */
  sendRegions(regions: readonly SendRegion[]): number {
    return this.#splices.sendRegions(regions);
  }

  /** Whether replies of the connection are still to come. */
  isCollecting(connection: number): boolean {
    return this.#gathering.collections[connection] !== null;
  }

  /**
   * Whether a command that concerns more than one owner may be executed. If not, its connection is
   * to be blocked, and goes on when all its replies have come.
   */
  mayExecute(connection: number): boolean {
    if (this.#gathering.collections[connection] === null) return true;
    this.#gathering.park(connection);
    return false;
  }

  /**
   * Whether replies to what owners have written are among those that leave at the end of this turn.
   * The gate holds them even if this thread has recorded nothing itself.
   */
  takeHasDeliveredWrites(): boolean {
    const has = this.#gathering.hasDeliveredWrites;
    this.#gathering.hasDeliveredWrites = false;
    return has;
  }

  /** Whether replies are kept back at the end of a turn, for those that come with the next. */
  isWaitingForMore(connection: number): boolean {
    return this.#gathering.isWaitingForMore(connection);
  }

  /** Sends what replies are there; whether requests of the connection may be decoded. */
  goOn(connection: number): boolean {
    return this.#gathering.deliver(connection);
  }

  /** The connection has gone, or its replies are lost: those that come are dropped. */
  forget(connection: number): void {
    this.#gathering.forget(connection);
  }

  /** A turn begins: nobody has to ring. */
  begin(): void {
    this.#bells?.awake();
    for (const other of this.#others) {
      this.#outbox.writers[other]!.rewind();
      this.#inbox.writers[other]!.rewind();
    }
  }

  /** Takes all replies that have come, and then all requests. */
  drain(): void {
    for (const other of this.#others) {
      if (!this.#intake.take(other)) continue;
      if (this.#intake.release(other)) this.#bells?.wake(other);
      this.#gathering.wakeRingWaiters();
    }
    this.#gathering.deliverReady();
    for (const other of this.#others) this.#inbox.drain(other);
  }

  /** Shows the turn's requests and replies, each once for each thread, and looks a last time. */
  end(): void {
    const { figures } = this;
    const inbox = this.#inbox;
    for (const other of this.#others) {
      inbox.flush(other);
      const hasAsked = this.#outbox.writers[other]!.publish();
      const hasAnswered = inbox.writers[other]!.publish();
      if (hasAsked) figures.publishCount++;
      if (hasAnswered) figures.replyPublishCount++;
      if (hasAsked || hasAnswered) this.#bells?.wake(other);
    }
    figures.stallCount = inbox.stallCount;
    figures.servedCount = inbox.servedCount;
    figures.wakeCount = this.#bells?.wakeUpCount ?? 0;
    // A thread that stops looks by itself from time to time.
    if (!this.#isStopping) this.#bells?.sleep();
    if (this.#hasWork()) this.#parts.host.requestTurn();
  }

  /** A few times a second: requests whose owner has not answered in time. */
  tick(): void {
    const beforeMs = this.#parts.clock.elapsedMs() - SHARD_TIMEOUT_MS;
    const gathering = this.#gathering;
    for (const other of this.#others) {
      if (this.#outbox.outCount(other) === 0) continue;
      this.figures.timeoutCount += this.#outbox.giveUp(other, beforeMs, (collection, slot) => {
        if (collection.connection < 0) gathering.recycle(collection);
        else gathering.placeBytes(collection, slot, timeoutReply(collection.isResp));
      });
    }
    gathering.wakeRingWaiters();
  }

  /**
   * For a thread that stops, once it has no clients: whether others have, whose requests it has to
   * answer until then.
   */
  isNeeded(openCount: number): boolean {
    this.#isStopping = true;
    if (this.#bells === null) return openCount > 0;
    if (openCount === 0) this.#bells.noteClosed();
    return openCount > 0 || !this.#bells.haveAllClosed();
  }

  close(): void {
    this.#bells?.[Symbol.dispose]();
    this.#bells = null;
  }

  #hasWork(): boolean {
    if (this.#gathering.hasReady) return true;
    for (const other of this.#others) {
      if (this.#intake.hasMore(other) || this.#inbox.wantsTurn(other)) return true;
    }
    return false;
  }
}

type Rings = readonly (SharedArrayBuffer | null)[];

interface ThreadRings {
  readonly requestsTo: Rings;
  readonly requestsFrom: Rings;
  readonly repliesTo: Rings;
  readonly repliesFrom: Rings;
}

/** A thread's rings, by the other thread. */
function ringsOf({ requests, replies }: ShardBuffers, index: number, count: number): ThreadRings {
  const to = (rings: Rings): Rings => rings.slice(index * count, (index + 1) * count);
  const from = (rings: Rings): Rings => rings.filter((_, i) => i % count === index);
  return {
    requestsTo: to(requests),
    requestsFrom: from(requests),
    repliesTo: to(replies),
    repliesFrom: from(replies),
  };
}
