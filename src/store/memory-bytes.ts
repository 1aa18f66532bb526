// What the pages of the arena are used for.

import { PAGE_SIZE } from "./arena.ts";
import { PURPOSE, type BlockHeap } from "./block-heap.ts";
import type { PagePool } from "./page-pool.ts";
import type { Pieces } from "./pieces.ts";

/** Bytes by what they are for; `unused` of pages that are taken. */
export interface MemoryBytes {
  readonly entries: number;
  readonly slots: number;
  readonly expiry: number;
  readonly pieces: number;
  readonly unused: number;
}

export function measureMemory(heap: BlockHeap, pieces: Pieces, pool: PagePool): MemoryBytes {
  const entries = heap.liveBytes(PURPOSE.ENTRY);
  const slots = heap.liveBytes(PURPOSE.TABLE);
  const expiry = heap.liveBytes(PURPOSE.EXPIRY);
  const inPieces = pieces.liveBytes;
  const taken = pool.takenCount * PAGE_SIZE;
  const unused = taken - entries - slots - expiry - inPieces;
  return { entries, slots, expiry, pieces: inPieces, unused };
}
