// A loop of the load generator between a clock and connections that the test plays by hand.

import type { Histogram } from "hdr-histogram-js";
import { createHistogram } from "../../fkvs-benchmark/latencies.ts";
import type { LoadConnections } from "../../fkvs-benchmark/load-connections.ts";
import type { LoadLoop, LoopParts } from "../../fkvs-benchmark/load-loop.ts";
import type { LoadPlan } from "../../fkvs-benchmark/plan.ts";
import { makeLoadPlan } from "./load-plan.ts";

export interface SentBatch {
  readonly connection: number;
  readonly count: number;
  readonly isCounted: boolean;
}

export class LoopStand {
  nowMs = 1000;
  readonly sent: SentBatch[] = [];
  readonly histogram: Histogram = createHistogram();
  warmCount = 0;
  isFinished = false;
  readonly loop: LoadLoop;
  #takenCount = 0;

  constructor(create: (parts: LoopParts) => LoadLoop, wanted: Partial<LoadPlan>) {
    const connections: LoadConnections = {
      outcomeCounts: new Float64Array(4),
      replyCount: () => 0,
      pendingCount: () => 0,
      open: async () => {},
      send: (connection, count, isCounted) => this.sent.push({ connection, count, isCounted }),
      close: () => {},
    };
    this.loop = create({
      plan: makeLoadPlan(wanted),
      connections,
      histogram: this.histogram,
      elapsedMs: () => this.nowMs,
      warm: () => this.warmCount++,
      finished: () => (this.isFinished = true),
    });
  }

  /** Batches sent since the last call. */
  take(): SentBatch[] {
    const batches = this.sent.slice(this.#takenCount);
    this.#takenCount = this.sent.length;
    return batches;
  }

  /** Lets everything run that the loop has put off. */
  async turn(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }
}
