// PING, KEYS, INFO.

import type { Batch } from "../batch/batch.ts";
import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import { writeInteger } from "../protocol/int64.ts";
import { TAG, TEXT_LENGTH_MAX, type V1Replies } from "../protocol/v1-replies.ts";
import type { Store } from "../store/store.ts";

/** Bytes of the KEYS text with one newline for each key; a longer list is an error, never cut. */
export const KEYS_LENGTH_MAX = 65500;

const NEWLINE = 0x0a;
const PARENTHESIS = 0x29;
const SPACE = 0x20;
/** What a line has besides number and key: `) ` and the newline. */
const LINE_EXTRA_LENGTH = 3;

export class ServerCommands {
  readonly #store: Store;
  readonly #replies: V1Replies;
  readonly #source: ByteArea;
  readonly #target: ByteArea;
  readonly #renderInfo: () => string;

  /** `source` holds the requests, `target` the replies. */
  constructor(
    store: Store,
    replies: V1Replies,
    source: ByteArea,
    target: ByteArea,
    renderInfo: () => string,
  ) {
    this.#store = store;
    this.#replies = replies;
    this.#source = source;
    this.#target = target;
    this.#renderInfo = renderInfo;
  }

  /** Sends the payload back. */
  ping(batch: Batch, row: number, connection: number): boolean {
    const offset = batch.valueOffsets[row]!;
    return this.#replies.text(connection, TAG.PONG, this.#source, offset, batch.valueLengths[row]!);
  }

  /** All keys of database 0 as numbered lines `1) key`, in no particular order. */
  keys(connection: number): boolean {
    const textOffset = this.#replies.beginText(connection, KEYS_LENGTH_MAX);
    if (textOffset < 0) return false;
    const store = this.#store;
    const end = textOffset + KEYS_LENGTH_MAX;
    let position = textOffset;
    let number = 1;
    const writeLine = (entry: number): boolean => {
      if (store.hasExpired(entry) || store.databaseOf(entry) !== 0) return true;
      const keyLength = store.keyLength(entry);
      const digits = Math.floor(Math.log10(number)) + 1;
      if (position + digits + keyLength + LINE_EXTRA_LENGTH > end) return false;
      position += writeInteger(this.#target, position, number++);
      this.#target.bytes[position++] = PARENTHESIS;
      this.#target.bytes[position++] = SPACE;
      copyBytes(store.area(entry), store.keyOffset(entry), this.#target, position, keyLength);
      position += keyLength;
      this.#target.bytes[position++] = NEWLINE;
      return true;
    };
    for (let segment = 0; segment < store.segments.segmentCount; segment++) {
      if (!store.segments.forEachEntry(segment, writeLine)) return this.#replies.error(connection);
    }
    const length = Math.max(0, position - textOffset - 1);
    this.#replies.finishText(connection, TAG.KEYS, textOffset, length);
    return true;
  }

  info(connection: number): boolean {
    const textOffset = this.#replies.beginText(connection, KEYS_LENGTH_MAX);
    if (textOffset < 0) return false;
    const text = this.#renderInfo();
    const length = this.#target.bytes.write(text, textOffset, KEYS_LENGTH_MAX, "utf8");
    if (length > TEXT_LENGTH_MAX) return this.#replies.error(connection);
    this.#replies.finishText(connection, TAG.INFO, textOffset, length);
    return true;
  }
}
