// The garbage-collected heap of the calling thread. Whoever keeps a thread from Bun's loop has to
// see to it: server/garbage-schedule.ts.

import { fullGC, heapSize } from "bun:jsc";

export interface Heap {
  /** Looks at what has been made since the last collection; beside the thread. */
  collectYoung(): void;
  /** Looks at everything; the thread waits some milliseconds. */
  collectAll(): void;
  /** What has survived the last collection, and the memory it refers to. */
  survivorBytes(): number;
}

export const threadHeap: Heap = {
  collectYoung: () => Bun.gc(false),
  collectAll: () => void fullGC(),
  survivorBytes: () => heapSize(),
};
