import { describe, expect, spyOn, test } from "bun:test";
import { systemClock, threadClock } from "../../src/lib/clock.ts";
import { loadLibc } from "../../src/lib/libc.ts";

describe("systemClock", () => {
  test("tells the time of the system in milliseconds since the epoch", () => {
    const now = spyOn(Date, "now").mockReturnValue(1_795_219_200_000);
    expect(systemClock.nowMs()).toBe(1_795_219_200_000);
    now.mockRestore();
  });

  test("measures what has passed without ever going back", () => {
    let last = systemClock.elapsedMs();
    for (let i = 0; i < 1000; i++) {
      const elapsedMs = systemClock.elapsedMs();
      expect(elapsedMs).toBeGreaterThanOrEqual(last);
      last = elapsedMs;
    }
  });
});

describe("threadClock", () => {
  test("counts the thread's work and not the time it waits", () => {
    const libc = loadLibc();
    if (libc === null) return;
    const clock = threadClock(libc);
    const [startMs, workedMs] = [clock.elapsedMs(), clock.workMs()];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    const waitedMs = clock.elapsedMs() - startMs;
    expect(waitedMs).toBeGreaterThan(45);
    expect(clock.workMs() - workedMs).toBeLessThan(waitedMs / 2);
    const beforeMs = clock.workMs();
    while (clock.workMs() === beforeMs);
    expect(clock.workMs()).toBeGreaterThan(beforeMs);
  });

  test("is the system's where there is no C library", () => {
    expect(threadClock(null)).toBe(systemClock);
  });
});
