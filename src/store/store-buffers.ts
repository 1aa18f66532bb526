// The memory of a store, reserved at start and handed to every thread that shares it.

import { reserveArena, type ArenaBuffers } from "./arena.ts";
import { layOutControl, reserveControl } from "./control-memory.ts";

/** What threads are handed to share a store. */
export interface StoreBuffers {
  readonly arena: ArenaBuffers;
  readonly control: SharedArrayBuffer;
  readonly segmentBits: number;
}

export const STORE_DEFAULTS = { segmentBits: 10, slotsLog2Min: 6, slotsLog2Max: 13 } as const;

/** Several threads can have it if it `isShared`. */
export function reserveStore(
  sizeBytes: number,
  segmentBits: number,
  isShared = false,
): StoreBuffers {
  const arena = reserveArena(sizeBytes);
  const layout = layOutControl(arena.pageCount, segmentBits);
  return { arena, control: reserveControl(layout, isShared), segmentBits };
}
