// When a data thread collects its garbage. It has to ask: JavaScriptCore counts the store's reserved
// gigabytes as memory of the heap, and would let garbage grow to as much before it collected by
// itself; the timers of Bun's loop that do so in time otherwise wait for a pause, and a thread that
// its engine keeps to itself does not run them at all.
//
// Requests that take the fast paths leave no garbage, the others some hundred bytes each, turns and
// connections a little. A collection runs beside the thread, which it costs some 0.3 ms.

/** So many requests that leave garbage, of some ten megabytes. */
export const GARBAGE_REQUESTS_MAX = 20_000;
/** Whatever else leaves garbage has this long. */
export const GARBAGE_INTERVAL_MS = 10_000;

export class GarbageSchedule {
  readonly #collect: () => void;
  #workCount = 0;
  #fastCount = 0;
  #collectedMs = -Infinity;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /**
   * To be called a few times a second with what the thread has done since its start: requests and
   * connections, and how many of them were requests on a fast path. An idle thread collects nothing.
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
}
