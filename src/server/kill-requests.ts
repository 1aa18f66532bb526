// Ids of clients that other threads want a thread to close (CLIENT KILL): a ring in shared memory,
// written by any thread and emptied by the one that has the clients, under a lock.
//
//   +------+------+------+---+---------------------+
//   | lock | head | tail | 0 | ids, 8 bytes each   |     head ≤ tail ≤ head + capacity
//   +------+------+------+---+---------------------+

import { lockWord, unlockWord } from "../lib/word-lock.ts";

const LOCK = 0;
const HEAD = 1;
const TAIL = 2;
const HEADER_BYTES = 16;

/** More than a thread has clients in most servers; what does not fit is not killed. */
export const KILL_REQUEST_COUNT_MAX = 16_384;
export const KILL_REQUESTS_BYTES = HEADER_BYTES + 8 * KILL_REQUEST_COUNT_MAX;

export class KillRequests {
  readonly #words: Int32Array;
  readonly #ids: Float64Array;

  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(buffer, offset, HEADER_BYTES / 4);
    this.#ids = new Float64Array(buffer, offset + HEADER_BYTES, KILL_REQUEST_COUNT_MAX);
  }

  /** How many of the ids there was room for. */
  post(ids: readonly number[]): number {
    const words = this.#words;
    lockWord(words, LOCK);
    const tail = words[TAIL]!;
    const room = KILL_REQUEST_COUNT_MAX - ((tail - words[HEAD]!) | 0);
    const count = Math.min(room, ids.length);
    for (let i = 0; i < count; i++) this.#ids[placeOf(tail + i)] = ids[i]!;
    Atomics.store(words, TAIL, tail + count);
    unlockWord(words, LOCK);
    return count;
  }

  /** All ids since the last call. */
  take(): number[] {
    const words = this.#words;
    if (Atomics.load(words, TAIL) === words[HEAD]) return [];
    const ids: number[] = [];
    lockWord(words, LOCK);
    let head = words[HEAD]!;
    for (; head !== words[TAIL]; head = (head + 1) | 0) ids.push(this.#ids[placeOf(head)]!);
    words[HEAD] = head;
    unlockWord(words, LOCK);
    return ids;
  }
}

function placeOf(position: number): number {
  return position & (KILL_REQUEST_COUNT_MAX - 1);
}
