// What the main thread asks of a data thread, in shared memory: one word of request bits and a
// doorbell that wakes the thread's engine so that it looks. A message alone would not do for every
// engine, because a thread that waits in the kernel for its sockets handles no messages.
//
//   main: set the bit, then ring          data thread: on every ring, take all bits at once

const REQUESTS = 0;

export const REQUEST = { STOP: 1 } as const;
export type Request = (typeof REQUEST)[keyof typeof REQUEST];

export class Mailbox {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  post(request: Request, ring: () => void): void {
    Atomics.or(this.#words, REQUESTS, request);
    ring();
  }

  /** All requests since the last call, as bits. */
  take(): number {
    return Atomics.exchange(this.#words, REQUESTS, 0);
  }
}
