// Loaded before the program (`spawnFaultyServer`): the same program, with a data thread that has
// the fault that its environment names. The main thread's patience is cut short: nobody waits.

import { FAULT_VARIABLE } from "./data-thread-fault.ts";

const PATIENCE_MS = 1;
const { setTimeout: setRealTimeout } = globalThis;
const isDeaf = process.env[FAULT_VARIABLE] === "deaf";

class FaultyWorker extends Worker {
  constructor(url: string) {
    super(isDeaf ? url : new URL("./dying-data-thread.ts", import.meta.url).href);
  }

  override postMessage(message: { readonly kind: string }): void {
    if (!isDeaf || message.kind !== "doorbell") super.postMessage(message);
  }
}

Object.assign(globalThis, {
  Worker: FaultyWorker,
  setTimeout: (callback: () => void) => setRealTimeout(callback, PATIENCE_MS),
});
