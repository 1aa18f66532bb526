// Segments and the heap below them, without a store: entries are keys alone, and nothing expires.

import { ByteArea } from "../../src/lib/byte-area.ts";
import { BANK_SHIFT, byteOffsetOf, wordIndexOf } from "../../src/store/arena.ts";
import { PURPOSE } from "../../src/store/block-heap.ts";
import { entrySize, keyOffsetIn, KEY_LENGTH_MASK, writeEntry } from "../../src/store/entry.ts";
import { Segments, type SegmentOptions } from "../../src/store/segments.ts";
import { classOfSize } from "../../src/store/size-class.ts";
import { WorkSlices } from "../../src/store/work-slices.ts";
import { HeapFixture } from "./heap-fixture.ts";
import { takeCensus, type Census } from "./table-census.ts";
import { TestClock } from "./test-clock.ts";

const KEY_OFFSET = 5;

export class SegmentsFixture extends HeapFixture {
  readonly segments: Segments;
  readonly slices = new WorkSlices(new TestClock());
  readonly #source = new ByteArea(new ArrayBuffer(2 ** 17));

  constructor(pageCount: number, segmentBits: number, options: Partial<SegmentOptions> = {}) {
    super(pageCount, segmentBits);
    this.segments = new Segments(this.arena, this.control, this.layout, this.heap, this.slices, {
      seed: 1,
      strongKey: [2, 3],
      slotsLog2Min: 6,
      slotsLog2Max: 13,
      ...options,
    });
  }

  hashOf(key: string): number {
    return this.segments.hashOf(this.#source.view, KEY_OFFSET, this.#writeKey(key));
  }

  find(key: string): number {
    const length = this.#writeKey(key);
    const hash = this.segments.hashOf(this.#source.view, KEY_OFFSET, length);
    return this.segments.find(this.#source.view, KEY_OFFSET, length, hash);
  }

  /** The entry of a new key, 0 = no memory. */
  add(key: string): number {
    const length = this.#writeKey(key);
    const hash = this.segments.hashOf(this.#source.view, KEY_OFFSET, length);
    this.segments.find(this.#source.view, KEY_OFFSET, length, hash);
    if (!this.segments.ensureSlot(this.#source.view, KEY_OFFSET, length, hash)) return 0;
    const reference = this.allocate(key);
    if (reference !== 0) this.segments.link(hash, reference);
    return reference;
  }

  /** An entry that is in no table, 0 = no memory. */
  allocate(key: string): number {
    const length = this.#writeKey(key);
    const classIndex = classOfSize(entrySize(length, 0, false));
    const reference = this.heap.allocate(PURPOSE.ENTRY, classIndex);
    if (reference === 0) return 0;
    writeEntry(this.arena, reference, classIndex, this.#source, KEY_OFFSET, length, 0, false);
    return reference;
  }

  remove(key: string): void {
    const hash = this.hashOf(key);
    this.heap.free(this.find(key));
    this.segments.remove(hash);
  }

  keyOf(reference: number): string {
    const header = this.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    const begin = byteOffsetOf(reference) + keyOffsetIn(header);
    const end = begin + (header & KEY_LENGTH_MASK);
    return this.arena.areas[reference >>> BANK_SHIFT]!.bytes.toString("latin1", begin, end);
  }

  census(): Census {
    return takeCensus(this.arena, this.control, this.layout);
  }

  #writeKey(key: string): number {
    return this.#source.bytes.write(key, KEY_OFFSET, "latin1");
  }
}
