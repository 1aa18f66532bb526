import type { Clock } from "../../src/lib/clock.ts";

/** Nobody's time but the test's. Each look at the stopwatch takes `stepMs`, so that budgets end. */
export class TestClock implements Clock {
  now: number;
  elapsed = 0;
  stepMs = 0.05;

  constructor(nowMs = Date.UTC(2026, 10, 21)) {
    this.now = nowMs;
  }

  nowMs(): number {
    return this.now;
  }

  elapsedMs(): number {
    this.elapsed += this.stepMs;
    return this.elapsed;
  }

  workMs(): number {
    return this.elapsedMs();
  }
}
