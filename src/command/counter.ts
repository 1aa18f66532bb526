// What INCR and its relatives do to a key, for every protocol: exact over signed 64 bits. A missing
// key counts as 0; the deadline is kept; a value or amount that is no integer, or a result beyond
// 64 bits, changes nothing. Up to 15 digits the sum is a Number's, beyond that a BigInt's.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import {
  INT64_MAX,
  INT64_MIN,
  Int64Parser,
  PARSED,
  writeBigInteger,
  writeInteger,
  type Parsed,
} from "../protocol/int64.ts";
import type { Store } from "../store/store.ts";

export const COUNTED = {
  /** The sum's text lies at the windows' scratch. */
  DONE: 0,
  /** The value is no integer. */
  INVALID: 1,
  OVERFLOW: 2,
  /** Memory is full. */
  FULL: 3,
} as const;
export type Counted = (typeof COUNTED)[keyof typeof COUNTED];

export class Counter {
  /** After DONE: the length of the sum's text. */
  textLength = 0;
  readonly #store: Store;
  readonly #windows: ReceiveWindows;
  readonly #isCanonicalOnly: boolean;
  readonly #value = new Int64Parser();
  readonly #amount = new Int64Parser();

  /**
   * With `isCanonicalOnly` a value with a plus sign or leading zeros is no integer, as in Redis.
   */
  constructor(store: Store, windows: ReceiveWindows, isCanonicalOnly: boolean) {
    this.#store = store;
    this.#windows = windows;
    this.#isCanonicalOnly = isCanonicalOnly;
  }

  /** Adds `sign` to the key of a row. */
  addOne(batch: Batch, row: number, sign: 1 | -1): Counted {
    this.#amount.number = 1;
    return this.#add(batch, row, sign, PARSED.EXACT);
  }

  /** Adds the row's amount, which `parseAmount` has just read. */
  addAmount(batch: Batch, row: number, sign: 1 | -1, amountKind: Parsed): Counted {
    return this.#add(batch, row, sign, amountKind);
  }

  parseAmount(batch: Batch, row: number): Parsed {
    const { area } = this.#windows;
    return this.#amount.parse(area, batch.valueOffsets[row]!, batch.valueLengths[row]!);
  }

  #add(batch: Batch, row: number, sign: 1 | -1, amountKind: Parsed): Counted {
    const store = this.#store;
    const keyOffset = batch.keyOffsets[row]!;
    const keyLength = batch.keyLengths[row]!;
    const hash = batch.hashes[row]!;
    const entry = store.find(keyOffset, keyLength, hash);
    const valueKind = this.#readValue(entry);
    if (valueKind === PARSED.INVALID) return COUNTED.INVALID;
    const isExact = valueKind === PARSED.EXACT && amountKind === PARSED.EXACT;
    const length = isExact
      ? this.#writeExactSum(sign)
      : this.#writeBigSum(sign, valueKind === PARSED.BIG, amountKind === PARSED.BIG);
    if (length === 0) return COUNTED.OVERFLOW;
    const text = this.#windows.scratchOffset;
    const written =
      entry === 0
        ? store.set(keyOffset, keyLength, hash, text, length, 0, 0)
        : store.replaceValue(entry, keyOffset, keyLength, hash, text, length);
    if (written === 0) return COUNTED.FULL;
    this.textLength = length;
    return COUNTED.DONE;
  }

  #readValue(entry: number): Parsed {
    if (entry === 0) {
      this.#value.number = 0;
      return PARSED.EXACT;
    }
    const store = this.#store;
    const length = store.valueLength(entry);
    // Longer ones may not lie in one stretch.
    if (length > VALUE_LENGTH_MAX) return PARSED.INVALID;
    const area = store.area(entry);
    const offset = store.valueOffset(entry);
    if (this.#isCanonicalOnly && !isCanonical(area.bytes, offset, length)) return PARSED.INVALID;
    return this.#value.parse(area, offset, length);
  }

  /** The sum's text goes to the scratch; its length. */
  #writeExactSum(sign: 1 | -1): number {
    const sum = this.#value.number + sign * this.#amount.number;
    return writeInteger(this.#windows.area, this.#windows.scratchOffset, sum);
  }

  /** The same beyond 15 digits; 0 when the sum does not fit 64 bits. */
  #writeBigSum(sign: 1 | -1, isValueBig: boolean, isAmountBig: boolean): number {
    const value = isValueBig ? this.#value.big : BigInt(this.#value.number);
    const amount = isAmountBig ? this.#amount.big : BigInt(this.#amount.number);
    const sum = sign === 1 ? value + amount : value - amount;
    if (sum > INT64_MAX || sum < INT64_MIN) return 0;
    return writeBigInteger(this.#windows.area, this.#windows.scratchOffset, sum);
  }
}

/** v1 takes any number of leading zeros, but no more than an integer's room is plausible. */
const VALUE_LENGTH_MAX = 64 * 1024;
const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;

function isCanonical(bytes: Uint8Array, offset: number, length: number): boolean {
  const first = bytes[offset]!;
  if (first === PLUS) return false;
  if (first === MINUS) return length > 1 && bytes[offset + 1] !== ZERO;
  return first !== ZERO || length === 1;
}
