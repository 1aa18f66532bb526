// Holds replies back until what they promise is durable, and wakes writes that waited for room in
// the log. Stands between the turn, which flushes, and the journal, which knows positions.
//
//   turn's end ─▶ mustHold? ─▶ hold(connection) … seal      a *ticket*: connections, and a mark
//   progress   ─▶ tickets whose marks are synced ─▶ release(connection), first in, first out
//
// Everything that was recorded before a reply was made has to be durable before it leaves, reads
// included: nobody sees what a crash can undo. That is so whichever thread recorded it: a mark
// (log-mark.ts) is how far the log of all threads has come. A connection with held replies is not
// executed any further, so it is in one ticket at most.
//
// When the log has failed nothing held can be promised any more: those connections are failed. So
// failures are looked at behind positions: those of an epoch that begins anew mean something else.
// Until a snapshot has taken the place of what is lost, reads are served, but whoever has asked for
// `always` gets an error for each reply: it would be taken for a barrier.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { Journal } from "../wal/journal.ts";
import { LogMark } from "../wal/log-mark.ts";
import type { SyncPolicy } from "../wal/wal-writer.ts";
import { DURABILITY, type ConnectionTable } from "./connection-table.ts";

interface Ticket {
  readonly serial: number;
  readonly mark: LogMark;
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
  /** What this thread had recorded when the last turn ended. */
  #recordCount = 0;
  /** The turn's replies can be made, but to those who have asked for `always` themselves. */
  #isForOthers = false;

  constructor(parts: CommitGateParts) {
    this.#parts = parts;
    this.#producerCount = parts.journal.producers.length;
    this.#serials = new Float64Array(parts.connections.flags.length);
  }

  /** Whether replies may have to wait at all, so that none may leave before its turn's end. */
  get isStrict(): boolean {
    return this.#parts.policy === "always" || this.strictCount > 0;
  }

  get waitingCount(): number {
    return this.#tickets.reduce((sum, { connections }) => sum + connections.length, 0);
  }

  /**
   * Shows the turn's records to the WAL threads; whether its replies have to wait for them, or for
   * those that other threads have written for it.
   */
  mustHold(hasWrittenElsewhere = false): boolean {
    const { journal } = this.#parts;
    journal.publish();
    // The operator hears of it no later than the clients do.
    if (journal.failure() !== 0) this.#parts.noteFailure();
    if (!this.isStrict) return false;
    const hasRecorded = journal.recordCount() !== this.#recordCount;
    this.#recordCount = journal.recordCount();
    const isDurable = this.#isAllDurable();
    this.#isForOthers = false;
    if (!this.#hasFailed()) return !isDurable;
    // Only what this turn has recorded is at stake: reads and errors leave.
    if (journal.failure() !== 0 && (hasRecorded || hasWrittenElsewhere)) return true;
    this.#isForOthers = this.strictCount > 0 && (journal.isSuspended || !isDurable);
    return this.#isForOthers;
  }

  /** Whether this connection's replies have to. */
  wants(connection: number): boolean {
    const { policy, connections } = this.#parts;
    return policy === "always" && !this.#isForOthers
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
    const mark = new LogMark(journal);
    this.#tickets.push({ serial: this.#nextSerial++, mark, connections: this.#open });
    this.#open = [];
    this.ticketCount++;
    if (policy !== "always") mark.requestSync();
    this.progress();
  }

  /** Something may have become durable, or failed. */
  progress(): void {
    for (;;) {
      const done = this.#countDurable();
      if (this.#hasFailed()) {
        this.#failAll();
        return;
      }
      this.#release(done);
      const first = this.#tickets[0]?.mark;
      if (first === undefined) return;
      if (this.#parts.policy !== "always") first.requestSync();
      first.awaitProgress();
      // What moved before we asked is not rung for.
      if (!first.isSynced()) return;
    }
  }

  #countDurable(): number {
    let done = 0;
    while (done < this.#tickets.length && this.#tickets[done]!.mark.isSynced()) done++;
    return done;
  }

  #release(done: number): void {
    for (const ticket of this.#tickets.splice(0, done)) {
      for (const connection of ticket.connections) {
        if (this.#isHeldBy(connection, ticket.serial)) this.#parts.release(connection);
      }
    }
  }

  /** Also once it has begun anew: what was lost is not in a snapshot yet. */
  #hasFailed(): boolean {
    const { journal } = this.#parts;
    return journal.failure() !== 0 || journal.isSuspended;
  }

  /** The same as a new mark says, without making one. */
  #isAllDurable(): boolean {
    const { journal } = this.#parts;
    if (journal.share !== null && journal.share.isWaiting) return false;
    for (let i = 0; i < this.#producerCount; i++) {
      if (journal.producers[i]!.syncedPosition() < journal.endPosition(i)) return false;
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

  /** False when the connection has gone, or is another one's by now. */
  #isHeldBy(connection: number, serial: number): boolean {
    const isHeld = this.#parts.connections.is(connection, CONNECTION.HELD);
    return isHeld && this.#serials[connection] === serial;
  }
}
