import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";

describe("reserveStore", () => {
  test("reserves whole pages in memory that threads can share", () => {
    const { arena, control, segmentBits } = reserveStore(
      10 * PAGE_SIZE + 1,
      STORE_DEFAULTS.segmentBits,
    );
    expect(arena.pageCount).toBe(10);
    expect(control).toBeInstanceOf(SharedArrayBuffer);
    expect(segmentBits).toBe(10);
  });
});
