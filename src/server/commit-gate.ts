// Holds replies back until what they promise is durable, and wakes writes that waited for room in
// the log. Stands between the turn, which flushes, and the journal, which knows positions.
//
//   turn's end ─▶ mustHold? ─▶ hold(connection) … seal      a *ticket*: connections, and positions
//   progress   ─▶ tickets whose positions are synced ─▶ release(connection), first in, first out
//
// Everything that was recorded before a reply was made has to be durable before it leaves, reads
// included: nobody sees what a crash can undo. A connection with held replies is not executed any
// further, so it is in one ticket at most.
//
// When the log has failed nothing held can be promised any more: those connections are failed.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { Journal } from "../wal/journal.ts";
import type { SyncPolicy } from "../wal/wal-writer.ts";
import { DURABILITY, type ConnectionTable } from "./connection-table.ts";

interface Ticket {
  readonly serial: number;
  /** By partition. */
  readonly positions: Float64Array;
  readonly connections: number[];
}

export interface CommitGateParts {
  readonly journal: Journal;
  readonly connections: ConnectionTable;
  readonly policy: SyncPolicy;
  /** The replies of a connection may leave; it is HELD until they do. */
  readonly release: (connection: number) => void;
  /** They must not: what they say is not so. It is HELD until they are taken back. */
  readonly fail: (connection: number) => void;
  /** The log has failed; may be called again. */
  readonly noteFailure: () => void;
}

export class CommitGate {
  /** Replies of a connection's turn that were held, and the tickets they came in. */
  heldCount = 0;
  ticketCount = 0;
  /** Connections that want `always` whatever the server's policy is. */
  strictCount = 0;
  readonly #parts: CommitGateParts;
  readonly #producerCount: number;
  #tickets: Ticket[] = [];
  #open: number[] = [];
  #nextSerial = 1;
  /** Ticket of each connection that is held. */
  readonly #serials: Float64Array;
  /** By partition: end of all that had been recorded when the last turn ended. */
  readonly #ends: Float64Array;

  constructor(parts: CommitGateParts) {
    this.#parts = parts;
    this.#producerCount = parts.journal.producers.length;
    this.#serials = new Float64Array(parts.connections.flags.length);
    this.#ends = new Float64Array(this.#producerCount);
  }

  /** Whether replies may have to wait at all, so that none may leave before its turn's end. */
  get isStrict(): boolean {
    return this.#parts.policy === "always" || this.strictCount > 0;
  }

  get waitingCount(): number {
    return this.#tickets.reduce((sum, { connections }) => sum + connections.length, 0);
  }

  /** Shows the turn's records to the WAL threads; whether its replies have to wait for them. */
  mustHold(): boolean {
    const { journal } = this.#parts;
    journal.publish();
    // The operator hears of it no later than the clients do.
    if (journal.failure() !== 0) this.#parts.noteFailure();
    if (!this.isStrict) return false;
    const hasRecorded = this.noteEnds();
    // After a failure only what this turn has recorded is at stake: reads and errors leave.
    return journal.failure() === 0 ? !this.#isDurable(null) : hasRecorded;
  }

  /** Whether this connection's replies have to. */
  wants(connection: number): boolean {
    const { policy, connections } = this.#parts;
    return policy === "always"
      ? connections.durabilities[connection] !== DURABILITY.RELAXED
      : connections.durabilities[connection] === DURABILITY.STRICT;
  }

  hold(connection: number): void {
    this.#parts.connections.set(connection, CONNECTION.HELD);
    this.#serials[connection] = this.#nextSerial;
    this.#open.push(connection);
    this.heldCount++;
  }

  /** Ends the turn's ticket, and asks to be rung when it may be complete. */
  seal(): void {
    if (this.#open.length === 0) return;
    const { journal, policy } = this.#parts;
    const positions = new Float64Array(this.#producerCount);
    for (let i = 0; i < positions.length; i++) positions[i] = journal.endPosition(i);
    this.#tickets.push({ serial: this.#nextSerial++, positions, connections: this.#open });
    this.#open = [];
    this.ticketCount++;
    for (let i = 0; i < positions.length; i++) {
      const producer = journal.producers[i]!;
      if (producer.syncedPosition() >= positions[i]!) continue;
      if (policy !== "always") producer.requestSync();
    }
    this.progress();
  }

  /** Something may have become durable, or failed. */
  progress(): void {
    const { journal } = this.#parts;
    if (journal.failure() !== 0) {
      this.#failAll();
      return;
    }
    for (;;) {
      this.#releaseDurable();
      if (this.#tickets.length === 0) return;
      this.#askAgain();
      // What moved before we asked is not rung for.
      if (!this.#isDurable(this.#tickets[0]!.positions)) return;
    }
  }

  #releaseDurable(): void {
    let done = 0;
    while (done < this.#tickets.length && this.#isDurable(this.#tickets[done]!.positions)) done++;
    for (const ticket of this.#tickets.splice(0, done)) {
      for (const connection of ticket.connections) {
        if (this.#isHeldBy(connection, ticket.serial)) this.#parts.release(connection);
      }
    }
  }

  /** Positions were synced in part only: there is more to come. */
  #askAgain(): void {
    const ticket = this.#tickets[0];
    if (ticket === undefined) return;
    for (const [i, producer] of this.#parts.journal.producers.entries()) {
      if (producer.syncedPosition() < ticket.positions[i]!) producer.awaitProgress();
    }
  }

  #isDurable(positions: Float64Array | null): boolean {
    const { journal } = this.#parts;
    for (let i = 0; i < this.#producerCount; i++) {
      const wanted = positions === null ? journal.endPosition(i) : positions[i]!;
      if (journal.producers[i]!.syncedPosition() < wanted) return false;
    }
    return true;
  }

  #failAll(): void {
    const tickets = this.#tickets;
    this.#tickets = [];
    for (const { connections, serial } of tickets) {
      for (const connection of connections) {
        if (this.#isHeldBy(connection, serial)) this.#parts.fail(connection);
      }
    }
  }

  /** Whether records have come since the last call. */
  noteEnds(): boolean {
    let hasRecorded = false;
    for (let i = 0; i < this.#producerCount; i++) {
      const end = this.#parts.journal.endPosition(i);
      if (end === this.#ends[i]) continue;
      this.#ends[i] = end;
      hasRecorded = true;
    }
    return hasRecorded;
  }

  /** False when the connection has gone, or is another one's by now. */
  #isHeldBy(connection: number, serial: number): boolean {
    const isHeld = this.#parts.connections.is(connection, CONNECTION.HELD);
    return isHeld && this.#serials[connection] === serial;
  }
}
