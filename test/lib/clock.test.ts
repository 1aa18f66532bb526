import { describe, expect, spyOn, test } from "bun:test";
import { systemClock } from "../../src/lib/clock.ts";

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
