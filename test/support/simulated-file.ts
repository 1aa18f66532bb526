// A file of the simulated disk: what is durable, what is written, and what a crash leaves of it.
//
// At a crash some of its last changes have happened in full (from none to all); of the writes
// behind them every block of 512 bytes is there or not by chance, or one write is torn at any byte
// and the rest has not happened; blocks within the file's length that were lost are zeroes or
// noise.

import type { Random } from "./random.ts";

const BLOCK_SIZE = 512;

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** Bytes that grow; those between are zeroes. */
class Content {
  #bytes: Uint8Array;
  length: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = new Uint8Array(bytes);
    this.length = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.length, offset + bytes.length));
    this.#bytes.set(bytes, offset);
  }

  resize(length: number): void {
    if (length < this.length) this.#bytes.fill(0, length, this.length);
    else if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.length = length;
  }

  apply(change: Change): void {
    if (change.kind === "write") this.write(change.offset, change.bytes);
    else this.resize(change.size);
  }
}

export class StoredFile {
  readonly content: Content;
  readonly durable: Content;
  changes: Change[] = [];
  /** A sync has failed: whatever a later one says, it saves nothing. */
  isInDoubt = false;

  constructor(bytes?: Uint8Array) {
    this.content = new Content(bytes);
    this.durable = new Content(bytes);
  }

  change(change: Change): void {
    this.content.apply(change);
    this.changes.push(change);
  }

  sync(): void {
    if (this.isInDoubt) return;
    for (const change of this.changes) this.durable.apply(change);
    this.changes = [];
  }

  /** What a crash leaves. */
  survive(random: Random): Uint8Array {
    const left = new Content(this.durable.bytes);
    const { changes } = this;
    const wholeCount = pickExtreme(random, changes.length);
    for (const change of changes.slice(0, wholeCount)) left.apply(change);
    const writes = takeWrites(changes.slice(wholeCount));
    if (writes.length === 0 || random.oneIn(3)) return left.bytes;
    if (random.oneIn(2)) {
      const [{ offset, bytes }] = writes as [Change & { kind: "write" }];
      left.write(offset, bytes.subarray(0, random.below(bytes.length + 1)));
    } else scatter(left, writes, random);
    return left.bytes;
  }
}

/** From 0 to `count`, and either end as often as all between. */
export function pickExtreme(random: Random, count: number): number {
  return random.pick([0, count, random.below(count + 1)]);
}

/** The writes before the first truncation. */
function takeWrites(changes: readonly Change[]): (Change & { kind: "write" })[] {
  const writes: (Change & { kind: "write" })[] = [];
  for (const change of changes) {
    if (change.kind === "truncate") break;
    writes.push(change);
  }
  return writes;
}

/** Has some blocks of the writes happen, in no order, and leaves zeroes or noise for the others. */
function scatter(
  left: Content,
  writes: readonly (Change & { kind: "write" })[],
  random: Random,
): void {
  const oldLength = left.length;
  const wanted = new Content(left.bytes);
  for (const change of writes) wanted.apply(change);
  const begin = Math.min(...writes.map(({ offset }) => offset));
  const length = oldLength + pickExtreme(random, wanted.length - oldLength);
  const hasNoise = random.oneIn(4);
  left.resize(length);
  const firstBlock = begin - (begin % BLOCK_SIZE);
  for (let at = firstBlock; at < length; at += BLOCK_SIZE) {
    const end = Math.min(at + BLOCK_SIZE, length);
    if (random.oneIn(2)) left.write(at, wanted.bytes.subarray(at, end));
    else if (hasNoise && end > oldLength) {
      const noise = new Uint8Array(end - Math.max(at, oldLength));
      random.fill(noise);
      left.write(end - noise.length, noise);
    }
  }
}
