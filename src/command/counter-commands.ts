// v1's INCR, DECR, INCRBY, DECRBY; what they do is in counter.ts.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { INT64_TEXT_LENGTH_MAX, PARSED, type Parsed } from "../protocol/int64.ts";
import { TAG, type V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";
import { COUNTED, Counter, type Counted } from "./counter.ts";

export class CounterCommands {
  /** Writes refused because memory is full. */
  refusedCount = 0;

  readonly #replies: V1Replies;
  readonly #windows: ReceiveWindows;
  readonly #counter: Counter;

  constructor(store: Store, replies: V1Replies, windows: ReceiveWindows) {
    this.#replies = replies;
    this.#windows = windows;
    this.#counter = new Counter(store, windows, false);
  }

  /** INCR (sign 1) and DECR (sign −1). INCR refuses an empty key, as the original server does. */
  addOne(batch: Batch, row: number, connection: number, sign: 1 | -1): boolean {
    const replies = this.#replies;
    if (sign === 1 && batch.keyLengths[row] === 0) return replies.error(connection);
    if (!replies.hasRoomForText(connection, INT64_TEXT_LENGTH_MAX)) return false;
    return this.#answer(connection, this.#counter.addOne(batch, row, sign));
  }

  /** INCRBY (sign 1) and DECRBY (sign −1). */
  addAmount(batch: Batch, row: number, connection: number, sign: 1 | -1): boolean {
    const replies = this.#replies;
    const amountKind: Parsed = this.#counter.parseAmount(batch, row);
    if (amountKind === PARSED.INVALID) return replies.error(connection);
    if (!replies.hasRoomForText(connection, INT64_TEXT_LENGTH_MAX)) return false;
    return this.#answer(connection, this.#counter.addAmount(batch, row, sign, amountKind));
  }

  #answer(connection: number, counted: Counted): boolean {
    if (counted === COUNTED.FULL) this.refusedCount++;
    if (counted !== COUNTED.DONE) return this.#replies.error(connection);
    const { area, scratchOffset } = this.#windows;
    const { textLength } = this.#counter;
    return this.#replies.text(connection, TAG.VALUE, area, scratchOffset, textLength);
  }
}
