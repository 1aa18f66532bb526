// When a load thread sends: in a closed loop as soon as a connection's batch is answered, in an
// open loop by a schedule. Both stop when their requests are done or their time is over.

import type { Histogram } from "hdr-histogram-js";
import type { LoadConnections } from "./load-connections.ts";
import type { LoadPlan } from "./plan.ts";

export interface LoopParts {
  readonly plan: LoadPlan;
  readonly connections: LoadConnections;
  readonly histogram: Histogram;
  /** Milliseconds that never go back, with fractions. */
  readonly elapsedMs: () => number;
  /** The warm-up is over: the next request sent counts. */
  readonly warm: () => void;
  /** All requests are done, or the time is over. */
  readonly finished: () => void;
}

export interface LoadLoop {
  start(): void;
  /** A connection's batch is answered. */
  answered(connection: number): void;
  /** Requests that were due and never sent. */
  unsentCount(): number;
  stop(): void;
}
