import { describe, expect, test } from "bun:test";
import { AREA_SIZE_MAX, windowStride } from "../../src/batch/window-layout.ts";

const KIB = 1024;
const CACHE_LINE_SIZE = 64;

describe("windowStride", () => {
  test.each([64 * KIB, 64 * KIB + 1, 100_000, 128 * KIB, 1024 * KIB])(
    "is an odd number of cache lines with a margin behind the window: %d bytes",
    (size) => {
      const stride = windowStride(size);
      expect(stride % CACHE_LINE_SIZE).toBe(0);
      expect((stride / CACHE_LINE_SIZE) % 2).toBe(1);
      expect(stride - size).toBeGreaterThanOrEqual(8 * CACHE_LINE_SIZE);
      expect(stride - size).toBeLessThan(11 * CACHE_LINE_SIZE);
    },
  );

  test("lets the default number of windows fit one area", () => {
    expect((10_000 + 1024) * windowStride(64 * KIB)).toBeLessThan(AREA_SIZE_MAX);
  });
});
