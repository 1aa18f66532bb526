// How long the store's internal work keeps requests waiting: a histogram of its slices, by kind,
// with buckets that double from 16 µs on. INFO prints it; the promise is that no slice takes more
// than 2 ms. What counts is the thread's own time: when the system runs another program in the
// middle of a slice, no smaller slice would have prevented it.

import type { Clock } from "../lib/clock.ts";

export const SLICE = { TABLE: 0, COMPACT: 1, EXPIRE: 2, RELEASE: 3, SNAPSHOT: 4 } as const;
export type Slice = (typeof SLICE)[keyof typeof SLICE];
export const SLICE_NAMES = ["table", "compact", "expire", "release", "snapshot"] as const;

const BUCKET_FIRST_US = 16;
export const SLICE_BUCKET_COUNT = 16;

export class WorkSlices {
  readonly #clock: Clock;
  readonly #counts = new Float64Array(SLICE_NAMES.length * SLICE_BUCKET_COUNT);
  readonly #maxUs = new Float64Array(SLICE_NAMES.length);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): number {
    return this.#clock.workMs();
  }

  end(slice: Slice, beginMs: number): void {
    const elapsedUs = (this.#clock.workMs() - beginMs) * 1000;
    let bucket = 0;
    for (let limitUs = BUCKET_FIRST_US; elapsedUs > limitUs; limitUs *= 2) bucket++;
    const last = SLICE_BUCKET_COUNT - 1;
    this.#counts[slice * SLICE_BUCKET_COUNT + Math.min(bucket, last)]!++;
    if (elapsedUs > this.#maxUs[slice]!) this.#maxUs[slice] = elapsedUs;
  }

  /** Slices that took at most `bucketLimitUs(bucket)` and more than the bucket before allows. */
  count(slice: Slice, bucket: number): number {
    return this.#counts[slice * SLICE_BUCKET_COUNT + bucket]!;
  }

  maxUs(slice: Slice): number {
    return this.#maxUs[slice]!;
  }
}

export function bucketLimitUs(bucket: number): number {
  return bucket === SLICE_BUCKET_COUNT - 1 ? Infinity : BUCKET_FIRST_US * 2 ** bucket;
}
