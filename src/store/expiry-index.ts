// Which keys are due, without looking at any key: pairs of (hash, deadline) in buckets by how far
// away they are, a hierarchical timing wheel (Varghese and Lauck, 1987) of one bit per level.
//
//   tick = (deadline − base) / 128 ms
//   bucket b holds the pairs whose tick differs from `lastTick` in bit b − 1 as its highest bit;
//   bucket 0 those of the same tick
//
//   lastTick = 0110 1000     tick 0110 1011 ─▶ bucket 2     tick 1000 0000 ─▶ bucket 8
//
// When time moves on and bit k is the highest that changes, the buckets 0 … k + 1 become *pending*:
// everything in them is due or belongs in a lower bucket now. `runSlice` goes through pending pairs
// a few at a time. A pair is a reminder, not the truth: its entry may be gone or have another
// deadline by now, which is found out when its turn comes. When such stale pairs outnumber the
// entries with deadlines, a sweep makes all pairs pending once and drops the stale ones.
//
// A deadline that is taken away and given again makes another pair that tells the truth; the sweep
// keeps one of them. Each sweep has the opposite *mark* of the one before. A pair has the mark of
// the sweep that met it last in the lowest bit of its hash, which no directory looks at, and its
// entry in a flag: an entry that has the mark of the running sweep already needs no other pair.
//
// A bucket is a list of chunks, blocks of 4 KiB: next chunk, pair count, 2 unused words, then pairs
// of 4 words: hash, tag, deadline low, deadline high. Moving pairs between buckets may need a chunk
// per bucket more than it frees, so that many are kept in reserve and moving never fails.

import { assert } from "../lib/assert.ts";
import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { PURPOSE, type BlockHeap } from "./block-heap.ts";
import { CLASS_SIZES, classOfSize } from "./size-class.ts";

export const TICK_MS = 128;
const TICK_MAX = 2 ** 31 - 1;

const CHUNK_SIZE = 4096;
const CHUNK_CLASS = classOfSize(CHUNK_SIZE);
const CHUNK_NEXT = 0;
const CHUNK_COUNT = 1;
const CHUNK_HEADER_WORDS = 4;
const PAIR_WORDS = 4;
export const PAIRS_PER_CHUNK = (CHUNK_SIZE / 4 - CHUNK_HEADER_WORDS) / PAIR_WORDS;

const BUCKET_COUNT = 33;
const RESERVE_COUNT = BUCKET_COUNT + 1;

/** Stale pairs that are not worth a sweep. */
const STALE_COUNT_MIN = 4096;
const HIGH_WORD = 2 ** 32;

assert(CLASS_SIZES[CHUNK_CLASS] === CHUNK_SIZE, "a chunk fills its block");

/** What the index asks the store about a pair. */
export interface ExpiryTarget {
  /** Removes the entry that the pair stands for, if it still has this deadline. */
  expire(hash: number, tag: number, low: number, high: number): void;
  /** Gives an entry with this hash, this deadline and the other mark this mark. False = none. */
  claim(hash: number, tag: number, low: number, high: number, mark: number): boolean;
}

export class ExpiryIndex {
  readonly #arena: Arena;
  readonly #heap: BlockHeap;
  readonly #target: ExpiryTarget;
  readonly #baseMs: number;
  readonly #heads = new Int32Array(BUCKET_COUNT);
  readonly #tails = new Int32Array(BUCKET_COUNT);
  #pending = 0;
  #reserve = 0;
  #reserveCount = 0;
  #lastTick = 0;
  /** Ahead of `lastTick` while pairs are pending; behind it after the clock was set back. */
  #nowTick = 0;
  #pairCount = 0;
  /** Pairs that the running sweep has still to look at. */
  #sweepCount = 0;
  #mark = 0;

  constructor(arena: Arena, heap: BlockHeap, target: ExpiryTarget, nowMs: number) {
    this.#arena = arena;
    this.#heap = heap;
    this.#target = target;
    this.#baseMs = nowMs;
  }

  get pairCount(): number {
    return this.#pairCount;
  }

  /** The mark, 0 or 1, that an entry must have once its pair has been added. */
  get mark(): number {
    return this.#mark;
  }

  /** Whether there is anything to do before the next deadline. */
  get hasPending(): boolean {
    return this.#pending !== 0;
  }

  /** Makes sure that the next `add` finds room; false when there is no memory. */
  ensureRoom(): boolean {
    while (this.#reserveCount < RESERVE_COUNT) {
      const chunk = this.#heap.allocate(PURPOSE.EXPIRY, CHUNK_CLASS);
      if (chunk === 0) return false;
      this.#giveReserve(chunk);
    }
    return true;
  }

  /** Notes a deadline. `ensureRoom` has answered true since the last call. */
  add(hash: number, tag: number, low: number, high: number): void {
    const bucket = this.#bucketOf(this.#tickOf(low, high));
    this.#put(bucket, withMark(hash, this.#mark), tag, low, high);
    this.#pairCount++;
  }

