// Waiting for what somebody else changes, and says that it has.

import { failLate } from "./wait-until.ts";

export class ChangeSignal {
  #wake: () => void = () => {};

  /** Something has changed; whoever waits looks again. */
  notify(): void {
    this.#wake();
  }

  /** Fails when it is late, with what it was for. */
  async until(condition: () => boolean, what: () => string): Promise<void> {
    const late = failLate(what);
    try {
      while (!condition()) {
        const change = new Promise<void>((resolve) => (this.#wake = resolve));
        await Promise.race([change, late.promise]);
      }
    } finally {
      late.cancel();
    }
  }
}
