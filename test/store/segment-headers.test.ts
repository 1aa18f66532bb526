import { describe, expect, test } from "bun:test";
import {
  SEGMENT_HEADER_WORDS,
  layOutControl,
  reserveControl,
} from "../../src/store/control-memory.ts";
import { SegmentHeaders } from "../../src/store/segment-headers.ts";

const KEYS = 2;

function setUp(segmentBits: number) {
  const layout = layOutControl(8, segmentBits);
  const control = new Int32Array(reserveControl(layout));
  /** Keys as they stand in control memory, by segment. */
  const counts = () =>
    Array.from({ length: 2 ** segmentBits }, (_, i) => {
      return control[layout.segmentsBegin + i * SEGMENT_HEADER_WORDS + KEYS];
    });
  return { control, layout, counts, headers: new SegmentHeaders(control, layout) };
}

describe("SegmentHeaders", () => {
  test("count keys in the segment that the top of their hash names", () => {
    const { headers, counts } = setUp(2);
    headers.countKeys(0, 1);
    headers.countKeys(0x3fff_ffff, 1);
    headers.countKeys(0x4000_0000, 1);
    headers.countKeys(-1, 1);
    headers.countKeys(-1, 1);
    expect(counts()).toEqual([2, 1, 0, 2]);
    headers.countKeys(-1, -1);
    expect(counts()).toEqual([2, 1, 0, 1]);
    expect(headers.keyCount).toBe(4);
    expect(headers.count).toBe(4);
  });

  test("are the same for all who share the memory, and touch nothing else of it", () => {
    const { control, layout, headers } = setUp(1);
    headers.countKeys(-1, 5);
    expect(new SegmentHeaders(control, layout).keyCount).toBe(5);
    expect(control.filter((word) => word !== 0)).toEqual(Int32Array.of(5));
  });
});
