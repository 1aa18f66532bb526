// What the main thread, which writes snapshots, tells the data thread, which walks for them. The
// other direction has messages; a data thread in the kernel hears none.
//
//   word  0      outcome of the snapshot at hand, of OUTCOME
//         1      how far a new epoch of the log has come after a failure, of RESTART
//         2 + i  1 = chunk i is being written, 0 = it is the data thread's

export const OUTCOME = { RUNNING: 0, DONE: 1, FAILED: 2 } as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

export const RESTART = { NONE: 0, ENDED: 1, STARTED: 2, FAILED: 3 } as const;
export type Restart = (typeof RESTART)[keyof typeof RESTART];

const OUTCOME_WORD = 0;
const RESTART_WORD = 1;
const FIRST_CHUNK_WORD = 2;

export class SnapshotControl {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  static reserve(chunkCount: number): SharedArrayBuffer {
    return new SharedArrayBuffer((FIRST_CHUNK_WORD + chunkCount) * Int32Array.BYTES_PER_ELEMENT);
  }

  get outcome(): Outcome {
    return Atomics.load(this.#words, OUTCOME_WORD) as Outcome;
  }

  set outcome(outcome: Outcome) {
    Atomics.store(this.#words, OUTCOME_WORD, outcome);
  }

  get restart(): Restart {
    return Atomics.load(this.#words, RESTART_WORD) as Restart;
  }

  set restart(restart: Restart) {
    Atomics.store(this.#words, RESTART_WORD, restart);
  }

  isBusy(chunk: number): boolean {
    return Atomics.load(this.#words, FIRST_CHUNK_WORD + chunk) !== 0;
  }

  setBusy(chunk: number, isBusy: boolean): void {
    Atomics.store(this.#words, FIRST_CHUNK_WORD + chunk, isBusy ? 1 : 0);
  }
}
