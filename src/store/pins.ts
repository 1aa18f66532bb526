// Entries whose value is being sent from where it lies. While an entry is pinned, its block is
// neither written nor freed nor moved: a writer unlinks it and writes elsewhere, and the last
// `unpin` frees what nobody refers to any more.
//
// Threads that share a store share their pins, and whoever calls anything here has the structure
// then. The short ways have not, and look at the flag with the entry's segment locked: it is set
// under both locks. They never write a header, so that clearing it takes the structure alone.

import { assert } from "../lib/assert.ts";
import { BANK_SHIFT, wordIndexOf, type Arena } from "./arena.ts";
import { FLAG_PINNED } from "./entry.ts";
import { LocalPins, PIN_END, type PinTable } from "./pin-table.ts";
import type { Segments } from "./segments.ts";
import { SharedPins } from "./shared-pins.ts";
import type { SharedMemory } from "./shared-table.ts";

export interface PinSharing extends SharedMemory {
  readonly segments: Segments;
}

export class Pins {
  readonly #arena: Arena;
  readonly #shared: PinSharing | null;
  readonly #table: PinTable;

  /** `shared`: where all threads see it; null = there is one thread. */
  constructor(arena: Arena, shared: PinSharing | null = null) {
    this.#arena = arena;
    this.#shared = shared;
    this.#table = shared === null ? new LocalPins() : new SharedPins(shared);
  }

  /** Entries that are pinned, by whatever thread. */
  get count(): number {
    return this.#table.count;
  }

  has(reference: number): boolean {
    return this.#table.has(reference);
  }

  pin(reference: number): void {
    if (this.#table.add(reference) > 1) return;
    const shared = this.#shared;
    if (shared !== null) shared.locks.alsoKey(shared.segments.hashOfEntry(reference));
    this.#words(reference)[wordIndexOf(reference)]! |= FLAG_PINNED;
  }

  /** Notes that a pinned entry has been unlinked. */
  orphan(reference: number): void {
    assert(this.#table.orphan(reference), "a block with the pinned flag has a pin");
  }

  /** Ends one `pin`. True when the caller must free the block. */
  unpin(reference: number): boolean {
    const end = this.#table.remove(reference);
    assert(end !== PIN_END.UNKNOWN, "a pin is ended once");
    if (end === PIN_END.OTHERS_LEFT) return false;
    this.#words(reference)[wordIndexOf(reference)]! &= ~FLAG_PINNED;
    return end === PIN_END.LAST_OF_ORPHAN;
  }

  #words(reference: number): Int32Array {
    return this.#arena.words[reference >>> BANK_SHIFT]!;
  }
}
