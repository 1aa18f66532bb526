import { expect, test } from "bun:test";
import { THREAD_COUNT_MAX } from "../../src/lib/thread-mode.ts";
import { FRAME_SIZE_MAX } from "../../src/protocol/v1-decoder.ts";
import { reservationFor } from "../../src/shard/reply-bundle.ts";
import { reserveShardBuffers, ringSizeFor } from "../../src/shard/shard-buffers.ts";

test("a ring for each pair of threads and direction, none of a thread with itself", () => {
  const { requests, replies } = reserveShardBuffers(3, 1024);
  for (const rings of [requests, replies]) {
    expect(rings).toHaveLength(9);
    expect(rings.map((ring, i) => (ring === null ? i : -1)).filter((i) => i >= 0)).toEqual([
      0, 4, 8,
    ]);
    expect(new Set(rings.filter((ring) => ring !== null)).size).toBe(6);
  }
});

test("rings shrink with the number of threads, but hold the largest request and its reply", () => {
  expect(ringSizeFor(1)).toBe(2 ** 20);
  expect(ringSizeFor(2)).toBe(2 ** 20);
  expect(ringSizeFor(8)).toBe(2 ** 19);
  for (let count = 1; count <= THREAD_COUNT_MAX; count++) {
    const size = ringSizeFor(count);
    expect(Number.isInteger(Math.log2(size))).toBe(true);
    expect(size / 2).toBeGreaterThanOrEqual(reservationFor(FRAME_SIZE_MAX));
  }
});
