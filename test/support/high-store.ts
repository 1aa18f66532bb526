import { PAGE_SIZE, PAGES_PER_BANK, reserveArena } from "../../src/store/arena.ts";
import { layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { PagePool } from "../../src/store/page-pool.ts";
import type { StoreBuffers } from "../../src/store/store-buffers.ts";

/** The first bank whose references are negative. */
const NEGATIVE_BANK = 16;
const PAGES_BELOW = 8;
const PAGES_ABOVE = 24;

/**
 * A store whose free pages lie on both sides of 16 GiB, where references change their sign. The
 * pages below are taken already; nobody touches them, so they cost nothing.
 */
export function reserveHighStore(segmentBits: number): StoreBuffers {
  const pageCount = NEGATIVE_BANK * PAGES_PER_BANK + PAGES_ABOVE;
  const layout = layOutControl(pageCount, segmentBits);
  const control = reserveControl(layout);
  const pool = new PagePool(new Int32Array(control), layout, () => false);
  for (let page = 1; page < NEGATIVE_BANK * PAGES_PER_BANK - PAGES_BELOW; page++) pool.take();
  return { arena: reserveArena(pageCount * PAGE_SIZE), control, segmentBits };
}
