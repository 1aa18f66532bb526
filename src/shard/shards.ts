// Sharded mode on one thread: what it has asked of the others (outbox.ts), what they ask of it
// (inbox.ts), and when it looks at either (docs/THREADS.md).
//
//   turn:   … sockets are read ─▶ drain() ─▶ batch is executed, replies leave ─▶ end()
//                                replies, requests                    one publish for each thread
//
// Virtual connections have the numbers behind those of clients:
//
//   | clients | of thread 0: v1, RESP2, RESP3 | of thread 1 … | windows of own replies |

import type { Batch } from "../batch/batch.ts";
import { CONNECTION } from "../batch/connection-flag.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendRegion, SendWindows } from "../batch/send-windows.ts";
import type { RowRouter } from "../command/row-router.ts";
import type { Clock } from "../lib/clock.ts";
import { PROTOCOL } from "../protocol/first-bytes.ts";
import type { Store } from "../store/store.ts";
import { Doorbells, type BellHearing } from "./doorbells.ts";
import { NO_CONNECTION } from "./collection.ts";
import { Gathering } from "./gathering.ts";
import { IS_WRITE, Inbox, KIND, KIND_COUNT } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import { OWN_WINDOW_COUNT, createOwnReplies } from "./own-replies.ts";
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
  return KIND_COUNT * threadCount + OWN_WINDOW_COUNT;
}

/** What the connection table has by connection. */
export interface ShardConnections {
  readonly flags: Uint8Array;
  readonly protocols: Uint8Array;
  readonly isHot: Uint8Array;
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
  readonly clock: Clock;
  readonly host: ShardHost;
}

export class Shards {
  readonly router: RowRouter;
  readonly figures: ShardFigures = zeroFigures();
  readonly #parts: ShardParts;
  readonly #splices: Splices;
  readonly #gathering: Gathering;
  /** By thread; null = this one. */
  readonly #outboxes: readonly (Outbox | null)[];
  readonly #inboxes: readonly (Inbox | null)[];
  #bells: Doorbells | null = null;
  #isStopping = false;

  constructor(parts: ShardParts) {
    const { index, buffers, windows, sends, store, connections, host } = parts;
    const { requests, replies } = buffers;
    const count = Math.sqrt(requests.length);
    const { flags, versions } = connections;
    const others = Array.from({ length: count }, (_, i) => (i === index ? null : i));
    this.#parts = parts;
    this.#splices = new Splices(sends, store);
    const splices = this.#splices;
    this.#openVirtual(count);
    const own = createOwnReplies(sends, splices, parts.clientCount + KIND_COUNT * count);
    this.#gathering = new Gathering({
      sends,
      splices,
      own,
      flags,
      windowSizeBytes: windows.sizeBytes,
      host,
    });
    this.#outboxes = others.map((other) =>
      other === null
        ? null
        : new Outbox(requests[index * count + other]!, replies[other * count + index]!),
    );
    this.#inboxes = others.map((other) => {
      if (other === null) return null;
      const first = parts.clientCount + other * KIND_COUNT;
      const { tokenCount } = this.#outboxes[other]!;
      const guest = { windows, sends, splices, flags, host };
      const requested = requests[other * count + index]!;
      return new Inbox(guest, requested, replies[index * count + other]!, first, tokenCount);
    });
    this.router = createShardRows({
      ...parts,
      own,
      gathering: this.#gathering,
      outboxes: this.#outboxes,
      inboxes: this.#inboxes,
      figures: this.figures,
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
      const kind = i % KIND_COUNT;
      windows.open(connection);
      sends.open(connection);
      connections.flags[connection] = CONNECTION.OPEN;
      connections.protocols[connection] = kind === KIND.V1 ? PROTOCOL.V1 : PROTOCOL.RESP;
      connections.isHot[connection] = 1;
      connections.versions[connection] = kind === KIND.RESP3 ? 3 : 2;
    }
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
  }

  /** Takes all replies that have come, and then all requests. */
  drain(): void {
    for (let other = 0; other < this.#outboxes.length; other++) {
      const outbox = this.#outboxes[other]!;
      if (outbox !== null) this.#takeReplies(other, outbox);
    }
    this.#gathering.deliverReady();
    for (const inbox of this.#inboxes) inbox?.drain();
  }

  /** Shows the turn's requests and replies, each once for each thread, and looks a last time. */
  end(): void {
    const { figures } = this;
    let stallCount = 0;
    let servedCount = 0;
    for (let other = 0; other < this.#outboxes.length; other++) {
      const outbox = this.#outboxes[other]!;
      if (outbox === null) continue;
      const inbox = this.#inboxes[other]!;
      const hasAsked = outbox.requests.publish();
      const hasAnswered = inbox.replies.publish();
      if (hasAsked) figures.publishCount++;
      if (hasAnswered) figures.replyPublishCount++;
      if (hasAsked || hasAnswered) this.#bells?.wake(other);
      stallCount += inbox.stallCount;
      servedCount += inbox.servedCount;
    }
    figures.stallCount = stallCount;
    figures.servedCount = servedCount;
    figures.wakeCount = this.#bells?.wakeUpCount ?? 0;
    // A thread that stops looks by itself from time to time.
    if (!this.#isStopping) this.#bells?.sleep();
    if (this.#hasWork()) this.#parts.host.requestTurn();
  }

  /** A few times a second: requests whose owner has not answered in time. */
  tick(): void {
    const beforeMs = this.#parts.clock.elapsedMs() - SHARD_TIMEOUT_MS;
    const gathering = this.#gathering;
    for (const outbox of this.#outboxes) {
      if (outbox === null) continue;
      this.figures.timeoutCount += outbox.giveUp(beforeMs, (collection, slot) => {
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

  #takeReplies(other: number, outbox: Outbox): void {
    const { replies } = outbox;
    replies.refresh();
    let hasTaken = false;
    const gathering = this.#gathering;
    const { delivery } = gathering;
    const { sends } = this.#parts;
    /** The last that got a reply straight from the ring. */
    let connection = NO_CONNECTION;
    while (replies.next()) {
      hasTaken = true;
      const token = replies.first();
      const reference = replies.second();
      const collection = outbox.take(token);
      if (collection === null || collection.connection < 0) {
        this.#splices.drop(reference);
        if (collection !== null) gathering.recycle(collection);
      } else {
        const slot = outbox.slotOf(token);
        const length = replies.length();
        const third = replies.third();
        if ((third & IS_WRITE) !== 0) collection.hasWritten = true;
        const position = reference === 0 ? delivery.positionFor(collection, slot, length) : -1;
        if (position >= 0) {
          replies.copyTo(sends.area, position);
          delivery.delivered(collection, position + length);
          if (collection.connection !== connection) {
            connection = collection.connection;
            gathering.noteReady(connection);
          }
        } else {
          const split = third & ~IS_WRITE;
          const offset = gathering.place(collection, slot, length, reference, split);
          replies.copyTo(collection.area, offset);
        }
      }
      replies.skip();
    }
    if (!hasTaken) return;
    if (replies.release()) this.#bells?.wake(other);
    gathering.wakeRingWaiters();
  }

  #hasWork(): boolean {
    if (this.#gathering.hasReady) return true;
    for (let other = 0; other < this.#outboxes.length; other++) {
      const outbox = this.#outboxes[other]!;
      if (outbox === null) continue;
      if (outbox.replies.hasMore() || this.#inboxes[other]!.wantsTurn()) return true;
    }
    return false;
  }
}
