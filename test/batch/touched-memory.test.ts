import { describe, expect, test } from "bun:test";
import { TouchedMemory } from "../../src/batch/touched-memory.ts";

describe("TouchedMemory", () => {
  test("counts whole pages, from the first byte on", () => {
    const touched = new TouchedMemory(3);
    expect(touched.bytes).toBe(0);
    touched.note(0, 1);
    expect(touched.bytes).toBe(4096);
    touched.note(0, 4096);
    expect(touched.bytes).toBe(4096);
    touched.note(0, 4097);
    expect(touched.bytes).toBe(8192);
  });

  test("keeps the furthest that each window was written, and adds them up", () => {
    const touched = new TouchedMemory(3);
    touched.note(0, 10_000);
    touched.note(2, 5000);
    touched.note(0, 100);
    touched.note(1, 0);
    expect(touched.bytes).toBe(3 * 4096 + 2 * 4096);
  });
});
