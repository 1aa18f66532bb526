import { PAGE_SIZE, PAGES_PER_BANK } from "../../src/store/arena.ts";
import { layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { PagePool } from "../../src/store/page-pool.ts";
import type { StoreBuffers } from "../../src/store/store.ts";

/** The first bank whose references are negative. */
const NEGATIVE_BANK = 16;
const PAGES_BELOW = 8;
const PAGES_ABOVE = 24;

/**
 * A store whose free pages lie on both sides of 16 GiB, where references change their sign. The banks
 * below are taken already, and of those that nobody touches there is one page each.
 */
export function reserveHighStore(segmentBits: number): StoreBuffers {
  const pageCount = NEGATIVE_BANK * PAGES_PER_BANK + PAGES_ABOVE;
  const banks: SharedArrayBuffer[] = [];
  for (let bank = 0; bank <= NEGATIVE_BANK; bank++) {
    const isBelow = bank === NEGATIVE_BANK - 1;
    const pages = isBelow ? PAGES_PER_BANK : bank === NEGATIVE_BANK ? PAGES_ABOVE : 1;
    banks.push(new SharedArrayBuffer(pages * PAGE_SIZE));
  }
  const layout = layOutControl(pageCount, segmentBits);
  const control = reserveControl(layout);
  const pool = new PagePool(new Int32Array(control), layout, () => false);
  for (let page = 1; page < NEGATIVE_BANK * PAGES_PER_BANK - PAGES_BELOW; page++) pool.take();
  return { arena: { pageCount, banks }, control, segmentBits };
}
