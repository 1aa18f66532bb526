// The pages of the arena: one pool for every segment, size class and purpose, so that none starves
// while another has room.
//
//   |  handed out or free, ever touched   |  fresh: never touched, not committed  |
//   0                                  fresh                                  pageCount
//
// A page given back is *dirty*: still committed, and the first to be handed out again. Dirty pages
// beyond a reserve are returned to the system by `releaseSome`; those are *clean* and read as
// zeros, but nobody relies on that.
//
// The word that links free pages is the owner's while a page is out: values too long for a block
// (pieces.ts) are chains of pages, and a whole chain comes back in one step.
//
// The limit is in pages and moves: connection windows are paid from the same memory limit.

import { assert } from "../lib/assert.ts";
import { PAGES_PER_HUGE_PAGE } from "./arena.ts";
import type { ControlLayout } from "./control-memory.ts";
import { PAGE_DESCRIPTOR_WORDS } from "./control-memory.ts";

const FRESH = 0;
const DIRTY_HEAD = 1;
const DIRTY_COUNT = 2;
const CLEAN_HEAD = 3;
const CLEAN_COUNT = 4;
const TAKEN_COUNT = 5;
const LIMIT = 6;
/** Pages that are part of a chain (pieces.ts). */
const CHAINED_COUNT = 7;

/** Dirty pages that stay committed for the next allocation: 8 MiB. */
const DIRTY_RESERVE = 64;

/** Gives the memory of one page back to the system; false where that is impossible. */
export type ReleasePage = (page: number) => boolean;

/** The first page that was never handed out. */
export function freshPage(control: Int32Array): number {
  return control[FRESH]!;
}

export class PagePool {
  readonly #control: Int32Array;
  readonly #descriptorsBegin: number;
  readonly #pageCount: number;
  readonly #releasePage: ReleasePage;
  readonly #wantMemory: () => void;

  /** `wantMemory` is called whenever another huge page's worth of fresh pages is begun. */
  constructor(
    control: Int32Array,
    layout: ControlLayout,
    releasePage: ReleasePage,
    wantMemory: () => void = () => {},
  ) {
    this.#control = control;
    this.#descriptorsBegin = layout.descriptorsBegin;
    this.#pageCount = layout.pageCount;
    this.#releasePage = releasePage;
    this.#wantMemory = wantMemory;
    if (control[FRESH] === 0) {
      control[FRESH] = 1;
      control[LIMIT] = layout.pageCount - 1;
    }
  }

  /** A page number, or 0 when the limit is reached. Its contents are arbitrary. */
  take(): number {
    const control = this.#control;
    if (control[TAKEN_COUNT]! >= control[LIMIT]!) return 0;
    let page = 0;
    if (control[DIRTY_HEAD] !== 0) {
      page = this.#pop(DIRTY_HEAD, DIRTY_COUNT);
    } else if (control[CLEAN_HEAD] !== 0) {
      page = this.#pop(CLEAN_HEAD, CLEAN_COUNT);
    } else {
      page = control[FRESH]!;
      if (page === this.#pageCount) return 0;
      control[FRESH] = page + 1;
      if (page % PAGES_PER_HUGE_PAGE === 0) this.#wantMemory();
    }
    control[TAKEN_COUNT]!++;
    return page;
  }

  /** Takes a page back; its descriptor's first word becomes the link of the free list. */
  give(page: number): void {
    assert(page > 0 && page < this.#pageCount, "a page number is of this arena");
    this.#control[TAKEN_COUNT]!--;
    this.#push(page, DIRTY_HEAD, DIRTY_COUNT);
  }

  /** Takes back the `count` pages that `link` has joined from `first` to `last`. */
  giveChain(first: number, last: number, count: number): void {
    const control = this.#control;
    control[TAKEN_COUNT]! -= count;
    this.link(last, control[DIRTY_HEAD]!);
    control[DIRTY_HEAD] = first;
    control[DIRTY_COUNT]! += count;
  }

  /** Joins a page that is out to another behind it. */
  link(page: number, next: number): void {
    this.#control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS] = next;
  }

  /** The page that `link` has put behind a page. */
  next(page: number): number {
    return this.#control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS]!;
  }

  /** Moves the limit, down to the pages that are out at the moment if need be. */
  setLimit(pageCount: number): void {
    this.#control[LIMIT] = Math.max(0, Math.min(pageCount, this.#pageCount - 1));
  }

  /** Whether there are dirty pages to return to the system. */
  get wantsRelease(): boolean {
    return this.#control[DIRTY_COUNT]! > DIRTY_RESERVE;
  }

  /** Returns up to `pageCount` dirty pages to the system. False when there was nothing to do. */
  releaseSome(pageCount: number): boolean {
    let released = 0;
    while (released < pageCount && this.wantsRelease) {
      const page = this.#pop(DIRTY_HEAD, DIRTY_COUNT);
      if (!this.#releasePage(page)) {
        this.#push(page, DIRTY_HEAD, DIRTY_COUNT);
        return false;
      }
      this.#push(page, CLEAN_HEAD, CLEAN_COUNT);
      released++;
    }
    return released > 0;
  }

  /** Counts pages that become part of a chain, or cease to be. */
  countChained(change: number): void {
    this.#control[CHAINED_COUNT]! += change;
  }

  get chainedCount(): number {
    return this.#control[CHAINED_COUNT]!;
  }

  get takenCount(): number {
    return this.#control[TAKEN_COUNT]!;
  }

  get dirtyCount(): number {
    return this.#control[DIRTY_COUNT]!;
  }

  get limit(): number {
    return this.#control[LIMIT]!;
  }

  /** Pages that could still be taken. */
  get availableCount(): number {
    return Math.max(0, this.limit - this.takenCount);
  }

  #pop(head: number, count: number): number {
    const control = this.#control;
    const page = control[head]!;
    control[head] = control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS]!;
    control[count]!--;
    return page;
  }

  #push(page: number, head: number, count: number): void {
    const control = this.#control;
    control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS] = control[head]!;
    control[head] = page;
    control[count]!++;
  }
}
