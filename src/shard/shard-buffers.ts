// The memory that threads of sharded mode pass requests and replies in, reserved by the main thread
// and handed to each of them at start.
//
//   requests[origin × count + owner]     ring, the origin appends
//   replies [owner × count + origin]     ring, the owner appends
//   bells                                doorbells.ts
//
// The places of a thread with itself are empty.

import { reserveBells } from "./doorbells.ts";
import { reserveRing } from "./ring.ts";

/** All rings together take about this much once they have been gone through. */
const RINGS_SIZE = 64 * 1024 * 1024;
const RING_SIZE_LARGEST = 1024 * 1024;
/** A request of the largest size a window holds fits half of it: see outbox.ts. */
const RING_SIZE_SMALLEST = 256 * 1024;

export interface ShardBuffers {
  readonly requests: readonly (SharedArrayBuffer | null)[];
  readonly replies: readonly (SharedArrayBuffer | null)[];
  readonly bells: SharedArrayBuffer;
}

/** For `count` threads; tests choose smaller rings. */
export function reserveShardBuffers(count: number, ringSize = ringSizeFor(count)): ShardBuffers {
  const rings = (): (SharedArrayBuffer | null)[] =>
    Array.from({ length: count * count }, (_, i) =>
      Math.floor(i / count) === i % count ? null : reserveRing(ringSize),
    );
  return { requests: rings(), replies: rings(), bells: reserveBells(count) };
}

export function ringSizeFor(count: number): number {
  const ringCount = Math.max(1, 2 * count * (count - 1));
  const size = 2 ** Math.floor(Math.log2(RINGS_SIZE / ringCount));
  return Math.min(RING_SIZE_LARGEST, Math.max(RING_SIZE_SMALLEST, size));
}
