// Makes a page free when the pool has none: moves the live entries of a sparse page into other
// pages of the same size class. Without it, memory cut into blocks of yesterday's sizes would never
// serve today's.
//
// A slice handles one page. It is worth it when the class could spare a whole page; the page is the
// sparsest of a sample.

import { BANK_SHIFT, PAGE_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { PURPOSE, type BlockHeap } from "./block-heap.ts";
import { FLAG_PINNED } from "./entry.ts";
import type { Segments } from "./segments.ts";
import { CLASS_CAPACITIES, CLASS_COUNT, CLASS_SIZES, CLASS_UNITS } from "./size-class.ts";
import type { StoreLocks } from "./store-locks.ts";
import { SLICE, type WorkSlices } from "./work-slices.ts";

/** Pages looked at for the sparsest one. */
const SAMPLE_COUNT = 64;

export class Compactor {
  readonly #arena: Arena;
  readonly #heap: BlockHeap;
  readonly #segments: Segments;
  readonly #slices: WorkSlices;
  readonly #locks: StoreLocks | null;
  /** Classes whose sampled page could not be emptied in this call. */
  readonly #skipped = new Uint8Array(CLASS_COUNT);
  movedCount = 0;

  /** `locks`: an entry is moved with its segment locked; null = there is one thread. */
  constructor(
    arena: Arena,
    heap: BlockHeap,
    segments: Segments,
    slices: WorkSlices,
    locks: StoreLocks | null = null,
  ) {
    this.#locks = locks;
    this.#arena = arena;
    this.#heap = heap;
    this.#segments = segments;
    this.#slices = slices;
  }

  /** Gives one page back to the pool; false when no class can spare one. */
  reclaimPage(): boolean {
    const startMs = this.#slices.begin();
    this.#skipped.fill(0);
    for (;;) {
      const classIndex = this.#findRoomiestClass();
      if (classIndex < 0) return false;
      const page = this.#findMovablePage(classIndex);
      if (page !== 0) {
        this.#evacuate(page, classIndex);
        this.#slices.end(SLICE.COMPACT, startMs);
        return true;
      }
      this.#skipped[classIndex] = 1;
    }
  }

  /** The class with the most bytes of room among those that can spare a page, -1 = none. */
  #findRoomiestClass(): number {
    let best = -1;
    let bestBytes = 0;
    for (let classIndex = 0; classIndex < CLASS_COUNT; classIndex++) {
      const room = this.#heap.roomCount(PURPOSE.ENTRY, classIndex);
      const bytes = room * CLASS_SIZES[classIndex]!;
      const canSpare = room >= CLASS_CAPACITIES[classIndex]! && this.#skipped[classIndex] === 0;
      if (canSpare && bytes > bestBytes) {
        best = classIndex;
        bestBytes = bytes;
      }
    }
    return best;
  }

  /** The sparsest page without a pinned entry, 0 = none was met. */
  #findMovablePage(classIndex: number): number {
    const pinned: number[] = [];
    let page = this.#heap.findSparsePage(PURPOSE.ENTRY, classIndex, SAMPLE_COUNT);
    while (page !== 0 && this.#hasPinned(page, classIndex)) {
      // Out of the way while the others are looked at, so that one slow reader is not everybody's.
      this.#heap.setAside(page);
      const isLast = pinned.push(page) === SAMPLE_COUNT;
      page = isLast ? 0 : this.#heap.findSparsePage(PURPOSE.ENTRY, classIndex, SAMPLE_COUNT);
    }
    for (const aside of pinned) this.#heap.readmit(aside);
    return page;
  }

  #hasPinned(page: number, classIndex: number): boolean {
    const words = this.#arena.words[page >>> (BANK_SHIFT - PAGE_SHIFT)]!;
    for (let i = 0; i < this.#heap.bumpCount(page); i++) {
      const header = words[wordIndexOf(blockAt(page, classIndex, i))]!;
      if (header >= 0 && (header & FLAG_PINNED) !== 0) return true;
    }
    return false;
  }

  #evacuate(page: number, classIndex: number): void {
    const bank = page >>> (BANK_SHIFT - PAGE_SHIFT);
    const words = this.#arena.words[bank]!;
    this.#heap.setAside(page);
    const blockCount = this.#heap.bumpCount(page);
    for (let i = 0; i < blockCount; i++) {
      const source = blockAt(page, classIndex, i);
      const word = wordIndexOf(source);
      if (words[word]! < 0) continue;
      this.#locks?.alsoKey(this.#segments.hashOfEntry(source));
      const target = this.#heap.allocate(PURPOSE.ENTRY, classIndex);
      const targetWords = this.#arena.words[target >>> BANK_SHIFT]!;
      const targetWord = wordIndexOf(target);
      for (let j = 0; j < CLASS_UNITS[classIndex]! * 2; j++) {
        targetWords[targetWord + j] = words[word + j]!;
      }
      this.#segments.findEntry(source);
      this.#segments.relink(target);
      this.#heap.freeAside(source);
      this.movedCount++;
    }
    this.#heap.discard(page);
  }
}

function blockAt(page: number, classIndex: number, index: number): number {
  return ((page << PAGE_SHIFT) + index * CLASS_UNITS[classIndex]!) | 0;
}
