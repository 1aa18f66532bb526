// Who may touch which part of a store that several threads share. Each thread has its own
// StoreLocks over the same control memory; a store with one thread has none and takes no locks.
//
//   the short way    one segment                      GET, SET over an entry that fits
//   the ordinary way the structure, then segments     whatever allocates, frees, links or moves
//
// A *segment* lock guards the tables and entries of the keys whose hashes begin with its number.
// The *structure* lock guards everything that segments share: page pool, block lists, directories,
// counts, pins, watches. Whoever has the structure may take any segment in any order, because
// nobody else ever waits for anything while holding a segment; several keys are taken in ascending
// order all the same. A thread with the structure that meets a key of another segment on its way
// (an expired key, an entry that is moved) takes that segment as well (`alsoSegment`).
//
// Nothing blocks while a lock is held but another lock: no disk, no ring, no socket.
//
// A lock word counts: it is odd while somebody has the lock, and another even number whenever what
// it guards may have changed. So who only reads can do without: look, read, look again (a sequence
// lock; src/command/locked-rows.ts). The word after it counts who sleeps. Waiting spins for a
// bounded time and then sleeps, so that a holder who has lost its processor gets it back.

import { assert } from "../lib/assert.ts";
import { loadWord } from "../lib/shared-word.ts";
import { SEGMENT_HEADER_WORDS, STRUCTURE_LOCK, type ControlLayout } from "./control-memory.ts";

/** From a lock's word to the word that counts who sleeps for it. */
const SLEEPERS = 1;

/** Looks at a lock, each by a plain load, before its waiter sleeps: a few microseconds. */
const SPIN_COUNT = 2000;

export class StoreLocks {
  /** Locks that were not free at once, and those that were slept for. */
  waitCount = 0;
  sleepCount = 0;
  /** Times that the structure was taken, and that all segments were. */
  structureCount = 0;
  allCount = 0;
  readonly segmentCount: number;
  /**
   * The lock word of a hash's segment: `segmentsBegin + (hash >>> shift) * SEGMENT_HEADER_WORDS`.
   */
  readonly control: Int32Array;
  readonly segmentsBegin: number;
  readonly shift: number;
  /** The short way: the segment of a hash, and nothing else until `unlockSegment`. */
  readonly lockSegment: (hash: number) => void;
  /** The same, unless somebody has it: false then. */
  readonly tryLockSegment: (hash: number) => boolean;
  readonly unlockSegment: (hash: number) => void;
  readonly #isHeld: Uint8Array;
  readonly #held: Int32Array;
  #heldCount = 0;
  #depth = 0;

  constructor(control: Int32Array, layout: ControlLayout) {
    this.segmentCount = 2 ** layout.segmentBits;
    this.control = control;
    this.segmentsBegin = layout.segmentsBegin;
    this.shift = 32 - layout.segmentBits;
    this.#isHeld = new Uint8Array(this.segmentCount);
    this.#held = new Int32Array(this.segmentCount);
    const { segmentsBegin, shift } = this;
    // Closures over constants: see src/command/fast-commands.ts.
    this.lockSegment = (hash) => {
      const word = segmentsBegin + (hash >>> shift) * SEGMENT_HEADER_WORDS;
      if (!tryLock(control, word)) this.#wait(word);
    };
    this.tryLockSegment = (hash) =>
      tryLock(control, segmentsBegin + (hash >>> shift) * SEGMENT_HEADER_WORDS);
    this.unlockSegment = (hash) => {
      unlock(control, segmentsBegin + (hash >>> shift) * SEGMENT_HEADER_WORDS);
    };
  }

  /** Whether this thread has the structure. */
  get hasStructure(): boolean {
    return this.#depth > 0;
  }

  /** The structure; may be taken again by who has it. Every `enter…` needs its `leave`. */
  enter(): void {
    if (this.#depth++ > 0) return;
    this.structureCount++;
    this.#lock(STRUCTURE_LOCK);
  }

  /** The structure and the segment of a hash. */
  enterKey(hash: number): void {
    this.enter();
    this.alsoSegment(hash >>> this.shift);
  }

  /** The structure and the segments of hashes `begin` to `end`. */
  enterKeys(hashes: Int32Array, begin: number, end: number): void {
    this.enter();
    if (end - begin === 1) {
      this.alsoSegment(hashes[begin]! >>> this.shift);
      return;
    }
    const segments = hashes.slice(begin, end);
    for (let i = 0; i < segments.length; i++) segments[i] = segments[i]! >>> this.shift;
    for (const segment of segments.sort()) this.alsoSegment(segment);
  }

  /** The structure and all segments. */
  enterAll(): void {
    this.enter();
    this.alsoAll();
  }

  /** With the structure: another segment, until the last `leave` or `leaveSegments`. */
  alsoSegment(segment: number): void {
    assert(this.#depth > 0, "who takes several segments has the structure");
    if (this.#isHeld[segment] === 1) return;
    this.#lock(this.segmentsBegin + segment * SEGMENT_HEADER_WORDS);
    this.#isHeld[segment] = 1;
    this.#held[this.#heldCount++] = segment;
  }

  /** With the structure: the segment of a hash. */
  alsoKey(hash: number): void {
    this.alsoSegment(hash >>> this.shift);
  }

  /** With the structure: every segment. */
  alsoAll(): void {
    if (this.#heldCount === this.segmentCount) return;
    this.allCount++;
    for (let segment = 0; segment < this.segmentCount; segment++) this.alsoSegment(segment);
  }

  leave(): void {
    assert(this.#depth > 0, "who leaves has entered");
    if (this.#depth === 1) {
      this.leaveSegments();
      unlock(this.control, STRUCTURE_LOCK);
    }
    this.#depth--;
  }

  /** Gives the segments back and keeps the structure. */
  leaveSegments(): void {
    for (let i = this.#heldCount - 1; i >= 0; i--) {
      const segment = this.#held[i]!;
      this.#isHeld[segment] = 0;
      unlock(this.control, this.segmentsBegin + segment * SEGMENT_HEADER_WORDS);
    }
    this.#heldCount = 0;
  }

  #lock(word: number): void {
    if (!tryLock(this.control, word)) this.#wait(word);
  }

  #wait(word: number): void {
    this.waitCount++;
    const { control } = this;
    for (let i = 0; i < SPIN_COUNT; i++) if (tryLock(control, word)) return;
    this.sleepCount++;
    // Counted before it looks again: who unlocks after that look sees it, or is seen.
    Atomics.add(control, word + SLEEPERS, 1);
    while (!tryLock(control, word)) {
      const seen = Atomics.load(control, word);
      if ((seen & 1) !== 0) Atomics.wait(control, word, seen);
    }
    Atomics.sub(control, word + SLEEPERS, 1);
  }
}

function tryLock(control: Int32Array, word: number): boolean {
  const seen = loadWord(control, word);
  if ((seen & 1) !== 0) return false;
  return Atomics.compareExchange(control, word, seen, (seen + 1) | 0) === seen;
}

function unlock(control: Int32Array, word: number): void {
  Atomics.add(control, word, 1);
  if (loadWord(control, word + SLEEPERS) !== 0) Atomics.notify(control, word, 1);
}
