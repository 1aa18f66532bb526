// The words in shared memory through which data threads and a WAL thread talk.
//
// In front of every ring (wal-buffer.ts), each thread's words in a cache line of its own:
//
//   word   0  published      producer   where the next record begins that nobody has seen yet
//          1  sync requests  producer   counts: everything published so far is to be synced soon
//          2  awaited        both       the producer waits for progress and wants to be rung
//          3  records begun  producer   counts: records up to what is published next
//          4  records ended  producer   the same, afterwards; equal = that is what is published
//         16  released       consumer   up to where the room may be used again
//         17  written        consumer   what a death of the process cannot take any more
//         18  synced         consumer   what a death of the machine cannot take any more
//         19  failure        consumer   0, or an index in WAL_FAILURES + 1; nothing moves any more
//         20  wake records   consumer   how many records have to be there before it wants to wake
//         32  lock           producers  of a ring with several (joined-producer.ts): word-lock.ts
//         33  head           producers  where the next record begins, published or not
//         34  head high      producers  the head's position / 2^32
//         35  records        producers  counts: records up to the head
//
// Positions are counts of bytes below 2^53, and words have 32 bits: a word is its position modulo
// 2^32. Each side knows a position of its own in full and takes the other's as a distance from it,
// which is below 2^32: a ring has at most 1 GiB, and the WAL thread syncs at the latest when
// SYNC_LAG_MAX bytes have been written (wal-writer.ts).
//
// For every WAL thread, which may serve several rings, one doorbell:
//
//   word   0  sleeping       1 = it is to be notified
//          1  calls          counts: a message for it will be posted, so it has to leave its loop

import { assert } from "../lib/assert.ts";

export const CONTROL_SIZE = 256;

export const PUBLISHED = 0;
export const SYNC_REQUESTS = 1;
export const AWAITED = 2;
export const RECORDS_BEGUN = 3;
export const RECORDS_ENDED = 4;
export const RELEASED = 16;
export const WRITTEN = 17;
export const SYNCED = 18;
export const FAILURE = 19;
export const WAKE_RECORDS = 20;
export const PRODUCER_LOCK = 32;
export const HEAD = 33;
export const HEAD_HIGH = 34;
export const RECORDS = 35;

/** Bytes that may be written and not synced, whatever the policy. */
export const SYNC_LAG_MAX = 2 ** 30;

/** Names of errors that a disk fails with; any other counts as the first. */
const WAL_FAILURES = [
  "EIO",
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EFBIG",
  "EACCES",
  "EPERM",
  "EMFILE",
  "ENFILE",
  "ENOENT",
  "EEXIST",
  "ENOMEM",
] as const;

/** What the failure word holds for an error's name. */
export function failureOf(code: string): number {
  return Math.max(0, (WAL_FAILURES as readonly string[]).indexOf(code)) + 1;
}

/** The error's name, for a failure word that is not 0. */
export function failureName(failure: number): string {
  const name = WAL_FAILURES[failure - 1];
  assert(name !== undefined, "a failure word has a name");
  return name;
}

export const SLEEPING = 0;
const CALLS = 1;

/** How a WAL thread is woken; each thread makes its own over the same buffer. */
export class WalDoorbell {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
  }

  /** Of any thread. */
  wake(): void {
    if (Atomics.exchange(this.words, SLEEPING, 0) !== 0) Atomics.notify(this.words, SLEEPING);
  }

  /** Of the main thread, before it posts a message to the WAL thread. */
  call(): void {
    Atomics.add(this.words, CALLS, 1);
    this.wake();
  }

  /** Messages so far, modulo 2^32. */
  callCount(): number {
    return Atomics.load(this.words, CALLS);
  }

  /**
   * Of the WAL thread: waits until it is woken, at most as long as `lookAgain` answers, in ms.
   * Whoever publishes first publishes and then looks whether the thread sleeps; the thread first
   * says that it sleeps and then looks. So one of them sees the other.
   */
  sleep(lookAgain: () => number): void {
    Atomics.store(this.words, SLEEPING, 1);
    const timeoutMs = lookAgain();
    if (timeoutMs > 0) Atomics.wait(this.words, SLEEPING, 1, timeoutMs);
    Atomics.store(this.words, SLEEPING, 0);
  }
}
