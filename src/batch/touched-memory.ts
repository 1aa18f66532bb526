// How much of the windows is committed: the system gives memory page by page as it is first
// written, and keeps it committed when the window passes to another connection.

const SYSTEM_PAGE_SIZE = 4096;

export class TouchedMemory {
  readonly #highWater: Int32Array;
  bytes = 0;

  constructor(windowCount: number) {
    this.#highWater = new Int32Array(windowCount);
  }

  /** Notes that a window has been written up to `length` bytes from its begin. */
  note(window: number, length: number): void {
    const known = this.#highWater[window]!;
    if (length <= known) return;
    const reached = Math.ceil(length / SYSTEM_PAGE_SIZE) * SYSTEM_PAGE_SIZE;
    this.bytes += reached - known;
    this.#highWater[window] = reached;
  }
}
