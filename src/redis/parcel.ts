// A value that is received right into the store, in pieces (store/pieces.ts): an argument too long
// for a receive window is put here as it comes, and becomes a key's value without another copy.
//
//   append … append ─▶ link       a key has it
//                   ─▶ discard    nobody has: its memory is given back
//
// When memory is full in the middle, all of it is given back at once: who waits for the rest of an
// argument that cannot be taken must not keep others from taking theirs.

import { emptyChain, type PieceChain } from "../store/pieces.ts";
import type { Store } from "../store/store.ts";
import type { Parcel } from "./keyspace.ts";

export class StoreParcel implements Parcel {
  readonly #store: Store;
  readonly #chain: PieceChain = emptyChain();
  #length = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Bytes appended, also once a key has them. */
  get length(): number {
    return this.#length;
  }

  /** Takes bytes `begin` to `end`. False when memory is full: nothing is kept then. */
  append(bytes: Uint8Array, begin = 0, end = bytes.length): boolean {
    const { locks, pieces } = this.#store;
    locks?.enter();
    const hasRoom = pieces.append(this.#chain, bytes, begin, end);
    locks?.leave();
    if (!hasRoom) {
      this.discard();
      return false;
    }
    this.#length += end - begin;
    return true;
  }

  /** A copy of the bytes, as long as no key has them. */
  bytes(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#chain.length);
    let done = 0;
    this.#store.pieces.forEachStretch(this.#chain, 0, bytes.length, (area, offset, length) => {
      area.bytes.copy(bytes, done, offset, offset + length);
      done += length;
    });
    return bytes;
  }

  /**
   * Makes the bytes the value of a key, which lies in the receive windows, as `Store.set` does. The
   * entry; 0 when memory is full, and the parcel is as it was then.
   */
  link(keyOffset: number, keyLength: number, hash: number, low: number, high: number): number {
    return this.#store.setChain(keyOffset, keyLength, hash, this.#chain, low, high);
  }

  /** Gives back what no key has. */
  discard(): void {
    const { locks, pieces } = this.#store;
    locks?.enter();
    pieces.give(this.#chain);
    locks?.leave();
  }
}
