// The open loop: request n of this thread is due at start + n / rate, whatever the server does. It
// goes to the connection that has been free the longest, or waits for one; its latency counts from
// when it was due, so that a stall is charged to every request that it delayed (Gil Tene's
// coordinated omission, as in wrk2).
//
// The wait for the next due time spins on setImmediate, which looks at the sockets each round: a
// timer is a millisecond too coarse. Only longer waits use one.

import { recordLatency } from "./latencies.ts";
import type { LoadLoop, LoopParts } from "./load-loop.ts";

/** A timer may be this late. */
const TIMER_SLACK_MS = 2;

export function createOpenLoop(parts: LoopParts): LoadLoop {
  const { plan, connections, histogram, elapsedMs } = parts;
  const { connectionCount, warmupMs, durationMs } = plan;
  const intervalMs = 1000 / plan.ratePerSecond;
  const dueMs = new Float64Array(connectionCount);
  // A ring of free connections: the longest free first.
  const free = Int32Array.from({ length: connectionCount }, (_, i) => i);
  let freeHead = 0;
  let freeCount = connectionCount;
  const isCounted = new Uint8Array(connectionCount);
  let startMs = 0;
  let warmMs = 0;
  let nextDueMs = 0;
  let nextIndex = 0;
  /** Requests from the start to the end of the schedule, the warm-up's included. */
  let total = 0;
  let isWarm = false;
  let isStopped = false;

  function start(): void {
    startMs = elapsedMs();
    nextDueMs = startMs;
    const warmupCount = Math.floor(warmupMs / intervalMs);
    // Half an interval early, so that rounding moves no request across.
    warmMs = startMs + (warmupCount - 0.5) * intervalMs;
    // The first is due at once, however short the time: without any, nothing would end the loop.
    const fitting = Math.max(1, Math.floor(durationMs / intervalMs));
    const wanted = Math.min(plan.requestCount, fitting);
    total = warmupCount + wanted;
    if (warmupMs === 0) beginCounting();
    turn();
  }

  function beginCounting(): void {
    isWarm = true;
    parts.warm();
  }

  function turn(): void {
    if (isStopped) return;
    sendDue();
    if (nextIndex === total) return;
    const waitMs = nextDueMs - elapsedMs();
    // While nobody is free, the next reply is what is waited for.
    if (freeCount === 0) return;
    if (waitMs > TIMER_SLACK_MS) setTimeout(turn, waitMs - TIMER_SLACK_MS);
    else setImmediate(turn);
  }

  function sendDue(): void {
    const nowMs = elapsedMs();
    while (freeCount > 0 && nextIndex < total && nextDueMs <= nowMs) {
      const connection = free[freeHead]!;
      freeHead = (freeHead + 1) % connectionCount;
      freeCount--;
      dueMs[connection] = nextDueMs;
      nextIndex++;
      nextDueMs = startMs + nextIndex * intervalMs;
      const counts = dueMs[connection]! >= warmMs;
      if (counts && !isWarm) beginCounting();
      isCounted[connection] = Number(counts);
      connections.send(connection, 1, counts);
    }
  }

  function answered(connection: number): void {
    if (isStopped) return;
    const nowMs = elapsedMs();
    if (isCounted[connection] === 1) recordLatency(histogram, nowMs - dueMs[connection]!, 1);
    const wasFull = freeCount === 0;
    free[(freeHead + freeCount) % connectionCount] = connection;
    freeCount++;
    if (nextIndex === total && freeCount === connectionCount) finish();
    else if (wasFull) turn();
  }

  function finish(): void {
    isStopped = true;
    parts.finished();
  }

  function unsentCount(): number {
    const dueCount = Math.min(total, Math.floor((elapsedMs() - startMs) / intervalMs) + 1);
    return Math.max(0, dueCount - nextIndex);
  }

  return { start, answered, unsentCount, stop: () => (isStopped = true) };
}
