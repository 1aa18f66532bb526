// How many clients all data threads of a server have together: one shared word. A thread counts a
// client before it takes it and again when it has gone, so there are never more than allowed.

const COUNT = 0;

export class ClientCount {
  readonly max: number;
  readonly #words: Int32Array;

  static reserve(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(max: number, buffer: SharedArrayBuffer) {
    this.max = max;
    this.#words = new Int32Array(buffer);
  }

  get count(): number {
    return Atomics.load(this.#words, COUNT);
  }

  /** Counts a client in; false when there are as many as allowed. */
  enter(): boolean {
    if (Atomics.add(this.#words, COUNT, 1) < this.max) return true;
    Atomics.sub(this.#words, COUNT, 1);
    return false;
  }

  leave(): void {
    Atomics.sub(this.#words, COUNT, 1);
  }
}