  /** Moves time on, and starts a sweep when pairs far outnumber the `deadlineCount` entries. */
  advance(nowMs: number, deadlineCount: number): void {
    const tick = Math.min(TICK_MAX, Math.floor((nowMs - this.#baseMs) / TICK_MS));
    this.#nowTick = tick;
    // One move at a time: chunks that are pending and not full would pile up and use up the
    // reserve.
    if (this.#pending !== 0) return;
    if (tick > this.#lastTick) {
      const highest = 32 - Math.clz32(tick ^ this.#lastTick);
      this.#lastTick = tick;
      this.#makePendingUpTo(highest);
    }
    if (this.#pairCount > 2 * deadlineCount + STALE_COUNT_MIN) {
      this.#makePendingUpTo(BUCKET_COUNT - 1);
      this.#sweepCount = this.#pairCount;
      this.#mark ^= 1;
    }
  }

  /** Handles the pending pairs of one chunk. False when nothing is pending. */
  runSlice(): boolean {
    const chunk = this.#pending;
    if (chunk === 0) return false;
    const words = this.#arena.words[chunk >>> BANK_SHIFT]!;
    const begin = wordIndexOf(chunk);
    const count = words[begin + CHUNK_COUNT]!;
    this.#pending = words[begin + CHUNK_NEXT]!;
    for (let i = 0; i < count; i++) {
      const at = begin + CHUNK_HEADER_WORDS + i * PAIR_WORDS;
      this.#handle(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    }
    this.#sweepCount = Math.max(0, this.#sweepCount - count);
    this.#giveReserve(chunk);
    return true;
  }

  /** Copies the tags of the next pending chunk, hashes but in a flood, to be touched; how many. */
  peekHashes(hashes: Int32Array): number {
    if (this.#pending === 0) return 0;
    const words = this.#arena.words[this.#pending >>> BANK_SHIFT]!;
    const begin = wordIndexOf(this.#pending);
    const count = words[begin + CHUNK_COUNT]!;
    for (let i = 0; i < count; i++) {
      hashes[i] = words[begin + CHUNK_HEADER_WORDS + i * PAIR_WORDS + 1]!;
    }
    return count;
  }

  #handle(hash: number, tag: number, low: number, high: number): void {
    const tick = this.#tickOf(low, high);
    if (tick < this.#nowTick) {
      this.#pairCount--;
      this.#target.expire(hash, tag, low, high);
    } else if (this.#sweepCount === 0 || (hash & 1) === this.#mark) {
      this.#put(this.#bucketOf(tick), hash, tag, low, high);
    } else if (this.#target.claim(hash, tag, low, high, this.#mark)) {
      this.#put(this.#bucketOf(tick), withMark(hash, this.#mark), tag, low, high);
    } else {
      this.#pairCount--;
    }
  }

  #tickOf(low: number, high: number): number {
    const deadlineMs = (high >>> 0) * HIGH_WORD + (low >>> 0);
    const tick = Math.floor((deadlineMs - this.#baseMs) / TICK_MS);
    return Math.max(0, Math.min(TICK_MAX, tick));
  }

  #bucketOf(tick: number): number {
    return tick <= this.#lastTick ? 0 : 32 - Math.clz32(tick ^ this.#lastTick);
  }

  #put(bucket: number, hash: number, tag: number, low: number, high: number): void {
    let chunk = this.#heads[bucket]!;
    let words = this.#arena.words[chunk >>> BANK_SHIFT]!;
    if (chunk === 0 || words[wordIndexOf(chunk) + CHUNK_COUNT] === PAIRS_PER_CHUNK) {
      const next = chunk;
      chunk = this.#takeReserve();
      words = this.#arena.words[chunk >>> BANK_SHIFT]!;
      words[wordIndexOf(chunk) + CHUNK_NEXT] = next;
      words[wordIndexOf(chunk) + CHUNK_COUNT] = 0;
      this.#heads[bucket] = chunk;
      if (next === 0) this.#tails[bucket] = chunk;
    }
    const begin = wordIndexOf(chunk);
    const count = words[begin + CHUNK_COUNT]!;
    const at = begin + CHUNK_HEADER_WORDS + count * PAIR_WORDS;
    words[at] = hash;
    words[at + 1] = tag;
    words[at + 2] = low;
    words[at + 3] = high;
    words[begin + CHUNK_COUNT] = count + 1;
  }

  /**
   * The lowest bucket ends up first: what is due goes and leaves its chunks, before the pairs of
   * the highest bucket need one for each bucket below.
   */
  #makePendingUpTo(highest: number): void {
    for (let bucket = highest; bucket >= 0; bucket--) this.#makePending(bucket);
  }

  #makePending(bucket: number): void {
    const head = this.#heads[bucket]!;
    if (head === 0) return;
    const tail = this.#tails[bucket]!;
    this.#arena.words[tail >>> BANK_SHIFT]![wordIndexOf(tail) + CHUNK_NEXT] = this.#pending;
    this.#pending = head;
    this.#heads[bucket] = 0;
    this.#tails[bucket] = 0;
  }

  #takeReserve(): number {
    const chunk = this.#reserve;
    assert(chunk !== 0, "moving pairs never needs more chunks than the reserve has");
    this.#reserve = this.#arena.words[chunk >>> BANK_SHIFT]![wordIndexOf(chunk) + CHUNK_NEXT]!;
    this.#reserveCount--;
    return chunk;
  }

  #giveReserve(chunk: number): void {
    const words = this.#arena.words[chunk >>> BANK_SHIFT]!;
    if (this.#reserveCount >= 2 * RESERVE_COUNT) {
      words[wordIndexOf(chunk)] = 0;
      this.#heap.free(chunk);
      return;
    }
    words[wordIndexOf(chunk) + CHUNK_NEXT] = this.#reserve;
    this.#reserve = chunk;
    this.#reserveCount++;
  }
}

function withMark(hash: number, mark: number): number {
  return (hash & ~1) | mark;
}
