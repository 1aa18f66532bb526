// Cuts pages into blocks of one size class each and takes blocks back. A page serves one purpose
// (entries, slot tables, expiry index) and one class; when its last block returns, the page goes
// back to the pool for any other.
//
// Descriptor of a page, 8 words of control memory:
//
//   0 next       the next page of its list (of the pool's free list while the page is free)
//   1 previous   the previous page of its list
//   2 list       purpose × 128 + class
//   3 live       blocks handed out
//   4 free head  reference of the first free block, 0 = none
//   5 bump       blocks that have ever been handed out; the ones from here on are untouched
//
// Pages with room form one doubly linked list per purpose and class; full pages are in no list. The
// lists' heads and counts are in control memory as well, because all threads share them.
// A free block starts with the word FREE and the reference of the next free block.

import { assert } from "../lib/assert.ts";
import type { Arena } from "./arena.ts";
import { BANK_SHIFT, PAGE_SHIFT, wordIndexOf } from "./arena.ts";
import type { ControlLayout } from "./control-memory.ts";
import { BLOCK_LIST_COUNT, PAGE_DESCRIPTOR_WORDS } from "./control-memory.ts";
import type { PagePool } from "./page-pool.ts";
import { CLASS_CAPACITIES, CLASS_SIZES, CLASS_UNITS } from "./size-class.ts";

export const PURPOSE = { ENTRY: 0, TABLE: 1, EXPIRY: 2 } as const;
export type Purpose = (typeof PURPOSE)[keyof typeof PURPOSE];
export const PURPOSE_COUNT = 3;

/** First word of a free block. No live block starts with a negative word. */
export const FREE = -1;

const NEXT = 0;
const PREVIOUS = 1;
const LIST = 2;
const LIVE = 3;
const FREE_HEAD = 4;
const BUMP = 5;

/** More than there are classes; a power of two. */
const LISTS_PER_PURPOSE = BLOCK_LIST_COUNT / PURPOSE_COUNT;

export class BlockHeap {
  readonly #arena: Arena;
  readonly #pool: PagePool;
  readonly #control: Int32Array;
  readonly #descriptorsBegin: number;
  /** First page with room of each list, 0 = none. */
  readonly #heads: Int32Array;
  /** Blocks that pages of each list could still hand out. */
  readonly #roomCounts: Int32Array;
  /** Blocks of each list that are out. */
  readonly #liveCounts: Int32Array;
  /** Makes the pool have a page again; asked when it has none. False = there is none to be had. */
  #reclaimPage: () => boolean = () => false;

  constructor(arena: Arena, control: Int32Array, layout: ControlLayout, pool: PagePool) {
    this.#arena = arena;
    this.#pool = pool;
    this.#control = control;
    this.#descriptorsBegin = layout.descriptorsBegin;
    const [heads, roomCounts, liveCounts] = [0, 1, 2].map((array) => {
      const begin = layout.blockListsBegin + array * BLOCK_LIST_COUNT;
      return control.subarray(begin, begin + BLOCK_LIST_COUNT);
    }) as [Int32Array, Int32Array, Int32Array];
    this.#heads = heads;
    this.#roomCounts = roomCounts;
    this.#liveCounts = liveCounts;
  }

  onExhausted(reclaimPage: () => boolean): void {
    this.#reclaimPage = reclaimPage;
  }

  /** A block's reference, or 0 when the pool has no page for it. */
  allocate(purpose: Purpose, classIndex: number): number {
    const list = purpose * LISTS_PER_PURPOSE + classIndex;
    const control = this.#control;
    let page = this.#heads[list]!;
    if (page === 0) {
      page = this.#openPage(list, classIndex);
      if (page === 0) return 0;
    }
    const at = this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS;
    let reference = control[at + FREE_HEAD]!;
    if (reference !== 0) {
      const words = this.#arena.words[reference >>> BANK_SHIFT]!;
      control[at + FREE_HEAD] = words[wordIndexOf(reference) + 1]!;
    } else {
      const bump = control[at + BUMP]!;
      control[at + BUMP] = bump + 1;
      reference = ((page << PAGE_SHIFT) + bump * CLASS_UNITS[classIndex]!) | 0;
    }
    const live = control[at + LIVE]! + 1;
    control[at + LIVE] = live;
    this.#roomCounts[list]!--;
    if (live === CLASS_CAPACITIES[classIndex]!) this.#unlink(page, list);
    this.#liveCounts[list]!++;
    return reference;
  }

  /** Takes a block back; nothing may refer to it any more. */
  free(reference: number): void {
    const page = reference >>> PAGE_SHIFT;
    const list = this.#listOf(page);
    const classIndex = list % LISTS_PER_PURPOSE;
    const live = this.#release(reference, page, list);
    this.#roomCounts[list]!++;
    if (live === CLASS_CAPACITIES[classIndex]! - 1) this.#link(page, list);
    if (live === 0) this.#closePage(page, list, classIndex);
  }

  /**
   * A page that is not cut into blocks, 0 = there is none. It is given back to the pool, and may
   * have made the compactor move entries.
   */
  takePage(): number {
    const page = this.#pool.take();
    return page !== 0 || !this.#reclaimPage() ? page : this.#pool.take();
  }

