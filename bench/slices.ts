// How long the store's internal work keeps requests waiting while keys come in: the promise is that
// no slice takes more than 2 ms, and it holds for 10,000,000 keys or not at all. The data thread's
// memory is committed between its turns, as the server's main thread does beside it.

import { assert } from "../src/lib/assert.ts";
import {
  SLICE_BUCKET_COUNT,
  SLICE_NAMES,
  bucketLimitUs,
  type Slice,
  type WorkSlices,
} from "../src/store/work-slices.ts";
import { PipelineStand } from "./pipeline-stand.ts";
import { REQUEST_KINDS } from "./request-stream.ts";

const SLICE_PROMISE_US = 2000;

export interface SliceHistogram {
  readonly kind: string;
  readonly maxUs: number;
  /** Buckets that are not empty. */
  readonly buckets: readonly { readonly limitUs: number; readonly count: number }[];
}

export interface FillReport {
  readonly keyCount: number;
  readonly elapsedMs: number;
  readonly memoryBytes: number;
  readonly histograms: readonly SliceHistogram[];
}

export function fillStore(keyCount: number): FillReport {
  const stand = new PipelineStand(keyCount);
  const beginMs = performance.now();
  stand.fill(REQUEST_KINDS.set, keyCount);
  const elapsedMs = performance.now() - beginMs;
  const { store } = stand.thread;
  assert(store.keyCount === keyCount, "all keys are there");
  const { entries, slots, expiry, unused } = store.memoryBytes();
  const memoryBytes = entries + slots + expiry + unused;
  return { keyCount, elapsedMs, memoryBytes, histograms: readHistograms(store.slices) };
}

function readHistograms(slices: WorkSlices): SliceHistogram[] {
  return SLICE_NAMES.map((kind, i) => {
    const slice = i as Slice;
    const buckets = Array.from({ length: SLICE_BUCKET_COUNT }, (_, bucket) => ({
      limitUs: bucketLimitUs(bucket),
      count: slices.count(slice, bucket),
    }));
    return { kind, maxUs: slices.maxUs(slice), buckets: buckets.filter(({ count }) => count > 0) };
  });
}

export function renderFill(report: FillReport): string {
  const { keyCount, elapsedMs, memoryBytes, histograms } = report;
  const nsPerKey = (elapsedMs * 1e6) / keyCount;
  const lines = [
    `slices, ${keyCount.toLocaleString("en")} new keys`,
    `  ${(elapsedMs / 1000).toFixed(2)} s in all, ${nsPerKey.toFixed(0)} ns a key`,
    `  ${(memoryBytes / keyCount).toFixed(1)} bytes of memory a key`,
  ];
  for (const { kind, maxUs, buckets } of histograms) {
    const total = buckets.reduce((sum, { count }) => sum + count, 0);
    lines.push(
      `  ${kind.padEnd(8)}${`${total} slices`.padStart(16)}, longest ${maxUs.toFixed(0)} µs`,
    );
    for (const { limitUs, count } of buckets) {
      lines.push(`    ${`≤ ${limitUs} µs`.padEnd(14)}${String(count).padStart(10)}`);
    }
  }
  const isKept = histograms.every(({ maxUs }) => maxUs <= SLICE_PROMISE_US);
  lines.push(`  at most ${SLICE_PROMISE_US} µs: ${isKept ? "kept" : "not kept"}`);
  return [...lines, ""].join("\n");
}
