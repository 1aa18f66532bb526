// One test: divides it among load threads, starts them together, and sums up what they report.
//
//   main thread   plan ─▶        ─▶ go                        ─▶ stop (Ctrl-C, or a thread failed)
//   load threads        ready ─▶       warm ─▶        done ─▶
//
// Nothing begins before every thread has all its connections. The server's CPU time is read at both
// ends of what is counted. Without a warm-up that is just before `go`, while the server idles: what
// it does before a thread's `warm` is heard here would be missed otherwise. With one it is when the
// last thread is warm, and the time between the readings is taken here too. The second reading is
// when the last thread is done; an idle server adds nothing to it, and throughput has the same end.

import { decodeFromCompressedBase64, type Histogram } from "hdr-histogram-js";
import type { TestPlan } from "./benchmark-plan.ts";
import { createHistogram } from "./latencies.ts";
import {
  PROGRESS_WORDS,
  type FromLoadThread,
  type LoadPlan,
  type LoadResult,
  type ToLoadThread,
} from "./plan.ts";
import { RunError } from "./run-error.ts";
import { cpuMsBetween, type CpuReader, type CpuSample } from "./server-cpu.ts";
import { dividePreload, divideTest } from "./thread-plan.ts";

const WORKER_URL = new URL("./load-worker.ts", import.meta.url);
const PRELOAD_PIPELINE_MAX = 32;
/** Of the batches of one client; large values go one by one. */
const PRELOAD_BATCH_BYTES = 256 * 1024;

export interface RunParts {
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal;
  readonly server?: CpuReader | null;
  readonly workerUrl?: URL;
  /** Called when the threads have been told to go, with their live counters. */
  readonly started?: (counters: readonly Float64Array[]) => void;
}

/** What a process used in a time. */
export interface CpuUse {
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

export interface Measurement {
  /** Of all load threads, in their order. */
  readonly results: readonly LoadResult[];
  readonly histogram: Histogram;
  readonly server: CpuUse | null;
  /** Why threads could not go on, each reason once. */
  readonly failures: readonly string[];
  readonly isInterrupted: boolean;
}

export async function runTest(plan: TestPlan, parts: RunParts): Promise<Measurement> {
  return await new Run(divideTest(plan), parts).measure();
}

/** Sets every key of the keyspace. */
export async function runPreload(
  plan: TestPlan,
  keyspace: number,
  parts: RunParts,
): Promise<Measurement> {
  const fitting = Math.floor(PRELOAD_BATCH_BYTES / (plan.keySize + plan.valueSize));
  const pipeline = Math.max(1, Math.min(PRELOAD_PIPELINE_MAX, fitting));
  return await new Run(dividePreload(plan, keyspace, pipeline), parts).measure();
}

interface LoadThread {
  readonly worker: Worker;
  readonly counters: Float64Array;
  isReady: boolean;
  isWarm: boolean;
  result: LoadResult | null;
}

class Run {
  readonly #plans: readonly LoadPlan[];
  readonly #parts: RunParts;
  readonly #threads: LoadThread[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly #stop = () => this.#postToAll({ kind: "stop" });
  #isStarted = false;
  #before: CpuSample | null = null;
  #after: CpuSample | null = null;

  constructor(plans: readonly LoadPlan[], parts: RunParts) {
    this.#plans = plans;
    this.#parts = parts;
  }

