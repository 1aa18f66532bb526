// The closed loop: every connection sends P requests, waits for all their replies, sends the next
// P. How fast it goes is the server's doing; a stall delays one batch a connection and hides the
// requests that would have come meanwhile.

import { recordLatency } from "./latencies.ts";
import type { LoadLoop, LoopParts } from "./load-loop.ts";

export function createClosedLoop(parts: LoopParts): LoadLoop {
  const { plan, connections, histogram, elapsedMs } = parts;
  const { pipeline, connectionCount, warmupMs, durationMs } = plan;
  // Where there are too few requests for everybody's pipeline, everybody gets a part.
  const batchSize = Math.min(pipeline, Math.ceil(plan.requestCount / connectionCount));
  const sentMs = new Float64Array(connectionCount);
  const sentCounts = new Int32Array(connectionCount);
  const isCounted = new Uint8Array(connectionCount);
  let left = 0;
  let busyCount = 0;
  let isWarm = false;
  let isStopped = false;
  let warmMs = 0;
  let endMs = 0;

  function start(): void {
    const nowMs = elapsedMs();
    left = Infinity;
    warmMs = nowMs + warmupMs;
    endMs = warmMs + durationMs;
    if (warmupMs === 0) beginCounting();
    for (let connection = 0; connection < connectionCount; connection++) {
      sendNext(connection, nowMs);
    }
    if (busyCount === 0) finish();
  }

  function beginCounting(): void {
    isWarm = true;
    left = plan.requestCount;
    parts.warm();
  }

  function sendNext(connection: number, nowMs: number): void {
    const count = Math.min(batchSize, left);
    if (count <= 0 || nowMs >= endMs) return;
    left -= count;
    busyCount++;
    sentMs[connection] = nowMs;
    sentCounts[connection] = count;
    isCounted[connection] = Number(isWarm);
    connections.send(connection, count, isWarm);
  }

  function answered(connection: number): void {
    if (isStopped) return;
    busyCount--;
    const nowMs = elapsedMs();
    if (isCounted[connection] === 1) {
      recordLatency(histogram, nowMs - sentMs[connection]!, sentCounts[connection]!);
    }
    if (!isWarm && nowMs >= warmMs) beginCounting();
    sendNext(connection, nowMs);
    if (busyCount === 0 || nowMs >= endMs) finish();
  }

  function finish(): void {
    if (isStopped) return;
    isStopped = true;
    parts.finished();
  }

  function stop(): void {
    isStopped = true;
  }

  return { start, answered, unsentCount: () => 0, stop };
}
