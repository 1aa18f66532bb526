// Stands in for fkvs-benchmark/load-worker.ts: answers as a load thread would, without a server.
// What happens to it is the path of its target.

import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import {
  PROGRESS,
  type FromLoadThread,
  type LoadPlan,
  type LoadResult,
  type ToLoadThread,
} from "../../fkvs-benchmark/plan.ts";
import { makeHistogram, makeResult } from "./benchmark-fixture.ts";

declare const self: Worker;

let plan: LoadPlan;
let counters: Float64Array;
let isCounting = false;

self.onmessage = (event: MessageEvent<ToLoadThread>) => {
  const message = event.data;
  if (message.kind === "plan") {
    ({ plan } = message);
    counters = new Float64Array(message.progress);
    prepare();
  } else if (message.kind === "go") {
    go();
  } else {
    end(isCounting ? { completedCount: 5, elapsedMs: 50 } : { elapsedMs: 0 });
  }
};

/** Named by the target; every thread is asked. */
function fate(): string {
  if (plan.target.kind !== "unix") throw new Error("the target names no fate");
  return plan.target.path;
}

function isFirst(): boolean {
  return plan.firstConnection === 0;
}

function prepare(): void {
  if (fate() === "dies at once") throw new Error("no memory\nat some place");
  if (fate() === "hangs") return;
  if (fate() === "refused") return end({ elapsedMs: 0, failure: "cannot connect: refused" });
  if (fate() === "one is refused" && !isFirst()) {
    return end({ elapsedMs: 0, failure: "cannot connect: refused" });
  }
  report({ kind: "ready" });
}

function go(): void {
  if (fate() === "dies") throw new Error("no memory");
  report({ kind: "warm" });
  isCounting = true;
  counters[PROGRESS.COMPLETED] = plan.connectionCount;
  counters[PROGRESS.FAILED] = 1;
  if (fate() === "waits") return;
  if (fate() === "one is lost") {
    if (isFirst()) end({ completedCount: 10, failedCount: 3, failure: "the connection was lost" });
    return;
  }
  if (fate() === "misses") return end({ completedCount: plan.requestCount - 2, missCount: 2 });
  // A server that keeps 1000 requests a second and becomes slow from 600 on.
  const rate = fate() === "has a knee" ? Math.min(plan.ratePerSecond || 1000, 1000) : 1000;
  const latencyUs = rate <= 600 ? 500 : 2000;
  const completedCount = fate() === "has a knee" ? rate : plan.requestCount;
  const histogram = encodeIntoCompressedBase64(makeHistogram([latencyUs]));
  end({ completedCount, histogram });
}

function end(changes: Partial<LoadResult>): void {
  const elapsedMs = 1000 + plan.firstConnection;
  const result = makeResult({ completedCount: 0, elapsedMs, cpuMs: 500, ...changes });
  report({ kind: "done", result });
}

function report(message: FromLoadThread): void {
  self.postMessage(message);
}