  /** Throws RunError when the test could not begin, or a thread died. */
  async measure(): Promise<Measurement> {
    const { signal } = this.#parts;
    try {
      for (const plan of this.#plans) this.#threads.push(this.#start(plan));
      signal.addEventListener("abort", this.#stop);
      if (signal.aborted) this.#stop();
      await this.#ended.promise;
    } finally {
      signal.removeEventListener("abort", this.#stop);
      for (const { worker } of this.#threads) worker.terminate();
    }
    return this.#sumUp();
  }

  #start(plan: LoadPlan): LoadThread {
    const progress = new SharedArrayBuffer(PROGRESS_WORDS * Float64Array.BYTES_PER_ELEMENT);
    const worker = new Worker((this.#parts.workerUrl ?? WORKER_URL).href);
    const thread: LoadThread = {
      worker,
      counters: new Float64Array(progress),
      isReady: false,
      isWarm: false,
      result: null,
    };
    worker.onmessage = (event: MessageEvent<FromLoadThread>) => this.#hear(thread, event.data);
    worker.onerror = (event: ErrorEvent) => this.#lose(thread, event.message);
    post(worker, { kind: "plan", plan, progress });
    return thread;
  }

  #hear(thread: LoadThread, message: FromLoadThread): void {
    if (thread.result !== null) return;
    if (message.kind === "ready") thread.isReady = true;
    else if (message.kind === "warm") thread.isWarm = true;
    else this.#take(thread, message.result);

    if (message.kind === "ready" && this.#threads.every(({ isReady }) => isReady)) this.#go();
    if (message.kind === "warm" && this.#threads.every(({ isWarm }) => isWarm)) this.#allWarm();
  }

  #go(): void {
    if (this.#isStarted || this.#parts.signal.aborted) return;
    if (this.#threads.some(({ result }) => result !== null)) return;
    this.#isStarted = true;
    if (!this.#hasWarmup()) this.#before = this.#readCpu();
    this.#postToAll({ kind: "go" });
    this.#parts.started?.(this.#threads.map(({ counters }) => counters));
  }

  #allWarm(): void {
    if (this.#hasWarmup()) this.#before = this.#readCpu();
  }

  #take(thread: LoadThread, result: LoadResult): void {
    thread.result = result;
    // What one thread cannot do, the others cannot make up for.
    if (result.failure !== "") this.#stop();
    if (this.#threads.some((other) => other.result === null)) return;
    this.#after = this.#readCpu();
    this.#ended.resolve();
  }

  #lose(thread: LoadThread, reason: string): void {
    // A thread that has reported has nothing left to lose.
    if (thread.result !== null) return;
    this.#ended.reject(new RunError(`a load thread died: ${findReason(reason)}`));
  }

  #sumUp(): Measurement {
    const results = this.#threads.map(({ result }) => result!);
    const failures = [...new Set(results.map(({ failure }) => failure))].filter((f) => f !== "");
    if (!this.#isStarted && failures.length > 0) throw new RunError(failures.join("; "));
    return {
      results,
      histogram: mergeHistograms(results.map(({ histogram }) => histogram)),
      server: this.#serverUse(results),
      failures,
      isInterrupted: this.#parts.signal.aborted,
    };
  }

  #serverUse(results: readonly LoadResult[]): CpuUse | null {
    if (this.#before === null || this.#after === null) return null;
    const elapsedMs = this.#hasWarmup()
      ? this.#after.atMs - this.#before.atMs
      : Math.max(...results.map((result) => result.elapsedMs));
    return { cpuMs: cpuMsBetween(this.#before, this.#after), elapsedMs };
  }

  #readCpu(): CpuSample | null {
    return this.#parts.server?.read() ?? null;
  }

  #hasWarmup(): boolean {
    return this.#plans[0]!.warmupMs > 0;
  }

  #postToAll(message: ToLoadThread): void {
    for (const { worker, result } of this.#threads) if (result === null) post(worker, message);
  }
}

function post(worker: Worker, message: ToLoadThread): void {
  worker.postMessage(message);
}

function mergeHistograms(encoded: readonly string[]): Histogram {
  const merged = createHistogram();
  for (const text of encoded) {
    if (text !== "") merged.add(decodeFromCompressedBase64(text, 64));
  }
  return merged;
}

/** Bun tells of an error in a Worker with the lines of source around it. */
function findReason(text: string): string {
  return /^\w*error: (.*)$/im.exec(text)?.[1] ?? text.split("\n", 1)[0]!;
}
