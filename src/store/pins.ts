// Entries whose value is being sent from where it lies. While an entry is pinned, its block is
// neither written nor freed nor moved: a writer unlinks it and writes elsewhere, and the last
// `unpin` frees what nobody refers to any more.
//
// Only values long enough for a vectored write are ever pinned, so a map of objects is cheap here.

import { assert } from "../lib/assert.ts";
import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { FLAG_PINNED } from "./entry.ts";

interface Pin {
  count: number;
  /** Unlinked meanwhile: the block goes back with the last pin. */
  isOrphan: boolean;
}

export class Pins {
  readonly #arena: Arena;
  readonly #pins = new Map<number, Pin>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  get count(): number {
    return this.#pins.size;
  }

  has(reference: number): boolean {
    return this.#pins.has(reference);
  }

  pin(reference: number): void {
    const pin = this.#pins.get(reference);
    if (pin !== undefined) {
      pin.count++;
      return;
    }
    this.#pins.set(reference, { count: 1, isOrphan: false });
    this.#words(reference)[wordIndexOf(reference)]! |= FLAG_PINNED;
  }

  /** Notes that a pinned entry has been unlinked. */
  orphan(reference: number): void {
    const pin = this.#pins.get(reference);
    assert(pin !== undefined, "a block with the pinned flag has a pin");
    pin.isOrphan = true;
  }

  /** Ends one `pin`. True when the caller must free the block. */
  unpin(reference: number): boolean {
    const pin = this.#pins.get(reference);
    assert(pin !== undefined, "a pin is ended once");
    if (--pin.count > 0) return false;
    this.#pins.delete(reference);
    this.#words(reference)[wordIndexOf(reference)]! &= ~FLAG_PINNED;
    return pin.isOrphan;
  }

  #words(reference: number): Int32Array {
    return this.#arena.words[reference >>> BANK_SHIFT]!;
  }
}
