// What the arena asks of the system's memory: huge pages at the start, and pages back when they are
// no longer needed.

import { MADV_DONTNEED, MADV_HUGEPAGE, type Libc } from "../lib/libc.ts";
import { HUGE_PAGE_SIZE, PAGES_PER_BANK, PAGE_SIZE, type Arena } from "../store/arena.ts";

/**
 * Random reads over many pages of 4 KiB miss the processor's address cache nearly every time; with
 * pages of 2 MiB they do not. Only whole huge pages within a bank are asked for.
 */
export function adviseHugePages(arena: Arena, libc: Libc): void {
  for (const { bytes } of arena.areas) {
    const address = libc.addressOf(bytes);
    const begin = Math.ceil(address / HUGE_PAGE_SIZE) * HUGE_PAGE_SIZE;
    const length = address + bytes.length - begin;
    if (length >= HUGE_PAGE_SIZE) libc.madvise(begin, length, MADV_HUGEPAGE);
  }
}

/** Gives the memory of one page back; false where that is impossible. */
export function releasePage(arena: Arena, libc: Libc, page: number): boolean {
  const area = arena.areas[Math.floor(page / PAGES_PER_BANK)]!;
  const address = libc.addressOf(area.bytes) + (page % PAGES_PER_BANK) * PAGE_SIZE;
  return libc.madvise(address, PAGE_SIZE, MADV_DONTNEED);
}
