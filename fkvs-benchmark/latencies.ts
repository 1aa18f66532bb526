// Latencies of a load thread, in nanoseconds, up to a minute, to three digits: HdrHistogram.

import { build, type Histogram } from "hdr-histogram-js";

export const LATENCY_MAX_NS = 60_000_000_000;
const SIGNIFICANT_DIGITS = 3;

export function createHistogram(): Histogram {
  return build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_MAX_NS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    useWebAssembly: false,
  });
}

/** Records `count` requests of one latency. */
export function recordLatency(histogram: Histogram, latencyMs: number, count: number): void {
  const latencyNs = Math.min(LATENCY_MAX_NS, Math.max(1, Math.round(latencyMs * 1e6)));
  histogram.recordValueWithCount(latencyNs, count);
}
