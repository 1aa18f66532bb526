import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { layOutControl } from "../../src/store/control-memory.ts";
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

  test("reserves what threads keep together only when there are several", () => {
    const layout = layOutControl(10, 2);
    const { BYTES_PER_ELEMENT } = Int32Array;
    const one = reserveStore(10 * PAGE_SIZE, 2);
    const several = reserveStore(10 * PAGE_SIZE, 2, true);
    expect(one.control.byteLength).toBe(layout.wordCount * BYTES_PER_ELEMENT);
    expect(several.control.byteLength).toBe(layout.sharedWordCount * BYTES_PER_ELEMENT);
  });
});
