// The bytes of values, wherever they lie: behind the key in the entry's block, or in pieces
// (pieces.ts). For all who do not know beforehand that a value is short.

import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, byteOffsetOf, wordIndexOf, type Arena } from "./arena.ts";
import { FLAG_PINNED, isInPieces, valueOffsetIn } from "./entry.ts";
import type { PieceChain, Pieces, StretchVisitor } from "./pieces.ts";

export class Values {
  readonly #arena: Arena;
  readonly #pieces: Pieces;

  constructor(arena: Arena, pieces: Pieces) {
    this.#arena = arena;
    this.#pieces = pieces;
  }

  /** Bytes of an entry's value. */
  length(reference: number): number {
    return this.#words(reference)[wordIndexOf(reference) + 1]!;
  }

  /** Whether an entry's value lies in pieces. */
  isInPieces(reference: number): boolean {
    const words = this.#words(reference);
    const word = wordIndexOf(reference);
    return isInPieces(words[word]!, words[word + 1]!);
  }

  /**
   * Whether a value can be written over where it lies, from `position` on: it is in pieces, and
   * what is being sent of it lies before.
   */
  canOverwrite(reference: number, position: number): boolean {
    if (!this.isInPieces(reference)) return false;
    const isPinned = (this.#words(reference)[wordIndexOf(reference)]! & FLAG_PINNED) !== 0;
    return !isPinned || position >= this.length(reference);
  }

  /** Visits bytes `begin` to `end` of an entry's value, which has them, where they lie. */
  forEachStretch(reference: number, begin: number, end: number, visit: StretchVisitor): void {
    if (this.isInPieces(reference)) {
      this.#pieces.forEachStretch(this.chain(reference), begin, end, visit);
    } else if (begin < end) {
      visit(this.#area(reference), this.#offset(reference) + begin, end - begin);
    }
  }

  /** A copy of bytes `begin` to `end` of an entry's value, which has them. */
  bytes(reference: number, begin: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(end - begin);
    let done = 0;
    this.forEachStretch(reference, begin, end, (area, offset, length) => {
      area.bytes.copy(bytes, done, offset, offset + length);
      done += length;
    });
    return bytes;
  }

  /** The pieces of an entry that has some. */
  chain(reference: number): PieceChain {
    const { view } = this.#area(reference);
    const offset = this.#offset(reference);
    const first = view.getInt32(offset, true);
    return { first, last: view.getInt32(offset + 4, true), length: this.length(reference) };
  }

  /** Makes the pieces of a chain those of an entry that has the place for them. */
  setChain(reference: number, chain: PieceChain): void {
    const { view } = this.#area(reference);
    const offset = this.#offset(reference);
    view.setInt32(offset, chain.first, true);
    view.setInt32(offset + 4, chain.last, true);
    this.#setLength(reference, chain.length);
  }

  /** Makes an entry forget its pieces, which have another owner now: its value is empty. */
  forgetChain(reference: number): void {
    this.#setLength(reference, 0);
  }

  /** Writes a value into the block of an entry that has the room. */
  setInline(reference: number, source: Uint8Array): void {
    this.#area(reference).bytes.set(source, this.#offset(reference));
    this.#setLength(reference, source.length);
  }

  #setLength(reference: number, length: number): void {
    this.#words(reference)[wordIndexOf(reference) + 1] = length;
  }

  /** Where the value's place begins in the area of its bank. */
  #offset(reference: number): number {
    return byteOffsetOf(reference) + valueOffsetIn(this.#words(reference)[wordIndexOf(reference)]!);
  }

  #area(reference: number): ByteArea {
    return this.#arena.areas[reference >>> BANK_SHIFT]!;
  }

  #words(reference: number): Int32Array {
    return this.#arena.words[reference >>> BANK_SHIFT]!;
  }
}
