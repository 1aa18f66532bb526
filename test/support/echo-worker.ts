// Counts in the mailbox and the store of a start message that it was here, and sends it back.

import type { StartMessage } from "../../src/server/thread-message.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<StartMessage>) => {
  const { mailbox, options } = event.data;
  for (const shared of [mailbox, options.store.control, ...options.store.arena.spans]) {
    Atomics.add(new Int32Array(shared), 0, 1);
  }
  self.postMessage(event.data);
};
