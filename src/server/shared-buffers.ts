// The memory that only several data threads have to share, besides the store's: reserved once by
// the main thread, and handed to each of them with its options.

import { reserveBoard } from "./board-memory.ts";
import { ClientCount } from "./client-count.ts";
import type { DataThreadOptions } from "./data-thread.ts";
import { reserveShardBuffers } from "../shard/shard-buffers.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { ThreadSetup } from "./thread-setup.ts";

export type SharedBuffers = Pick<
  DataThreadOptions,
  "memoryBudget" | "clientCount" | "board" | "shards"
>;

/** Nothing when there is one thread. */
export function reserveSharedBuffers({ count, mode }: ThreadSetup, maxMemoryBytes: number) {
  if (count === 1) return {};
  const buffers: SharedBuffers = {
    memoryBudget: MemoryBudget.reserve(maxMemoryBytes, count),
    clientCount: ClientCount.reserve(),
    board: reserveBoard(count),
  };
  if (mode === "shared") return buffers;
  return { ...buffers, shards: reserveShardBuffers(count) };
}
