// The fourth loop of a batch: runs its rows in order, each against the store, each with one reply.
//
// A connection that has no room for a reply is *blocked*: this request and all its later ones in the
// batch stay unexecuted, and its receive window goes back to where this request begins. The other
// connections' rows go on.

import { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { OPCODE, OPCODE_COUNT } from "../protocol/opcode.ts";
import type { V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";
import type { CounterCommands } from "./counter-commands.ts";
import type { ExpiryCommands } from "./expiry-commands.ts";
import type { ServerCommands } from "./server-commands.ts";
import type { StringCommands } from "./string-commands.ts";

export interface Commands {
  readonly strings: StringCommands;
  readonly counters: CounterCommands;
  readonly expiry: ExpiryCommands;
  readonly server: ServerCommands;
}

export class Executor {
  /** Batches of two rows or more, and their rows. */
  batchCount = 0;
  batchedCount = 0;
  /** Batches whose rows came from more than one connection. */
  mixedBatchCount = 0;
  /** Rows that were a batch of their own. */
  singleCount = 0;
  /** Requests that had to wait for room to reply. */
  blockedCount = 0;
  /** Executed requests by opcode. */
  readonly executedCounts = new Float64Array(OPCODE_COUNT);
  /** 1 = has no room for its next reply; set here, cleared by who made room. */
  readonly isBlocked: Uint8Array;

  readonly #store: Store;
  readonly #replies: V1Replies;
  readonly #windows: ReceiveWindows;
  readonly #strings: StringCommands;
  readonly #counters: CounterCommands;
  readonly #expiry: ExpiryCommands;
  readonly #server: ServerCommands;

  constructor(
    store: Store,
    replies: V1Replies,
    windows: ReceiveWindows,
    commands: Commands,
    connectionCount: number,
  ) {
    this.#store = store;
    this.#replies = replies;
    this.#windows = windows;
    this.#strings = commands.strings;
    this.#counters = commands.counters;
    this.#expiry = commands.expiry;
    this.#server = commands.server;
    this.isBlocked = new Uint8Array(connectionCount);
  }

  get totalCount(): number {
    return this.executedCounts.reduce((sum, count) => sum + count, 0);
  }

  /** Loops 2 to 4; the batch is empty afterwards. True when a connection has become blocked. */
  run(batch: Batch): boolean {
    const count = batch.count;
    if (count === 1) {
      this.singleCount++;
    } else {
      this.batchCount++;
      this.batchedCount += count;
      if (batch.connections[0] !== batch.connections[count - 1]) this.mixedBatchCount++;
      this.#store.segments.touchSlots(batch.hashes, batch.references, count);
      this.#store.segments.touchEntries(batch.references, count);
    }
    let hasBlocked = false;
    for (let row = 0; row < count; row++) {
      const connection = batch.connections[row]!;
      if (hasBlocked && this.isBlocked[connection] === 1) continue;
      if (this.#execute(batch, row, connection)) {
        this.executedCounts[batch.opcodes[row]!]!++;
        continue;
      }
      hasBlocked = true;
      this.blockedCount++;
      this.isBlocked[connection] = 1;
      this.#windows.begins[connection] = batch.frameOffsets[row]!;
    }
    batch.count = 0;
    return hasBlocked;
  }

  #execute(batch: Batch, row: number, connection: number): boolean {
    switch (batch.opcodes[row]) {
      case OPCODE.SET:
        return this.#strings.set(batch, row, connection);
      case OPCODE.GET:
        return this.#strings.get(batch, row, connection);
      case OPCODE.INCR:
        return this.#counters.addOne(batch, row, connection, 1);
      case OPCODE.INCRBY:
        return this.#counters.addAmount(batch, row, connection, 1);
      case OPCODE.PING:
        return this.#server.ping(batch, row, connection);
      case OPCODE.DECR:
        return this.#counters.addOne(batch, row, connection, -1);
      case OPCODE.INFO:
        return this.#server.info(connection);
      case OPCODE.DECRBY:
        return this.#counters.addAmount(batch, row, connection, -1);
      case OPCODE.DEL:
        return this.#strings.del(batch, row, connection);
      case OPCODE.EXPIRE:
        return this.#expiry.expire(batch, row, connection);
      case OPCODE.TTL:
        return this.#expiry.ttl(batch, row, connection);
      case OPCODE.PERSIST:
        return this.#expiry.persist(batch, row, connection);
      case OPCODE.KEYS:
        return this.#server.keys(connection);
      default:
        return this.#replies.error(connection);
    }
  }
}
