// A lock in a word of shared memory, for parts that are short: 0 free, 1 held, 2 held and somebody
// sleeps (U. Drepper, "Futexes are tricky", 2011, mutex 2). Waiting spins for a bounded time and
// then sleeps, so that a holder who has lost its processor gets it back.

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** Looks at a lock before its waiter sleeps: a few microseconds. */
const SPIN_COUNT = 200;

/** Not to be taken twice by one thread. */
export function lockWord(words: Int32Array, index: number): void {
  if (Atomics.compareExchange(words, index, FREE, HELD) !== FREE) wait(words, index);
}

export function unlockWord(words: Int32Array, index: number): void {
  if (Atomics.exchange(words, index, FREE) === CONTENDED) Atomics.notify(words, index, 1);
}

function wait(words: Int32Array, index: number): void {
  for (let i = 0; i < SPIN_COUNT; i++) {
    if (Atomics.load(words, index) !== FREE) continue;
    if (Atomics.compareExchange(words, index, FREE, HELD) === FREE) return;
  }
  while (Atomics.exchange(words, index, CONTENDED) !== FREE) Atomics.wait(words, index, CONTENDED);
}
