import { describe, expect, test } from "bun:test";
import { BANK_SHIFT, byteOffsetOf, PAGE_SHIFT, wordIndexOf } from "../../src/store/arena.ts";
import { FREE, PURPOSE, type Purpose } from "../../src/store/block-heap.ts";
import {
  CLASS_CAPACITIES,
  CLASS_COUNT,
  CLASS_SIZES,
  CLASS_UNITS,
  classOfSize,
} from "../../src/store/size-class.ts";
import { tries } from "../support/effort.ts";
import { HeapFixture } from "../support/heap-fixture.ts";
import { Random } from "../support/random.ts";

const LARGE = classOfSize(20_000);
const LARGE_PER_PAGE = CLASS_CAPACITIES[LARGE]!;
const PURPOSES = Object.values(PURPOSE);

/** A heap whose blocks are filled with numbers of their own, so that an overlap shows. */
class FilledHeap extends HeapFixture {
  readonly blocks: { reference: number; purpose: Purpose; classIndex: number; fill: number }[] = [];
  #fill = 0;

  allocate(purpose: Purpose, classIndex: number): number {
    const reference = this.heap.allocate(purpose, classIndex);
    if (reference === 0) return 0;
    const fill = ++this.#fill;
    this.#wordsOf(reference, classIndex).fill(fill);
    this.blocks.push({ reference, purpose, classIndex, fill });
    return reference;
  }

  /** Takes back the `index`th block, after a look at whether it is still all its own. */
  free(index: number): void {
    const { reference, classIndex, fill } = this.blocks[index]!;
    const words = this.#wordsOf(reference, classIndex);
    if (!words.every((word) => word === fill)) throw new Error("two blocks overlap");
    this.heap.free(reference);
    this.blocks[index] = this.blocks.at(-1)!;
    this.blocks.pop();
  }

  #wordsOf(reference: number, classIndex: number): Int32Array {
    const begin = wordIndexOf(reference);
    return this.arena.words[reference >>> BANK_SHIFT]!.subarray(
      begin,
      begin + 2 * CLASS_UNITS[classIndex]!,
    );
  }
}

describe("BlockHeap", () => {
  test("cuts a page into all the blocks it holds, and then opens another", () => {
    for (let classIndex = 0; classIndex < CLASS_COUNT; classIndex += 7) {
      const { heap, pool } = new HeapFixture(4);
      const references = new Set<number>();
      for (let i = 0; i < CLASS_CAPACITIES[classIndex]!; i++) {
        const reference = heap.allocate(PURPOSE.ENTRY, classIndex);
        expect(byteOffsetOf(reference) % 8).toBe(0);
        references.add(reference);
      }
      expect(references.size).toBe(CLASS_CAPACITIES[classIndex]!);
      expect(new Set([...references].map((reference) => reference >>> PAGE_SHIFT)).size).toBe(1);
      expect(heap.roomCount(PURPOSE.ENTRY, classIndex)).toBe(0);
      expect(pool.takenCount).toBe(1);
      heap.allocate(PURPOSE.ENTRY, classIndex);
      expect(pool.takenCount).toBe(2);
    }
  });

  test("starts a block whose size is a power of two at a multiple of it", () => {
    const { heap } = new HeapFixture(40);
    for (let size = 512; size <= 65_536; size *= 2) {
      for (let i = 0; i < 5; i++) {
        expect(byteOffsetOf(heap.allocate(PURPOSE.TABLE, classOfSize(size))) % size).toBe(0);
      }
    }
  });

  test("keeps purposes apart although their classes are the same", () => {
    const { heap, pool } = new HeapFixture(5);
    const pages = PURPOSES.map((purpose) => heap.allocate(purpose, LARGE) >>> PAGE_SHIFT);
    expect(new Set(pages).size).toBe(3);
    expect(pool.takenCount).toBe(3);
    for (const purpose of PURPOSES) expect(heap.liveBytes(purpose)).toBe(CLASS_SIZES[LARGE]!);
  });

  test("hands out the block that was freed last, and marks free ones", () => {
    const { arena, heap } = new HeapFixture(5);
    const [first, second] = [
      heap.allocate(PURPOSE.ENTRY, LARGE),
      heap.allocate(PURPOSE.ENTRY, LARGE),
    ];
    arena.words[0]![wordIndexOf(first)] = 0;
    heap.free(first);
    expect(arena.words[0]![wordIndexOf(first)]).toBe(FREE);
    expect(heap.allocate(PURPOSE.ENTRY, LARGE)).toBe(first);
    expect(second).not.toBe(first);
  });

  test("refuses to free a block twice", () => {
    const { heap } = new HeapFixture(5);
    const [first] = [heap.allocate(PURPOSE.ENTRY, LARGE), heap.allocate(PURPOSE.ENTRY, LARGE)];
    heap.free(first);
    expect(() => heap.free(first)).toThrow("freed once");
  });

  test("gives a page back with its last block, for any other use", () => {
    const { heap, pool } = new HeapFixture(2);
    const reference = heap.allocate(PURPOSE.ENTRY, LARGE);
    expect(heap.allocate(PURPOSE.TABLE, LARGE)).toBe(0);
    heap.free(reference);
    expect(pool.takenCount).toBe(0);
    expect(heap.allocate(PURPOSE.TABLE, classOfSize(64))).not.toBe(0);
    expect(heap.liveBytes(PURPOSE.ENTRY)).toBe(0);
  });

  test("asks once for a page when the pool has none", () => {
    const { heap, pool } = new HeapFixture(3);
    const references = [heap.allocate(PURPOSE.ENTRY, CLASS_COUNT - 1)];
    pool.setLimit(1);
    let asked = 0;
    heap.onExhausted(() => {
      asked++;
      if (asked === 1) return false;
      heap.free(references.pop()!);
      return true;
    });
    expect(heap.allocate(PURPOSE.TABLE, LARGE)).toBe(0);
    expect(heap.allocate(PURPOSE.TABLE, LARGE)).not.toBe(0);
    expect(asked).toBe(2);
  });

  test("hands out a whole page that is no block's, and asks for one as for a block", () => {
    const { heap, pool } = new HeapFixture(3);
    const reference = heap.allocate(PURPOSE.ENTRY, LARGE);
    const page = heap.takePage();
    expect(page).not.toBe(reference >>> PAGE_SHIFT);
    expect(pool.takenCount).toBe(2);
    expect(heap.liveBytes(PURPOSE.ENTRY)).toBe(CLASS_SIZES[LARGE]!);
    expect(heap.takePage()).toBe(0);
    heap.onExhausted(() => {
      heap.free(reference);
      return true;
    });
    expect(heap.takePage()).toBe(reference >>> PAGE_SHIFT);
  });

  test("never lets two blocks overlap, and counts right, whatever the history", () => {
    for (let seed = 0; seed < tries(4); seed++) {
      const random = new Random(seed);
      const filled = new FilledHeap(30);
      const classes = [0, 5, 14, 40, 60, LARGE, CLASS_COUNT - 2, CLASS_COUNT - 1];
      let target = 100;
      for (let step = 0; step < 3000; step++) {
        if (step % 300 === 0) target = random.pick([0, 20, 200, 1000]);
        if (random.below(2 * target + 1) >= filled.blocks.length) {
          filled.allocate(random.pick(PURPOSES), random.pick(classes));
        } else {
          filled.free(random.below(filled.blocks.length));
        }
      }
      for (const purpose of PURPOSES) {
        let bytes = 0;
        for (const block of filled.blocks) {
          if (block.purpose === purpose) bytes += CLASS_SIZES[block.classIndex]!;
        }
        expect(filled.heap.liveBytes(purpose), `seed ${seed}`).toBe(bytes);
      }
      while (filled.blocks.length > 0) filled.free(random.below(filled.blocks.length));
      expect(filled.pool.takenCount, `seed ${seed}`).toBe(0);
    }
  });
});