  /** Bytes of the blocks of a purpose that are out. */
  liveBytes(purpose: Purpose): number {
    let bytes = 0;
    for (let classIndex = 0; classIndex < CLASS_SIZES.length; classIndex++) {
      const count = this.#liveCounts[purpose * LISTS_PER_PURPOSE + classIndex]!;
      bytes += count * CLASS_SIZES[classIndex]!;
    }
    return bytes;
  }

  /** Blocks of a list that can be handed out without a new page. */
  roomCount(purpose: Purpose, classIndex: number): number {
    return this.#roomCounts[purpose * LISTS_PER_PURPOSE + classIndex]!;
  }

  /**
   * The page with the fewest live blocks among the first `sampleCount` with room, 0 = none.
   * A sample, because a list may hold every page there is.
   */
  findSparsePage(purpose: Purpose, classIndex: number, sampleCount: number): number {
    const control = this.#control;
    let best = 0;
    let bestLive = CLASS_CAPACITIES[classIndex]!;
    let page = this.#heads[purpose * LISTS_PER_PURPOSE + classIndex]!;
    for (let i = 0; i < sampleCount && page !== 0; i++) {
      const at = this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS;
      const live = control[at + LIVE]!;
      if (live < bestLive) {
        bestLive = live;
        best = page;
      }
      page = control[at + NEXT]!;
    }
    return best;
  }

  /** Live blocks of a page. */
  liveCount(page: number): number {
    return this.#control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS + LIVE]!;
  }

  /** Blocks of a page that have ever been handed out; the ones beyond hold no block. */
  bumpCount(page: number): number {
    return this.#control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS + BUMP]!;
  }

  /**
   * Takes a page with room out of its list, so that blocks allocated from now on come from others.
   * It returns to the pool with its last block, or to its list by `readmit`.
   */
  setAside(page: number): void {
    const list = this.#listOf(page);
    this.#roomCounts[list]! -= this.#roomOf(page, list);
    this.#unlink(page, list);
  }

  /** Ends `setAside` for a page that kept live blocks. */
  readmit(page: number): void {
    const list = this.#listOf(page);
    this.#roomCounts[list]! += this.#roomOf(page, list);
    this.#link(page, list);
  }

  /** Gives a page that was set aside, and that no block is live on, back to the pool. */
  discard(page: number): void {
    assert(this.liveCount(page) === 0, "a discarded page has no live block");
    this.#pool.give(page);
  }

  /** Takes back a block of a page that is set aside; the page stays aside. */
  freeAside(reference: number): void {
    const page = reference >>> PAGE_SHIFT;
    this.#release(reference, page, this.#listOf(page));
  }

  /** Puts a block on its page's free list; the page's live blocks afterwards. */
  #release(reference: number, page: number, list: number): number {
    const control = this.#control;
    const at = this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS;
    const words = this.#arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    assert(words[word] !== FREE, "a block is freed once");
    words[word] = FREE;
    words[word + 1] = control[at + FREE_HEAD]!;
    control[at + FREE_HEAD] = reference;
    this.#liveCounts[list]!--;
    return --control[at + LIVE]!;
  }

  #listOf(page: number): number {
    return this.#control[this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS + LIST]!;
  }

  #roomOf(page: number, list: number): number {
    return CLASS_CAPACITIES[list % LISTS_PER_PURPOSE]! - this.liveCount(page);
  }

  #openPage(list: number, classIndex: number): number {
    const page = this.takePage();
    if (page === 0) return 0;
    const at = this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS;
    const control = this.#control;
    control[at + LIST] = list;
    control[at + LIVE] = 0;
    control[at + FREE_HEAD] = 0;
    control[at + BUMP] = 0;
    this.#roomCounts[list]! += CLASS_CAPACITIES[classIndex]!;
    this.#link(page, list);
    return page;
  }

  #closePage(page: number, list: number, classIndex: number): void {
    this.#unlink(page, list);
    this.#roomCounts[list]! -= CLASS_CAPACITIES[classIndex]!;
    this.#pool.give(page);
  }

  #link(page: number, list: number): void {
    const control = this.#control;
    const at = this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS;
    const next = this.#heads[list]!;
    control[at + NEXT] = next;
    control[at + PREVIOUS] = 0;
    if (next !== 0) {
      control[this.#descriptorsBegin + next * PAGE_DESCRIPTOR_WORDS + PREVIOUS] = page;
    }
    this.#heads[list] = page;
  }

  #unlink(page: number, list: number): void {
    const control = this.#control;
    const at = this.#descriptorsBegin + page * PAGE_DESCRIPTOR_WORDS;
    const next = control[at + NEXT]!;
    const previous = control[at + PREVIOUS]!;
    if (next !== 0) {
      control[this.#descriptorsBegin + next * PAGE_DESCRIPTOR_WORDS + PREVIOUS] = previous;
    }
    if (previous !== 0) {
      control[this.#descriptorsBegin + previous * PAGE_DESCRIPTOR_WORDS + NEXT] = next;
    } else {
      this.#heads[list] = next;
    }
  }
}
