// How far the log had come at a time, in all partitions: the end of everything that had been
// executed by then, records that still waited for room included.
//
// With one thread those come right behind what is in the rings, so their end is known. With several
// threads others may append in between, who were allowed to before: then the mark stays open until
// they are recorded, and is where the rings end by then.

import type { Journal } from "./journal.ts";

const CLOSED = -1;

export class LogMark {
  readonly #journal: Journal;
  /** By partition. */
  readonly #positions: Float64Array;
  /** By partition: up to where a sync has been asked for. */
  #requested: Float64Array | null = null;
  /** Drains when records waited; CLOSED = the positions are known. */
  #drainCount: number;

  constructor(journal: Journal) {
    const { share } = journal;
    this.#journal = journal;
    this.#positions = new Float64Array(journal.producers.length);
    // Before anybody is seen waiting: what has been executed is recorded after the next drain.
    this.#drainCount = share === null ? CLOSED : share.drainCount;
    if (share === null || !share.isWaiting) this.#close();
  }

  isSynced(): boolean {
    if (!this.#isClosed()) return false;
    const { producers } = this.#journal;
    for (let i = 0; i < producers.length; i++) {
      if (producers[i]!.syncedPosition() < this.#positions[i]!) return false;
    }
    return true;
  }

  /** Has what lies before it synced soon, as far as it is in the rings: again when they move. */
  requestSync(): void {
    if (!this.#isClosed()) return;
    this.#requested ??= new Float64Array(this.#positions.length);
    const requested = this.#requested;
    for (const [i, producer] of this.#journal.producers.entries()) {
      const wanted = Math.min(this.#positions[i]!, producer.position());
      if (requested[i]! >= wanted || producer.syncedPosition() >= wanted) continue;
      requested[i] = producer.requestSync();
    }
  }

  /** Asks to be rung when it may be synced; look again afterwards. */
  awaitProgress(): void {
    const isClosed = this.#isClosed();
    for (const [i, producer] of this.#journal.producers.entries()) {
      if (!isClosed || producer.syncedPosition() < this.#positions[i]!) producer.awaitProgress();
    }
  }

  #isClosed(): boolean {
    if (this.#drainCount === CLOSED) return true;
    const share = this.#journal.share!;
    if (share.drainCount === this.#drainCount && share.isWaiting) return false;
    this.#close();
    return true;
  }

  #close(): void {
    this.#drainCount = CLOSED;
    for (let i = 0; i < this.#positions.length; i++) {
      this.#positions[i] = this.#journal.endPosition(i);
    }
  }
}
