import { expect, test } from "bun:test";
import { replySizeMax, reservationFor } from "../../src/shard/reply-bundle.ts";
import { requestSize } from "../../src/shard/request-record.ts";

const V1_REPLY_HEAD_SIZE = 5;

test("a reservation is never shorter than the reply of v1's SET, which repeats its value", () => {
  for (const keyLength of [0, 1, 30]) {
    for (const valueLength of [0, 100, 300, 16_000, 65_000]) {
      const size = requestSize(keyLength, valueLength, 0);
      const replySize = replySizeMax(V1_REPLY_HEAD_SIZE + valueLength);
      expect(reservationFor(size)).toBeGreaterThanOrEqual(replySize);
    }
  }
});
