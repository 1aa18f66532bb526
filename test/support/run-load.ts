import { decodeFromCompressedBase64, type Histogram } from "hdr-histogram-js";
import { LoadThread } from "../../fkvs-benchmark/load-thread.ts";
import { PROGRESS_WORDS, type LoadPlan, type LoadResult } from "../../fkvs-benchmark/plan.ts";
import { makeLoadPlan } from "./load-plan.ts";

export interface LoadRun {
  readonly result: LoadResult;
  readonly histogram: Histogram;
  readonly warmCount: number;
}

/** Runs one load thread in the test's own thread. */
export async function runLoad(
  port: number,
  wanted: Partial<LoadPlan> = {},
  started: (thread: LoadThread) => void = () => {},
): Promise<LoadRun> {
  const target = { kind: "tcp", host: "127.0.0.1", port } as const;
  const plan = makeLoadPlan({ target, ...wanted });
  let warmCount = 0;
  const { promise, resolve } = Promise.withResolvers<LoadResult>();
  const events = { warm: () => warmCount++, done: resolve };
  const thread = new LoadThread(plan, new Float64Array(PROGRESS_WORDS), events);
  await thread.connect();
  thread.go();
  started(thread);
  const result = await promise;
  return { result, histogram: decodeFromCompressedBase64(result.histogram), warmCount };
}
