// What the store does between turns, without being asked: removes what has expired, and gives
// memory that it no longer needs back to the system. A slice at a time: requests come in between.

import { PAIRS_PER_CHUNK, type ExpiryIndex } from "./expiry-index.ts";
import type { PagePool } from "./page-pool.ts";
import type { Segments } from "./segments.ts";
import type { StoreLocks } from "./store-locks.ts";
import { SLICE, type WorkSlices } from "./work-slices.ts";

/** Work between turns goes on for at most this long, well under the promised 2 ms. */
const SLICE_BUDGET_MS = 0.5;
const RELEASE_PAGES_PER_SLICE = 8;

export class Maintenance {
  readonly #expiry: ExpiryIndex;
  readonly #segments: Segments;
  readonly #pool: PagePool;
  readonly #slices: WorkSlices;
  readonly #locks: StoreLocks | null;
  readonly #hashes = new Int32Array(PAIRS_PER_CHUNK);
  readonly #references = new Int32Array(PAIRS_PER_CHUNK);

  /** `locks`: all of it needs the structure; null = there is one thread. */
  constructor(
    expiry: ExpiryIndex,
    segments: Segments,
    pool: PagePool,
    slices: WorkSlices,
    locks: StoreLocks | null = null,
  ) {
    this.#locks = locks;
    this.#expiry = expiry;
    this.#segments = segments;
    this.#pool = pool;
    this.#slices = slices;
  }

  /** At most one slice. False when there is nothing left to do for now. */
  run(nowMs: number, deadlineCount: number, isExpiryActive: boolean): boolean {
    const locks = this.#locks;
    if (isExpiryActive) this.#expiry.advance(nowMs, deadlineCount);
    const isExpiring = isExpiryActive && this.#expiry.hasPending;
    if (locks === null) return isExpiring ? this.#expire() : this.#release();
    if (!isExpiring && !this.#pool.wantsRelease) return false;
    locks.enter();
    const hasWorked = isExpiring ? this.#expire() : this.#release();
    locks.leave();
    return hasWorked;
  }

  #expire(): boolean {
    const startMs = this.#slices.begin();
    do {
      this.#touchNext();
      this.#locks?.leaveSegments();
    } while (this.#expiry.runSlice() && this.#slices.begin() - startMs < SLICE_BUDGET_MS);
    this.#slices.end(SLICE.EXPIRE, startMs);
    return true;
  }

  /** Reads ahead what the next chunk of pairs leads to, so that its cache misses overlap. */
  #touchNext(): void {
    const { candidates } = this.#segments;
    const count = this.#expiry.peekHashes(this.#hashes);
    candidates.touchSlots(this.#hashes, count);
    candidates.find(this.#hashes, this.#references, 0, count);
    candidates.touchEntries(this.#references, count);
  }

  #release(): boolean {
    const startMs = this.#slices.begin();
    const hasReleased = this.#pool.releaseSome(RELEASE_PAGES_PER_SLICE);
    if (hasReleased) this.#slices.end(SLICE.RELEASE, startMs);
    return hasReleased;
  }
}
