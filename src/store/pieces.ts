// Values too long for a block: whole pages of the pool, each linked to the next.
//
//   entry: … key | first page | last page
//                     |             |
//                   page ─▶ page ─▶ page ─▶ …        all full but the last: the value's length says
//                                                    how many there are
//
// The links lie in the pages' descriptors (page-pool.ts). So a chain of any length is given back in
// one step, grows at its end, and costs its entry eight bytes; and the compactor, which moves what
// lies in blocks, need not know of it. What it costs is a walk along the descriptors to read in the
// middle: 4096 of them for the longest value, some tens of microseconds.
//
// A chain belongs to an entry, or to somebody who fills it before an entry takes it.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SIZE, PAGE_SIZE, PAGES_PER_BANK, type Arena } from "./arena.ts";
import type { BlockHeap } from "./block-heap.ts";
import type { PagePool } from "./page-pool.ts";

/** The longest value, as in Redis. */
export const VALUE_LENGTH_MAX = 512 * 1024 * 1024;

export interface PieceChain {
  /** Page numbers, 0 and 0 = no page yet. */
  first: number;
  last: number;
  /** Bytes. */
  length: number;
}

/** Called for each stretch of a value, in order. */
export type StretchVisitor = (area: ByteArea, offset: number, length: number) => void;

export function emptyChain(): PieceChain {
  return { first: 0, last: 0, length: 0 };
}

export class Pieces {
  readonly #arena: Arena;
  readonly #heap: BlockHeap;
  readonly #pool: PagePool;

  constructor(arena: Arena, heap: BlockHeap, pool: PagePool) {
    this.#arena = arena;
    this.#heap = heap;
    this.#pool = pool;
  }

  /** Bytes of the pages that are part of a chain. */
  get liveBytes(): number {
    return this.#pool.chainedCount * PAGE_SIZE;
  }

  /**
   * Puts bytes `begin` to `end` of a memory behind a chain. False when memory is full; the chain is
   * as it was then. May move entries.
   */
  append(chain: PieceChain, source: Uint8Array, begin = 0, end = source.length): boolean {
    return this.#grow(chain, end - begin, (area, offset, length, done) => {
      area.bytes.set(source.subarray(begin + done, begin + done + length), offset);
    });
  }

  /** Another chain of the same bytes; null when memory is full. May move entries. */
  copy(chain: PieceChain): PieceChain | null {
    const copied = emptyChain();
    let page = chain.first;
    for (let rest = chain.length; rest > 0; rest -= PAGE_SIZE) {
      const offset = offsetOf(page);
      const end = offset + Math.min(rest, PAGE_SIZE);
      if (!this.append(copied, this.#areaOf(page).bytes, offset, end)) {
        this.give(copied);
        return null;
      }
      page = this.#pool.next(page);
    }
    return copied;
  }

  /**
   * Writes over a chain's bytes from `position` on; it grows when they end before, with zeros in
   * between if need be. False when memory is full, as `append`.
   */
  overwrite(chain: PieceChain, position: number, source: Uint8Array): boolean {
    const before = { ...chain };
    const overlap = Math.min(source.length, Math.max(0, chain.length - position));
    const isGrown =
      this.#appendZeros(chain, position - chain.length) && this.append(chain, source, overlap);
    if (!isGrown) {
      this.#cutBack(chain, before);
      return false;
    }
    let done = 0;
    this.forEachStretch(chain, position, position + overlap, (area, offset, length) => {
      area.bytes.set(source.subarray(done, done + length), offset);
      done += length;
    });
    return true;
  }

  /** Visits bytes `begin` to `end` of a chain, a stretch for each page they lie in. */
  forEachStretch(chain: PieceChain, begin: number, end: number, visit: StretchVisitor): void {
    assert(begin >= 0 && end <= chain.length, "what is visited is there");
    if (begin >= end) return;
    let page = this.#pageAt(chain, begin);
    let position = begin;
    for (;;) {
      const inPage = position % PAGE_SIZE;
      const length = Math.min(end - position, PAGE_SIZE - inPage);
      visit(this.#areaOf(page), offsetOf(page) + inPage, length);
      position += length;
      if (position === end) return;
      page = this.#pool.next(page);
    }
  }

  /** The bytes of a chain of one page at most, where they lie. */
  bytesOfOne(chain: PieceChain): Uint8Array {
    assert(chain.length <= PAGE_SIZE, "the bytes lie in one page");
    const offset = offsetOf(chain.first);
    return this.#areaOf(chain.first).bytes.subarray(offset, offset + chain.length);
  }

  /** Gives all pages of a chain back, and empties it. */
  give(chain: PieceChain): void {
    const count = pageCountOf(chain.length);
    if (count > 0) this.#pool.giveChain(chain.first, chain.last, count);
    this.#pool.countChained(-count);
    chain.first = 0;
    chain.last = 0;
    chain.length = 0;
  }

  #appendZeros(chain: PieceChain, length: number): boolean {
    return this.#grow(chain, length, (area, offset, count) => {
      area.bytes.fill(0, offset, offset + count);
    });
  }

  #grow(
    chain: PieceChain,
    length: number,
    fill: (area: ByteArea, offset: number, length: number, done: number) => void,
  ): boolean {
    const before = { ...chain };
    for (let done = 0; done < length;) {
      const used = chain.length % PAGE_SIZE;
      if (used === 0 && !this.#extend(chain)) {
        this.#cutBack(chain, before);
        return false;
      }
      const count = Math.min(length - done, PAGE_SIZE - used);
      fill(this.#areaOf(chain.last), offsetOf(chain.last) + used, count, done);
      chain.length += count;
      done += count;
    }
    return true;
  }

  /** Puts one more page behind the last. */
  #extend(chain: PieceChain): boolean {
    const page = this.#heap.takePage();
    if (page === 0) return false;
    if (chain.last === 0) chain.first = page;
    else this.#pool.link(chain.last, page);
    chain.last = page;
    this.#pool.countChained(1);
    return true;
  }

  /** Gives back the pages that were put behind what a chain was before. */
  #cutBack(chain: PieceChain, before: PieceChain): void {
    const count = pageCountOf(chain.length) - pageCountOf(before.length);
    if (count > 0) {
      const first = before.last === 0 ? chain.first : this.#pool.next(before.last);
      this.#pool.giveChain(first, chain.last, count);
      this.#pool.countChained(-count);
    }
    Object.assign(chain, before);
  }

  /** The page that the byte at `position` lies in. */
  #pageAt(chain: PieceChain, position: number): number {
    const index = Math.floor(position / PAGE_SIZE);
    if (index === pageCountOf(chain.length) - 1) return chain.last;
    let page = chain.first;
    for (let i = 0; i < index; i++) page = this.#pool.next(page);
    return page;
  }

  #areaOf(page: number): ByteArea {
    return this.#arena.areas[Math.floor(page / PAGES_PER_BANK)]!;
  }
}

function pageCountOf(length: number): number {
  return Math.ceil(length / PAGE_SIZE);
}

/** Where a page begins in the area of its bank. */
function offsetOf(page: number): number {
  return (page * PAGE_SIZE) % BANK_SIZE;
}
