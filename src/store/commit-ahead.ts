// Has the system commit the arena's memory before the store reaches it, from another thread.
//
//   | pages handed out | committed ahead: AHEAD_SIZE | reserved, not committed |
//   0               fresh                         committed
//
// The first write to memory has the kernel clear it, 2 MiB at a time where it uses huge pages. On a
// virtual machine whose host has to find that memory first, one such write was measured to take 2
// to 7 ms: too long for the thread that answers requests, and nothing to the main thread, which has
// nothing else to do. What this thread touches it leaves as it is.

import { BANK_SIZE, HUGE_PAGE_SIZE, PAGE_SIZE, type Arena } from "./arena.ts";
import { freshPage } from "./page-pool.ts";

/** At 2.5 million new keys a second, 90 ms of growth. */
export const AHEAD_SIZE = 8 * HUGE_PAGE_SIZE;

const SYSTEM_PAGE_WORDS = 4096 / Int32Array.BYTES_PER_ELEMENT;

export class CommitAhead {
  readonly #arena: Arena;
  readonly #control: Int32Array;
  readonly #sizeBytes: number;
  #committedBytes = 0;

  constructor(arena: Arena, control: Int32Array) {
    this.#arena = arena;
    this.#control = control;
    this.#sizeBytes = arena.pageCount * PAGE_SIZE;
  }

  get committedBytes(): number {
    return this.#committedBytes;
  }

  /** Commits up to one huge page. False when the store is far enough from the end of it. */
  step(): boolean {
    const freshBytes = freshPage(this.#control) * PAGE_SIZE;
    const wanted = Math.min(freshBytes + AHEAD_SIZE, this.#sizeBytes);
    if (this.#committedBytes >= wanted) return false;
    // What the store has touched in the meantime needs no help.
    const begin = Math.max(this.#committedBytes, freshBytes - (freshBytes % HUGE_PAGE_SIZE));
    const end = Math.min(begin + HUGE_PAGE_SIZE, this.#sizeBytes);
    const words = this.#arena.words[Math.floor(begin / BANK_SIZE)]!;
    const endWord = ((end - 1) % BANK_SIZE) / Int32Array.BYTES_PER_ELEMENT;
    let word = (begin % BANK_SIZE) / Int32Array.BYTES_PER_ELEMENT;
    // Adding nothing is a write to the kernel, and to a thread that has got there first it is none.
    for (; word <= endWord; word += SYSTEM_PAGE_WORDS) Atomics.add(words, word, 0);
    this.#committedBytes = end;
    return true;
  }
}