describe("BlockHeap with sparse pages", () => {
  /** Four pages with 1, 2, 3 … blocks each; the pages in this order. */
  function makePages(fixture: HeapFixture): number[] {
    const { heap } = fixture;
    const references: number[] = [];
    for (let i = 0; i < 4 * LARGE_PER_PAGE; i++)
      references.push(heap.allocate(PURPOSE.ENTRY, LARGE));
    for (let page = 0; page < 4; page++) {
      for (let i = page + 1; i < LARGE_PER_PAGE; i++) {
        heap.free(references[page * LARGE_PER_PAGE + i]!);
      }
    }
    return [0, 1, 2, 3].map((page) => references[page * LARGE_PER_PAGE]! >>> PAGE_SHIFT);
  }

  test("finds the page with the fewest blocks among those it looks at", () => {
    const fixture = new HeapFixture(10);
    const { heap } = fixture;
    expect(heap.findSparsePage(PURPOSE.ENTRY, LARGE, 64)).toBe(0);
    const pages = makePages(fixture);
    expect(pages.map((page) => heap.liveCount(page))).toEqual([1, 2, 3, 4]);
    expect(heap.findSparsePage(PURPOSE.ENTRY, LARGE, 64)).toBe(pages[0]!);
    // The list starts with the page that got room last.
    expect(heap.findSparsePage(PURPOSE.ENTRY, LARGE, 2)).toBe(pages[2]!);
    expect(heap.findSparsePage(PURPOSE.ENTRY, LARGE, 0)).toBe(0);
    expect(heap.bumpCount(pages[0]!)).toBe(LARGE_PER_PAGE);
  });

  test("hands out nothing of a page that is set aside, until it is readmitted", () => {
    const fixture = new HeapFixture(10);
    const { heap, pool } = fixture;
    const pages = makePages(fixture);
    const room = heap.roomCount(PURPOSE.ENTRY, LARGE);
    heap.setAside(pages[0]!);
    expect(heap.roomCount(PURPOSE.ENTRY, LARGE)).toBe(room - LARGE_PER_PAGE + 1);
    for (let i = LARGE_PER_PAGE - 1; i < room; i++) {
      expect(heap.allocate(PURPOSE.ENTRY, LARGE) >>> PAGE_SHIFT).not.toBe(pages[0]!);
    }
    expect(pool.takenCount).toBe(4);
    heap.readmit(pages[0]!);
    expect(heap.allocate(PURPOSE.ENTRY, LARGE) >>> PAGE_SHIFT).toBe(pages[0]!);
  });

  test("discards a page that was set aside, once it is empty", () => {
    const fixture = new HeapFixture(10);
    const { arena, heap, pool } = fixture;
    const pages = makePages(fixture);
    const [page] = pages;
    heap.setAside(page!);
    expect(() => heap.discard(page!)).toThrow("no live block");
    const reference = page! << PAGE_SHIFT;
    arena.words[0]![wordIndexOf(reference)] = 0;
    heap.freeAside(reference);
    expect(pool.takenCount).toBe(4);
    heap.discard(page!);
    expect(pool.takenCount).toBe(3);
    expect(heap.liveBytes(PURPOSE.ENTRY)).toBe(9 * CLASS_SIZES[LARGE]!);
  });
});
