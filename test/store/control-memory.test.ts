import { describe, expect, test } from "bun:test";
import {
  BLOCK_LIST_COUNT,
  COUNT_WORDS,
  DIRECTORY_ARRAYS,
  DIRECTORY_BITS_MAX,
  DIRECTORY_HEADER_WORDS,
  layOutControl,
  PAGE_DESCRIPTOR_WORDS,
  placeSharedTable,
  POOL_HEADER_WORDS,
  reserveControl,
  SEGMENT_HEADER_WORDS,
  takeControlWords,
} from "../../src/store/control-memory.ts";
import { usedCountMax } from "../../src/store/shared-table.ts";

const PAGE_COUNT_MAX = 2 ** 18;

describe("layOutControl", () => {
  test("gives places that are integers to the engine, too", () => {
    // In a process of its own, as at a start: what the compiler has made of it is another matter.
    const source = Bun.resolveSync("../../src/store/control-memory.ts", import.meta.dir);
    const script = `
      import { jscDescribe } from "bun:jsc";
      import { layOutControl } from ${JSON.stringify(source)};
      const layout = layOutControl(4096, 10);
      for (const part of [layout, layout.pins, layout.watches]) {
        for (const name of Object.keys(part)) {
          if (typeof part[name] === "number") console.log(name, jscDescribe(part[name]));
        }
      }`;
    const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script]);
    expect(stderr.toString()).toBe("");
    const lines = stdout.toString().trim().split("\n");
    expect(lines).toContain(`directoryBegin Int32: ${layOutControl(4096, 10).directoryBegin}`);
    for (const line of lines) expect(line).toContain(" Int32: ");
  });

  test("puts the parts one behind the other, whatever the numbers", () => {
    for (const pageCount of [2, 3, 100, 4096, PAGE_COUNT_MAX]) {
      for (const segmentBits of [0, 1, 10, 12]) {
        const layout = layOutControl(pageCount, segmentBits);
        const listsBegin = POOL_HEADER_WORDS + COUNT_WORDS;
        const pagesBegin = listsBegin + 3 * BLOCK_LIST_COUNT;
        const pagesEnd = pagesBegin + pageCount * PAGE_DESCRIPTOR_WORDS;
        // Headers of segments lie on one cache line each.
        const segmentsBegin = pagesEnd + (pageCount % 2) * PAGE_DESCRIPTOR_WORDS;
        const segmentsEnd = segmentsBegin + 2 ** segmentBits * SEGMENT_HEADER_WORDS;
        const arrayWords = DIRECTORY_ARRAYS * 2 ** layout.directoryBitsMax;
        expect(layout.countsBegin).toBe(POOL_HEADER_WORDS);
        expect(layout.blockListsBegin).toBe(listsBegin);
        expect(layout.descriptorsBegin).toBe(pagesBegin);
        expect(layout.segmentsBegin).toBe(segmentsBegin);
        expect(layout.segmentsBegin % 16).toBe(0);
        expect(layout.directoryBegin).toBe(segmentsEnd);
        expect(layout.heapBegin).toBe(segmentsEnd + DIRECTORY_HEADER_WORDS + arrayWords);
        expect(layout.wordCount).toBeGreaterThan(layout.heapBegin);
        expect(layout.pins.begin).toBe(layout.wordCount);
        expect(layout.watches.begin).toBe(layout.pins.end);
        expect(layout.sharedWordCount).toBe(layout.watches.end);
        expect(layout.sharedWordCount).toBeLessThan(2 ** 28);
      }
    }
  });

  test("has room in the directory for every segment and for two tables a page", () => {
    for (const pageCount of [2, 3, 100, 4096]) {
      for (const segmentBits of [0, 1, 10, 12]) {
        const { directoryBitsMax } = layOutControl(pageCount, segmentBits);
        expect(directoryBitsMax).toBeGreaterThanOrEqual(segmentBits);
        expect(2 ** directoryBitsMax).toBeGreaterThanOrEqual(2 * pageCount);
        expect(directoryBitsMax).toBeLessThanOrEqual(DIRECTORY_BITS_MAX);
      }
    }
    expect(layOutControl(PAGE_COUNT_MAX, 10).directoryBitsMax).toBe(DIRECTORY_BITS_MAX);
  });

  test("has a place for a pin of every long value, and of half a million others", () => {
    for (const pageCount of [2, 4096, PAGE_COUNT_MAX]) {
      const { slotsLog2 } = layOutControl(pageCount, 10).pins;
      expect(usedCountMax(slotsLog2)).toBeGreaterThanOrEqual(8 * pageCount + 2 ** 19);
    }
  });

  test("refuses more segments than are counted", () => {
    expect(() => layOutControl(2, 13)).toThrow("segments are counted");
    expect(() => layOutControl(2, -1)).toThrow("segments are counted");
  });
});

describe("placeSharedTable", () => {
  test("puts a count for each 64 slots before them", () => {
    const place = placeSharedTable(1000, 10);
    expect(place.groupsBegin).toBe(1016);
    expect(place.slotsBegin).toBe(1016 + 16);
    expect(place.end).toBe(1032 + 4 * 1024);
  });
});

describe("takeControlWords", () => {
  test("hands out zeroed words that do not overlap, until there are none", () => {
    const layout = layOutControl(2, 1);
    const control = new Int32Array(reserveControl(layout));
    const wordsPerTake = 1000;
    let end = layout.heapBegin;
    for (;;) {
      const begin = takeControlWords(control, layout, wordsPerTake);
      if (begin === 0) break;
      expect(begin).toBe(end);
      end = begin + wordsPerTake;
      expect(control.subarray(begin, end).every((word) => word === 0)).toBe(true);
      control.fill(-1, begin, end);
    }
    expect(layout.wordCount - end).toBeLessThan(wordsPerTake);
    expect(takeControlWords(control, layout, layout.wordCount - end + 1)).toBe(0);
    expect(takeControlWords(control, layout, layout.wordCount - end)).toBe(end);
    expect(takeControlWords(control, layout, 1)).toBe(0);
  });
});
