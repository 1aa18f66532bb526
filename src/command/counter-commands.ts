// INCR, DECR, INCRBY, DECRBY: exact over signed 64 bits. A missing key counts as 0; the deadline is
// kept; a value or amount that is no integer, or a result beyond 64 bits, is an error and changes
// nothing. Up to 15 digits the sum is a Number's, beyond that a BigInt's.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import {
  INT64_MAX,
  INT64_MIN,
  INT64_TEXT_LENGTH_MAX,
  Int64Parser,
  PARSED,
  writeBigInteger,
  writeInteger,
} from "../protocol/int64.ts";
import { TAG, type V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";

export class CounterCommands {
  /** Writes refused because memory is full. */
  refusedCount = 0;

  readonly #store: Store;
  readonly #replies: V1Replies;
  readonly #windows: ReceiveWindows;
  readonly #value = new Int64Parser();
  readonly #amount = new Int64Parser();

  constructor(store: Store, replies: V1Replies, windows: ReceiveWindows) {
    this.#store = store;
    this.#replies = replies;
    this.#windows = windows;
    this.#amount.number = 1;
  }

  /** INCR (sign 1) and DECR (sign −1). INCR refuses an empty key, as the original server does. */
  addOne(batch: Batch, row: number, connection: number, sign: 1 | -1): boolean {
    if (sign === 1 && batch.keyLengths[row] === 0) return this.#replies.error(connection);
    this.#amount.number = 1;
    return this.#add(batch, row, connection, sign, PARSED.EXACT);
  }

  /** INCRBY (sign 1) and DECRBY (sign −1). */
  addAmount(batch: Batch, row: number, connection: number, sign: 1 | -1): boolean {
    const { area } = this.#windows;
    const parsed = this.#amount.parse(area, batch.valueOffsets[row]!, batch.valueLengths[row]!);
    if (parsed === PARSED.INVALID) return this.#replies.error(connection);
    return this.#add(batch, row, connection, sign, parsed);
  }

  #add(batch: Batch, row: number, connection: number, sign: 1 | -1, amountKind: number): boolean {
    const replies = this.#replies;
    if (!replies.hasRoomForText(connection, INT64_TEXT_LENGTH_MAX)) return false;
    const store = this.#store;
    const keyOffset = batch.keyOffsets[row]!;
    const keyLength = batch.keyLengths[row]!;
    const hash = batch.hashes[row]!;
    const entry = store.find(keyOffset, keyLength, hash);
    const valueKind = this.#readValue(entry);
    if (valueKind === PARSED.INVALID) return replies.error(connection);
    const isExact = valueKind === PARSED.EXACT && amountKind === PARSED.EXACT;
    const length = isExact
      ? this.#writeExactSum(sign)
      : this.#writeBigSum(sign, valueKind === PARSED.BIG, amountKind === PARSED.BIG);
    if (length === 0) return replies.error(connection);
    const text = this.#windows.scratchOffset;
    const written =
      entry === 0
        ? store.set(keyOffset, keyLength, hash, text, length, 0, 0)
        : store.replaceValue(entry, keyOffset, keyLength, hash, text, length);
    if (written === 0) {
      this.refusedCount++;
      return replies.error(connection);
    }
    return replies.text(connection, TAG.VALUE, this.#windows.area, text, length);
  }

  #readValue(entry: number): number {
    if (entry === 0) {
      this.#value.number = 0;
      return PARSED.EXACT;
    }
    const store = this.#store;
    return this.#value.parse(store.area(entry), store.valueOffset(entry), store.valueLength(entry));
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
