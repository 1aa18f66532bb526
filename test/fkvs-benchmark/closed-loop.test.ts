import { describe, expect, test } from "bun:test";
import { createClosedLoop } from "../../fkvs-benchmark/closed-loop.ts";
import { LoopStand } from "../support/loop-stand.ts";

function stand(wanted: ConstructorParameters<typeof LoopStand>[1]): LoopStand {
  return new LoopStand(createClosedLoop, wanted);
}

describe("the closed loop", () => {
  test("has one batch under way on each connection, and sends the next for each answer", () => {
    const at = stand({ connectionCount: 2, pipeline: 4, requestCount: 100 });
    at.loop.start();
    const first = { connection: 0, count: 4, isCounted: true };
    expect(at.take()).toEqual([first, { ...first, connection: 1 }]);
    at.loop.answered(1);
    expect(at.take()).toEqual([{ ...first, connection: 1 }]);
  });

  test("measures each batch from its sending, every request of it alike", () => {
    const at = stand({ connectionCount: 1, pipeline: 4, requestCount: 8 });
    at.loop.start();
    at.nowMs += 2;
    at.loop.answered(0);
    at.nowMs += 5;
    at.loop.answered(0);
    expect(at.histogram.totalCount).toBe(8);
    expect(at.histogram.getValueAtPercentile(50) / 1e6).toBeCloseTo(2, 1);
    expect(at.histogram.maxValue / 1e6).toBeCloseTo(5, 1);
    expect(at.isFinished).toBe(true);
  });

  test("charges a stall to nobody but the batches that met it", () => {
    const at = stand({ connectionCount: 1, requestCount: 1000 });
    at.loop.start();
    for (let i = 0; i < 1000; i++) {
      at.nowMs += i === 500 ? 1000 : 1;
      at.loop.answered(0);
    }
    expect(at.histogram.getValueAtPercentile(99.8) / 1e6).toBeCloseTo(1, 1);
    expect(at.histogram.maxValue / 1e6).toBeCloseTo(1000, -1);
  });

  test("sends the last requests from all connections, and no more than asked for", () => {
    const at = stand({ connectionCount: 3, pipeline: 10, requestCount: 7 });
    at.loop.start();
    const counts = at.take().map(({ count }) => count);
    expect(counts.length).toBe(3);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7);
    for (const connection of [2, 0]) {
      at.loop.answered(connection);
      expect(at.isFinished).toBe(false);
    }
    at.loop.answered(1);
    expect(at.isFinished).toBe(true);
    expect(at.take()).toEqual([]);
  });

  test("counts nothing of the warm-up", () => {
    const at = stand({ connectionCount: 2, requestCount: 3, warmupMs: 10 });
    at.loop.start();
    at.loop.answered(0);
    expect(at.warmCount).toBe(0);
    at.nowMs += 10;
    at.loop.answered(0);
    expect(at.warmCount).toBe(1);
    at.loop.answered(1);
    const counted = at.take().filter(({ isCounted }) => isCounted);
    expect(counted.map(({ connection }) => connection)).toEqual([0, 1]);
    expect(at.histogram.totalCount).toBe(0);
    at.loop.answered(0);
    at.loop.answered(1);
    at.loop.answered(0);
    expect(at.histogram.totalCount).toBe(3);
    expect(at.isFinished).toBe(true);
  });

  test("ends when its time is over", () => {
    const at = stand({ connectionCount: 2, requestCount: Infinity, durationMs: 50, warmupMs: 10 });
    at.loop.start();
    at.nowMs += 59;
    at.loop.answered(0);
    expect(at.isFinished).toBe(false);
    at.nowMs += 1;
    at.take();
    at.loop.answered(1);
    expect(at.isFinished).toBe(true);
    expect(at.take()).toEqual([]);
  });
});
