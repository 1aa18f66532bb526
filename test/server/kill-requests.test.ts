import { describe, expect, test } from "bun:test";
import {
  KILL_REQUESTS_BYTES,
  KILL_REQUEST_COUNT_MAX,
  KillRequests,
} from "../../src/server/kill-requests.ts";

const OFFSET = 8;

function createStand() {
  const buffer = new SharedArrayBuffer(OFFSET + KILL_REQUESTS_BYTES);
  return [new KillRequests(buffer, OFFSET), new KillRequests(buffer, OFFSET)] as const;
}

describe("KillRequests", () => {
  test("are given once, in the order in which they came", () => {
    const [posted, taken] = createStand();
    expect(taken.take()).toEqual([]);
    expect(posted.post([5])).toBe(1);
    expect(posted.post([2 ** 40, 7])).toBe(2);
    expect(taken.take()).toEqual([5, 2 ** 40, 7]);
    expect(taken.take()).toEqual([]);
  });

  test("are no more than there is room for, round and round", () => {
    const [posted, taken] = createStand();
    const ids = Array.from({ length: KILL_REQUEST_COUNT_MAX - 1 }, (_, i) => i + 1);
    for (let round = 0; round < 3; round++) {
      expect(posted.post(ids)).toBe(ids.length);
      expect(posted.post([101, 102])).toBe(1);
      expect(posted.post([103])).toBe(0);
      expect(taken.take()).toEqual([...ids, 101]);
    }
  });
});
