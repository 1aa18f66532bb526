// One load thread: workload, connections and loop put together, from the plan to the result. It
// runs in a Worker (load-worker.ts); tests run it in their own thread.

import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { threadClock, type Clock } from "../src/lib/clock.ts";
import type { IoChoice } from "../src/lib/io-choice.ts";
import { loadLibc } from "../src/lib/libc.ts";
import { probeUring } from "../src/uring/probe.ts";
import { loadUringLibc, type UringLibc } from "../src/uring/uring-libc.ts";
import { createClosedLoop } from "./closed-loop.ts";
import type { Codec } from "./codec.ts";
import { createHistogram } from "./latencies.ts";
import {
  createLoadConnections,
  type LoadConnections,
  type LoopEvents,
} from "./load-connections.ts";
import type { LoadLoop } from "./load-loop.ts";
import { memcachedCodec } from "./memcached-codec.ts";
import { createOpenLoop } from "./open-loop.ts";
import {
  PROGRESS,
  type IoTaken,
  type LoadPlan,
  type LoadResult,
  type ProtocolName,
} from "./plan.ts";
import { createRingConnections } from "./ring-connections.ts";
import { respCodec } from "./resp-codec.ts";
import { v1Codec } from "./v1-codec.ts";
import { OUTCOME, createWorkload } from "./workload.ts";

const CODECS: Readonly<Record<ProtocolName, Codec>> = {
  fkvs: v1Codec,
  resp: respCodec,
  memcached: memcachedCodec,
};
const WATCH_INTERVAL_MS = 50;

export interface LoadThreadEvents {
  warm(): void;
  done(result: LoadResult): void;
}

/** Null for Bun's sockets. Throws when the ring was asked for and cannot work here. */
function chooseLibc(io: IoChoice): UringLibc | null {
  if (io === "listen") return null;
  const libc = loadUringLibc();
  const probe = probeUring(libc);
  if (probe.usable) return libc;
  if (io === "uring") throw new Error(`--io uring cannot work here: ${probe.reason}`);
  return null;
}

export class LoadThread {
  readonly #plan: LoadPlan;
  readonly #progress: Float64Array;
  readonly #events: LoadThreadEvents;
  readonly #clock: Clock = threadClock(loadLibc());
  readonly #histogram = createHistogram();
  readonly #connections: LoadConnections;
  readonly #loop: LoadLoop;
  readonly #io: IoTaken;
  #watch: Timer | null = null;
  #warmMs = 0;
  #warmCpuMs = 0;
  #isDone = false;
  #lastReplyCount = 0;
  #lastReplyMs = 0;

  /** Throws an Error with a sentence when the plan cannot be carried out. */
  constructor(plan: LoadPlan, progress: Float64Array, events: LoadThreadEvents) {
    this.#plan = plan;
    this.#progress = progress;
    this.#events = events;
    const codec = CODECS[plan.protocol];
    const workload = createWorkload(plan, codec);
    const loopEvents: LoopEvents = {
      answered: (connection) => this.#loop.answered(connection),
      failed: (reason) => this.#end(reason),
    };
    const libc = chooseLibc(plan.io);
    this.#io = libc === null ? "listen" : "uring";
    this.#connections =
      libc === null
        ? createLoadConnections(plan, codec, workload, loopEvents)
        : createRingConnections(plan, codec, workload, loopEvents, libc);
    const createLoop = plan.ratePerSecond > 0 ? createOpenLoop : createClosedLoop;
    this.#loop = createLoop({
      plan,
      connections: this.#connections,
      histogram: this.#histogram,
      elapsedMs: () => this.#clock.elapsedMs(),
      warm: () => this.#beginCounting(),
      finished: () => this.#end(""),
    });
  }

  async connect(): Promise<void> {
    await this.#connections.open();
  }

  go(): void {
    this.#lastReplyMs = this.#clock.elapsedMs();
    this.#watch = setInterval(() => this.#look(), WATCH_INTERVAL_MS);
    this.#loop.start();
  }

  /** Ends the run early; what was measured so far is the result. */
  stop(): void {
    this.#end("");
  }

  #beginCounting(): void {
    this.#warmMs = this.#clock.elapsedMs();
    this.#warmCpuMs = this.#clock.workMs();
    this.#events.warm();
  }

  /** Publishes the counters, and sees whether the server has stalled. */
  #look(): void {
    const { outcomeCounts } = this.#connections;
    const replyCount = this.#connections.replyCount();
    this.#progress[PROGRESS.COMPLETED] = outcomeCounts[OUTCOME.COMPLETED]!;
    this.#progress[PROGRESS.FAILED] =
      outcomeCounts[OUTCOME.ERROR]! + outcomeCounts[OUTCOME.MISS]! + outcomeCounts[OUTCOME.WRONG]!;
    const nowMs = this.#clock.elapsedMs();
    const isWaiting = this.#connections.pendingCount() > 0;
    if (replyCount !== this.#lastReplyCount || !isWaiting) {
      this.#lastReplyCount = replyCount;
      this.#lastReplyMs = nowMs;
    } else if (nowMs - this.#lastReplyMs >= this.#plan.timeoutMs) {
      this.#end(`the server has not answered for ${this.#plan.timeoutMs / 1000} s`);
    }
  }

  #end(failure: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const endMs = this.#clock.elapsedMs();
    const cpuMs = this.#clock.workMs() - this.#warmCpuMs;
    // What is under way when the time is over, or at Ctrl-C, has not failed; it is not counted.
    const unanswered = this.#connections.pendingCount() + this.#loop.unsentCount();
    this.#loop.stop();
    this.#connections.close();
    if (this.#watch !== null) clearInterval(this.#watch);
    const counts = this.#connections.outcomeCounts;
    this.#events.done({
      completedCount: counts[OUTCOME.COMPLETED]!,
      errorCount: counts[OUTCOME.ERROR]!,
      missCount: counts[OUTCOME.MISS]!,
      wrongCount: counts[OUTCOME.WRONG]!,
      failedCount: failure === "" ? 0 : unanswered,
      elapsedMs: this.#warmMs === 0 ? 0 : endMs - this.#warmMs,
      cpuMs,
      io: this.#io,
      histogram: encodeIntoCompressedBase64(this.#histogram),
      failure,
    });
  }
}
