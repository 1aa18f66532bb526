// How fast a count grows lately: INFO's instantaneous figures. As in Redis, the mean of the last 16
// samples, which the server takes as its tick comes.

const SAMPLE_COUNT = 16;

export class RateWindow {
  readonly #perSecond = new Float64Array(SAMPLE_COUNT);
  #next = 0;
  #lastTotal = 0;
  #lastMs: number;

  constructor(elapsedMs: number) {
    this.#lastMs = elapsedMs;
  }

  get perSecond(): number {
    let sum = 0;
    for (const sample of this.#perSecond) sum += sample;
    return sum / SAMPLE_COUNT;
  }

  /** `total` is the count so far, `elapsedMs` by the elapsed clock. */
  sample(total: number, elapsedMs: number): void {
    const durationMs = elapsedMs - this.#lastMs;
    if (durationMs <= 0) return;
    this.#perSecond[this.#next] = (Math.max(0, total - this.#lastTotal) / durationMs) * 1000;
    this.#next = (this.#next + 1) % SAMPLE_COUNT;
    this.#lastTotal = total;
    this.#lastMs = elapsedMs;
  }

  /** The count begins at zero again, and so does its rate. */
  reset(): void {
    this.#perSecond.fill(0);
    this.#lastTotal = 0;
  }
}
