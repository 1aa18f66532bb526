import { describe, expect, test } from "bun:test";
import { createWaitLimit } from "../../src/uring/wait-limit.ts";
import type { UringLibc } from "../../src/uring/uring-libc.ts";
import { FakeKernel } from "./fake-kernel.ts";

/** Remembers the time's words, which only the kernel reads. */
function limitWithWords() {
  const views: Int32Array[] = [];
  const kernel = new FakeKernel();
  kernel.addressOf = ((view: Int32Array) => {
    views.push(view);
    return 0x7fff00000000 + views.length * 16;
  }) as UringLibc["addressOf"];
  return { limit: createWaitLimit(kernel), timespec: views[0]! };
}

describe("createWaitLimit", () => {
  test("points the argument to the time", () => {
    const { limit } = limitWithWords();
    expect([...limit.argument]).toEqual([0, 0, 8, 0, 16, 0x7fff]);
    expect([limit.address, limit.size]).toEqual([0x7fff00000020, 24]);
    expect(limit.timespecAddress).toBe(0x7fff00000010);
  });

  test.each([
    [0, [0, 0, 0, 0]],
    [1, [0, 0, 1_000_000, 0]],
    [0.5, [0, 0, 500_000, 0]],
    [999, [0, 0, 999_000_000, 0]],
    [1000, [1, 0, 0, 0]],
    [61_250, [61, 0, 250_000_000, 0]],
    [2 ** 32 * 1000, [0, 1, 0, 0]],
  ])("divides %d ms into seconds and nanoseconds", (timeoutMs, words) => {
    const { limit, timespec } = limitWithWords();
    limit.set(timeoutMs);
    expect([...timespec]).toEqual(words);
  });

  test("never reaches a whole second of nanoseconds", () => {
    const { limit, timespec } = limitWithWords();
    for (let timeoutMs = 999.99; timeoutMs < 5000; timeoutMs += 999.999999) {
      limit.set(timeoutMs);
      expect(timespec[2]).toBeWithin(0, 1_000_000_000);
    }
  });
});
