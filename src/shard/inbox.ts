// The requests of one other thread, on the thread that owns their keys. The other is a *guest*: for
// each protocol it has a virtual connection, with windows like those of sockets, so that its
// requests go through the same decoders, batches and executor as theirs.
//
//   ring ─▶ receive window of the guest ─▶ decode ─▶ batch ─▶ execute ─▶ send window ─▶ reply ring
//                                                                        one reply at a time
//
// Frames come whole and are requests of one key, so each becomes one row, and the tokens of a
// virtual connection are answered in the order in which they came.
//
// A reply that finds no room now (outbox.ts) is that of a read: it is forgotten, and the connection
// blocked before its request like one whose client does not read. It goes on when the guest has
// taken replies.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import { reservationFor } from "./outbox.ts";
import {
  createRingConsumer,
  createRingProducer,
  recordSize,
  type RingConsumer,
  type RingProducer,
} from "./ring.ts";
import type { ShardHost } from "./shard-host.ts";
import type { Splices } from "./splices.ts";

/** Virtual connections of a guest, by protocol. */
export const KIND = { V1: 0, RESP2: 1, RESP3: 2 } as const;
export const KIND_COUNT = 3;
/** In the third word of a reply, above where its value belongs: it is that of a write. */
export const IS_WRITE = 1 << 30;

export interface InboxParts {
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly splices: Splices;
  /** Of the connection table. */
  readonly flags: Uint8Array;
  readonly host: ShardHost;
}

export class Inbox {
  readonly requests: RingConsumer;
  readonly replies: RingProducer;
  /** Reads that were put off because their reply found no room. */
  stallCount = 0;
  servedCount = 0;
  readonly #parts: InboxParts;
  readonly #first: number;
  readonly #sendEnds: Int32Array;
  /** Token and reservation of what each virtual connection has not answered: a ring for each. */
  readonly #tokens: Int32Array;
  readonly #begins = new Int32Array(KIND_COUNT);
  readonly #ends = new Int32Array(KIND_COUNT);
  readonly #mask: number;
  /** Its next request is one of a connection that is blocked. */
  #isStuck = false;
  #isStalled = false;

  /** Virtual connections `first`, `first` + 1, …; at most `tokenCount` requests are out at once. */
  constructor(
    parts: InboxParts,
    requests: SharedArrayBuffer,
    replies: SharedArrayBuffer,
    first: number,
    tokenCount: number,
  ) {
    this.#parts = parts;
    this.#first = first;
    this.#sendEnds = parts.sends.ends;
    this.requests = createRingConsumer(requests);
    this.replies = createRingProducer(replies);
    this.#mask = tokenCount - 1;
    this.#tokens = new Int32Array(2 * KIND_COUNT * tokenCount);
  }

  /** Takes all that has come, as far as nothing is blocked; rows may be left in the batch. */
  drain(): void {
    const { requests } = this;
    if (this.#isStalled) this.#goOnStalled();
    this.#isStuck = false;
    requests.refresh();
    let kinds = 0;
    while (requests.next()) {
      const kind = requests.second();
      if (!this.#hasRoom(kind, requests.length())) {
        this.#isStuck = true;
        break;
      }
      kinds |= 1 << kind;
      this.#takeAll(kind);
    }
    if (kinds === 0) return;
    requests.release();
    for (let kind = 0; kind < KIND_COUNT; kind++) {
      if ((kinds & (1 << kind)) !== 0) this.decode(this.#first + kind);
    }
  }

  /** Whether there is something to do that nobody will tell us of. */
  wantsTurn(): boolean {
    if (this.#isStalled && this.replies.usedBytes() <= this.replies.size / 4) return true;
    return !this.#isStuck && this.requests.hasMore();
  }

  /** Decodes what a virtual connection has, unless it waits for something. */
  decode(connection: number): void {
    const { flags, host } = this.#parts;
    if ((flags[connection]! & CONNECTION.BLOCKED) === 0) host.decode(connection);
  }

  /**
   * Sends the reply that has just been written to a virtual connection's window. False when there
   * is no room for it: nothing is left of it, and the request has to be executed again.
   */
  answer(connection: number, base: number, isWrite: boolean): boolean {
    const ends = this.#sendEnds;
    const kind = connection - this.#first;
    const at = this.#tokenAt(kind, this.#begins[kind]!);
    const length = ends[connection]! - base;
    const size = recordSize(length);
    const isReserved = size <= this.#tokens[at + 1]!;
    const { replies } = this;
    if (!isReserved && replies.usedBytes() + size > replies.size / 2) {
      ends[connection] = base;
      this.stallCount++;
      this.#isStalled = true;
      replies.awaitRoom();
      return false;
    }
    const token = this.#tokens[at]!;
    this.#begins[kind]!++;
    this.servedCount++;
    const mark = isWrite ? IS_WRITE : 0;
    const { sends, splices } = this.#parts;
    if (sends.unsentBytes(connection) === length) {
      replies.append(token, 0, mark, sends.area, base, length);
    } else {
      const { reference, split } = splices.take(connection, base);
      replies.append(token, reference, split | mark, sends.area, base, length);
    }
    ends[connection] = base;
    return true;
  }

  /** Whether the next request may come to its window; otherwise it stays in the ring for now. */
  #hasRoom(kind: number, length: number): boolean {
    const { windows, flags, host } = this.#parts;
    const connection = this.#first + kind;
    if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return false;
    if (windows.room(connection) >= length) return true;
    host.decode(connection);
    host.release(connection);
    if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return false;
    windows.makeRoom(connection);
    return true;
  }

  /** Copies requests to their window, the next and those behind it, as long as they find room. */
  #takeAll(kind: number): void {
    const { windows } = this.#parts;
    const { area } = windows;
    const { requests } = this;
    const tokens = this.#tokens;
    const connection = this.#first + kind;
    const begin = windows.ends[connection]!;
    const limit = begin + windows.room(connection);
    let end = begin;
    let count = this.#ends[kind]!;
    do {
      const length = requests.length();
      if (requests.second() !== kind || end + length > limit) break;
      requests.copyTo(area, end);
      end += length;
      const at = this.#tokenAt(kind, count++);
      tokens[at] = requests.first();
      tokens[at + 1] = reservationFor(length);
      requests.skip();
    } while (requests.next());
    this.#ends[kind] = count;
    windows.advance(connection, end - begin);
  }

  #tokenAt(kind: number, count: number): number {
    const mask = this.#mask;
    return 2 * (kind * (mask + 1) + (count & mask));
  }

  /** The guest may have taken replies. */
  #goOnStalled(): void {
    const { flags } = this.#parts;
    // Asked for before we look: room that is given back in between is not rung for.
    this.replies.awaitRoom();
    if (this.replies.usedBytes() > this.replies.size / 4) return;
    this.#isStalled = false;
    for (let kind = 0; kind < KIND_COUNT; kind++) {
      const connection = this.#first + kind;
      const state = flags[connection]!;
      if ((state & CONNECTION.BLOCKED) === 0 || (state & CONNECTION.PARKED) !== 0) continue;
      flags[connection] = state & ~CONNECTION.BLOCKED;
      this.decode(connection);
    }
  }
}
