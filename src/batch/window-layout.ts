// How windows lie in one area: connection or window number n begins at n × stride.
//
//   | window 0 ........ | margin | window 1 ........ | margin | …
//
// The stride is an odd number of cache lines. With windows at multiples of 64 KiB the first lines
// of all of them would compete for the same few places in every cache.

const CACHE_LINE_SIZE = 64;
/** Room behind a window for what is written in steps of several bytes. */
const MARGIN_SIZE = 8 * CACHE_LINE_SIZE;

/** An area is indexed by 32-bit integers. */
export const AREA_SIZE_MAX = 2 ** 31 - 1;

export function windowStride(windowSizeBytes: number): number {
  const lines = Math.ceil((windowSizeBytes + MARGIN_SIZE) / CACHE_LINE_SIZE);
  return (lines | 1) * CACHE_LINE_SIZE;
}
