// The Worker that a load thread runs in: one plan, one result.

import { LoadThread } from "./load-thread.ts";
import type { FromLoadThread, LoadPlan, LoadResult, ToLoadThread } from "./plan.ts";

declare const self: Worker;

let thread: LoadThread | null = null;

self.onmessage = (event: MessageEvent<ToLoadThread>) => {
  const message = event.data;
  if (message.kind === "plan") void prepare(message.plan, message.progress);
  else if (message.kind === "go") thread?.go();
  else thread?.stop();
};

async function prepare(plan: LoadPlan, progress: SharedArrayBuffer): Promise<void> {
  try {
    thread = new LoadThread(plan, new Float64Array(progress), {
      warm: () => report({ kind: "warm" }),
      done: (result) => report({ kind: "done", result }),
    });
    await thread.connect();
    report({ kind: "ready" });
  } catch (error) {
    report({ kind: "done", result: failed(error instanceof Error ? error.message : `${error}`) });
  }
}

/** The result of a thread that has sent nothing. */
function failed(failure: string): LoadResult {
  return {
    completedCount: 0,
    errorCount: 0,
    missCount: 0,
    wrongCount: 0,
    failedCount: 0,
    elapsedMs: 0,
    cpuMs: 0,
    io: null,
    histogram: "",
    failure,
  };
}

function report(message: FromLoadThread): void {
  self.postMessage(message);
}
