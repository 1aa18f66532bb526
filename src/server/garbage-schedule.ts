// When a data thread collects its garbage. It has to ask: JavaScriptCore counts the store's
// reserved gigabytes as memory of the heap, and would let garbage grow to as much before it
// collected by itself; the timers of Bun's loop that do so in time otherwise wait for a pause, and
// a thread that its engine keeps to itself does not run them at all.
//
// Requests that take the fast paths leave no garbage, the others some hundred bytes each, turns and
// connections a little. A collection of what is young runs beside the thread, which it costs some
// 0.3 ms. What has survived one is looked at only by a collection of everything, which stops the
// thread for some milliseconds: that comes when as much has gathered as is worth it.

import type { Heap } from "../lib/heap.ts";

/** So many requests that leave garbage, of some ten megabytes. */
export const GARBAGE_REQUESTS_MAX = 20_000;
/** Whatever else leaves garbage has this long. */
export const GARBAGE_INTERVAL_MS = 10_000;
/** What may survive collections of the young, beyond what has survived the last of everything. */
export const SURVIVORS_MAX = 32 * 2 ** 20;

export class GarbageSchedule {
  readonly #heap: Heap;
  #workCount = 0;
  #fastCount = 0;
  #collectedMs = -Infinity;
  /** What has survived the last collection of everything, or has been there before the first. */
  #survivorBytes = Infinity;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /**
   * To be called a few times a second with what the thread has done since its start: requests
   * and connections, and how many of them were requests on a fast path. An idle thread collects
   * nothing.
   */
  tick(nowMs: number, workCount: number, fastCount: number): void {
    if (workCount === this.#workCount) return;
    const garbageCount = workCount - this.#workCount - (fastCount - this.#fastCount);
    const isMuch = garbageCount >= GARBAGE_REQUESTS_MAX;
    if (!isMuch && nowMs - this.#collectedMs < GARBAGE_INTERVAL_MS) return;
    this.#workCount = workCount;
    this.#fastCount = fastCount;
    this.#collectedMs = nowMs;
    this.#collect();
  }

  #collect(): void {
    const heap = this.#heap;
    const bytes = heap.survivorBytes();
    if (bytes - this.#survivorBytes > SURVIVORS_MAX) {
      heap.collectAll();
      this.#survivorBytes = heap.survivorBytes();
    } else {
      this.#survivorBytes = Math.min(this.#survivorBytes, bytes);
      heap.collectYoung();
    }
  }
}
