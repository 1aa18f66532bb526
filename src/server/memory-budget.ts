// What the memory limit leaves for the pages of the store: the limit is for the whole server, and
// the windows that data threads have touched are paid from it first.
//
//   |  limit  |  windows of thread 0  |  windows of thread 1  |  …      64-bit words, shared
//
// Each thread writes its own word and sums all. One that has summed before another has written may
// set a pool's limit that is out of date; it sums again at its next tick, and then sets it right.

import { PAGE_SIZE } from "../store/arena.ts";
import type { DataThreadOptions } from "./data-thread.ts";
import { ONLY_THREAD } from "./thread-setup.ts";

const LIMIT = 0;
const WINDOWS_BEGIN = 1;

export class MemoryBudget {
  readonly #words: BigInt64Array;
  readonly #ownWord: number;
  #pageCount: number;

  static reserve(maxBytes: number, threadCount: number): SharedArrayBuffer {
    const wordCount = WINDOWS_BEGIN + threadCount;
    const buffer = new SharedArrayBuffer(wordCount * BigInt64Array.BYTES_PER_ELEMENT);
    new BigInt64Array(buffer)[LIMIT] = BigInt(maxBytes);
    return buffer;
  }

  constructor(buffer: SharedArrayBuffer, threadIndex: number) {
    this.#words = new BigInt64Array(buffer);
    this.#ownWord = WINDOWS_BEGIN + threadIndex;
    this.#pageCount = this.#countStorePages();
  }

  /** The limit, which any thread may change for all. */
  get maxBytes(): number {
    return Number(Atomics.load(this.#words, LIMIT));
  }

  set maxBytes(bytes: number) {
    Atomics.store(this.#words, LIMIT, BigInt(bytes));
  }

  /** Bytes of windows that all threads have touched. */
  get windowBytes(): number {
    let bytes = 0;
    for (let word = WINDOWS_BEGIN; word < this.#words.length; word++) {
      bytes += Number(Atomics.load(this.#words, word));
    }
    return bytes;
  }

  /** Says how much this thread's windows have come to use. */
  payForWindows(bytes: number): void {
    Atomics.store(this.#words, this.#ownWord, BigInt(bytes));
  }

  /** Hands on how many pages the store may have, where that is not what was handed on before. */
  settle(setLimit: (pageCount: number) => void): void {
    const pageCount = this.#countStorePages();
    if (pageCount === this.#pageCount) return;
    this.#pageCount = pageCount;
    setLimit(pageCount);
  }

  #countStorePages(): number {
    return Math.max(0, Math.floor((this.maxBytes - this.windowBytes) / PAGE_SIZE));
  }
}

/** A thread's view; of one that is alone, over memory of its own. */
export function openMemoryBudget(options: DataThreadOptions): MemoryBudget {
  const { index, count } = options.threads ?? ONLY_THREAD;
  const buffer = options.memoryBudget ?? MemoryBudget.reserve(options.maxMemoryBytes, count);
  return new MemoryBudget(buffer, index);
}
