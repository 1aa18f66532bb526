import { describe, expect, test } from "bun:test";
import { createOpenLoop } from "../../fkvs-benchmark/open-loop.ts";
import { LoopStand } from "../support/loop-stand.ts";

/** One request a millisecond. */
function stand(wanted: ConstructorParameters<typeof LoopStand>[1]): LoopStand {
  return new LoopStand(createOpenLoop, { ratePerSecond: 1000, ...wanted });
}

describe("the open loop", () => {
  test("sends each request when due, to the connection that is free the longest", async () => {
    const at = stand({ connectionCount: 3, requestCount: 10 });
    at.loop.start();
    expect(at.take().map(({ connection }) => connection)).toEqual([0]);
    await at.turn();
    expect(at.take()).toEqual([]);
    at.nowMs += 1;
    await at.turn();
    expect(at.take().map(({ connection }) => connection)).toEqual([1]);
    at.loop.answered(0);
    at.nowMs += 2;
    await at.turn();
    expect(at.take().map(({ connection }) => connection)).toEqual([2, 0]);
    at.loop.stop();
  });

  test("measures from when a request was due: a stall is charged to all it delays", async () => {
    const at = stand({ connectionCount: 1, requestCount: 200 });
    at.loop.start();
    // The first answer takes 100 ms; the others come at once.
    at.nowMs += 100;
    at.loop.answered(0);
    while (!at.isFinished) {
      if (at.take().length === 0) {
        at.nowMs += 1;
        await at.turn();
      } else {
        at.loop.answered(0);
      }
    }
    expect(at.histogram.totalCount).toBe(200);
    // 100 requests waited 100, 99, 98, … 1 ms.
    expect(at.histogram.maxValue / 1e6).toBeCloseTo(100, -1);
    const p75Ms = at.histogram.getValueAtPercentile(75) / 1e6;
    expect(p75Ms).toBeGreaterThan(45);
    expect(p75Ms).toBeLessThan(55);
  });

  test("counts what was due and found no connection", async () => {
    const at = stand({ connectionCount: 2, requestCount: 100 });
    at.loop.start();
    at.nowMs += 30.5;
    await at.turn();
    expect(at.sent).toHaveLength(2);
    expect(at.loop.unsentCount()).toBe(29);
    at.nowMs += 1000;
    expect(at.loop.unsentCount()).toBe(98);
    at.loop.stop();
  });

  test("counts nothing of the warm-up, and all that was asked for after it", async () => {
    const at = stand({ connectionCount: 1, requestCount: 5, warmupMs: 3 });
    at.loop.start();
    while (!at.isFinished) {
      at.nowMs += 1;
      await at.turn();
      at.loop.answered(0);
    }
    expect(at.sent.map(({ isCounted }) => Number(isCounted))).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
    expect(at.histogram.totalCount).toBe(5);
    expect(at.warmCount).toBe(1);
  });

  test("ends although its time is shorter than the interval between two requests", async () => {
    for (const warmupMs of [0, 0.5, 3]) {
      const at = stand({ connectionCount: 2, requestCount: Infinity, durationMs: 0.5, warmupMs });
      at.loop.start();
      for (let ms = 0; ms < 5 && !at.isFinished; ms++) {
        for (const { connection } of at.take()) at.loop.answered(connection);
        at.nowMs += 1;
        await at.turn();
      }
      expect([warmupMs, at.isFinished, at.histogram.totalCount]).toEqual([warmupMs, true, 1]);
    }
  });

  test("has as many requests as its time allows", async () => {
    const at = stand({ connectionCount: 1, requestCount: Infinity, durationMs: 4 });
    at.loop.start();
    while (!at.isFinished) {
      at.nowMs += 1;
      await at.turn();
      at.loop.answered(0);
    }
    expect(at.sent).toHaveLength(4);
  });
});
