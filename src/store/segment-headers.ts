// What each segment knows of itself, in control memory, 16 words (one cache line) a segment:
//
//   0 lock, 1 who sleeps for it (store-locks.ts), 2 keys, 15 written by who will lock it soon
//
// A segment is the unit of locking and of the log: the keys whose hashes begin with its number.

import { SEGMENT_HEADER_WORDS, type ControlLayout } from "./control-memory.ts";

/** Words of a segment's header. */
const KEYS = 2;
/** What is written there says nothing: it has the line come to the writer's processor. */
export const SEGMENT_TOUCH = 15;

export class SegmentHeaders {
  readonly bits: number;
  readonly #control: Int32Array;
  readonly #begin: number;

  constructor(control: Int32Array, layout: ControlLayout) {
    this.bits = layout.segmentBits;
    this.#control = control;
    this.#begin = layout.segmentsBegin;
  }

  get count(): number {
    return 2 ** this.bits;
  }

  /** Keys of all segments. */
  get keyCount(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) {
      sum += this.#control[this.#begin + i * SEGMENT_HEADER_WORDS + KEYS]!;
    }
    return sum;
  }

  /** Counts keys more or less in the segment that a hash belongs to. */
  countKeys(hash: number, change: number): void {
    const segment = hash >>> (32 - this.bits);
    this.#control[this.#begin + segment * SEGMENT_HEADER_WORDS + KEYS]! += change;
  }
}
