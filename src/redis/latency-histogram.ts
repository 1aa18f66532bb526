// How long the calls of one command took: counts by duration, fine for short ones and coarse for
// long ones.
//
// The layout is that of HdrHistogram with two significant digits from 1 ns to 1 s, so that the
// limits of the buckets, and with them the percentiles INFO prints, are those of Redis:
//
//   0 … 255 ns        one bucket each
//   256 … 511 ns      128 buckets of 2 ns
//   512 … 1023 ns     128 buckets of 4 ns, and so on to 2^30 ns
//
// An array of our own and not the library: it takes 24 KiB a command instead of an object with
// iterators, and recording is one logarithm and one addition.

/** 1 s; what takes longer counts as this. */
export const DURATION_NS_MAX = 1_000_000_000;

const HALF_COUNT = 128;
const HALF_BITS = 7;
const DURATION_BITS = 30;
const BUCKET_COUNT = (DURATION_BITS - HALF_BITS + 1) * HALF_COUNT;

/** The buckets, and behind them the number of calls. */
export const HISTOGRAM_WORDS = BUCKET_COUNT + 1;
const TOTAL = BUCKET_COUNT;

export class LatencyHistogram {
  readonly #counts: Float64Array;

  /** `words` may be memory that other threads read. */
  constructor(words: Float64Array = new Float64Array(HISTOGRAM_WORDS)) {
    this.#counts = words;
  }

  get totalCount(): number {
    return this.#counts[TOTAL]!;
  }

  record(durationNs: number, count = 1): void {
    this.#counts[bucketOf(durationNs)]! += count;
    this.#counts[TOTAL]! += count;
  }

  /** Counts the calls of another one, too. */
  add(other: LatencyHistogram): void {
    for (let word = 0; word < HISTOGRAM_WORDS; word++) this.#counts[word]! += other.#counts[word]!;
  }

  reset(): void {
    this.#counts.fill(0);
  }

  /** The longest duration of the bucket that `percentile` (0 … 100) falls into; 0 without calls. */
  percentileNs(percentile: number): number {
    if (this.totalCount === 0) return 0;
    const wanted = Math.max(1, Math.floor((percentile / 100) * this.totalCount + 0.5));
    let count = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      count += this.#counts[bucket]!;
      if (count >= wanted) return limitNs(bucket);
    }
    return DURATION_NS_MAX;
  }

  /**
   * Pairs of microseconds and the number of calls that took no longer, at 1, 2, 4 µs and so on;
   * without those at which the number is the one before.
   */
  cumulative(): [microseconds: number, count: number][] {
    const pairs: [number, number][] = [];
    let bucket = 0;
    let count = 0;
    let reportedCount = 0;
    for (let levelNs = 1024; levelNs <= 2 ** DURATION_BITS; levelNs *= 2) {
      const last = Math.min(bucketAt(levelNs), BUCKET_COUNT - 1);
      for (; bucket <= last; bucket++) count += this.#counts[bucket]!;
      if (count > reportedCount) pairs.push([Math.floor(limitNs(last) / 1000), count]);
      reportedCount = count;
    }
    return pairs;
  }
}

function bucketOf(durationNs: number): number {
  return bucketAt(Math.min(Math.max(Math.floor(durationNs), 0), DURATION_NS_MAX));
}

function bucketAt(durationNs: number): number {
  // The position of the highest bit above the 128 that a bucket row has; 0 for both first rows.
  const shift = Math.max(0, 31 - HALF_BITS - Math.clz32(durationNs));
  return shift * HALF_COUNT + (durationNs >>> shift);
}

function limitNs(bucket: number): number {
  const shift = Math.max(0, (bucket >> HALF_BITS) - 1);
  const lowest = (bucket - shift * HALF_COUNT) * 2 ** shift;
  return lowest + 2 ** shift - 1;
}
