// Long values in replies that do not go to a socket: to another thread, or to where a connection's
// replies are put in order. The value stays where it is; its reference and its pin go on.
//
//   window:   | head of the reply | its end |        the value belongs at `split`
//             base              split       end
//
// The send windows hand such a reply to their transport in regions, and the transport of virtual
// connections is this.

import type { SendRegion, SendWindows } from "../batch/send-windows.ts";
import type { Store } from "../store/store.ts";

export interface Splice {
  /** Entry, with a pin of its own; 0 = the reply lies in its window as it is. */
  reference: number;
  split: number;
}

export class Splices {
  readonly #sends: SendWindows;
  readonly #store: Store;
  readonly #taken: Splice = { reference: 0, split: 0 };

  constructor(sends: SendWindows, store: Store) {
    this.#sends = sends;
    this.#store = store;
  }

  /**
   * What is special about the reply of a virtual connection: the only one there is, whose own bytes
   * lie in the window from `base` on. Valid until the next call.
   */
  take(connection: number, base: number): Readonly<Splice> {
    const taken = this.#taken;
    taken.reference = 0;
    const windowBytes = this.#sends.ends[connection]! - base;
    if (this.#sends.unsentBytes(connection) !== windowBytes) this.#sends.flush(connection);
    return taken;
  }

  /** The transport's part of `take`; all bytes are taken. */
  sendRegions(regions: readonly SendRegion[]): number {
    const taken = this.#taken;
    let length = 0;
    for (const region of regions) {
      if (region.reference !== 0) taken.reference = region.reference;
      length += region.length;
    }
    taken.split = regions[0]!.length;
    // Nothing is written: the thread that writes it to a socket counts it.
    this.#sends.sentBytes -= length;
    this.#sends.vectoredCount--;
    // The send windows end their own pin.
    const { locks, pins } = this.#store;
    locks?.enter();
    pins.pin(taken.reference);
    locks?.leave();
    return length;
  }

  /** Ends the pin of a reply that nobody gets. */
  drop(reference: number): void {
    if (reference !== 0) this.#store.unpin(reference);
  }
}
