// Rings a doorbell from a thread of its own, with the C library as that thread loads it.

import { loadUringLibc } from "../../src/uring/uring-libc.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<{ doorbell: number; isWaiting: Int32Array }>) => {
  const { doorbell, isWaiting } = event.data;
  // The other thread handles no messages while it waits in the kernel, so it says so here.
  Atomics.wait(isWaiting, 0, 0);
  loadUringLibc()?.eventfdWrite(doorbell, 7);
};
self.postMessage("ready");
