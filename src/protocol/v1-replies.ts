// Writes fkvs v1 replies to send windows. A verb answers false when the connection has to wait for
// its client to read; nothing has been written then and the command must not be executed.
//
//   error, or nothing there   00 01 00
//   OK                        00 01 01
//   everything else           length u16, tag u8, text length u16, text;  length = text length + 3

import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import { BANK_MASK, BANK_SHIFT } from "../store/arena.ts";
import { valueOffsetIn } from "../store/entry.ts";
import type { Store } from "../store/store.ts";

export const TAG = { NOTHING: 0, OK: 1, VALUE: 1, PONG: 5, INFO: 7, KEYS: 13 } as const;
type TextTag = (typeof TAG)["VALUE" | "PONG" | "INFO" | "KEYS"];

const STATUS_SIZE = 3;
export const TEXT_HEADER_SIZE = 5;
const TEXT_OFFSET_IN_CORE = 3;

/** A text of this length fills the largest reply a length prefix can state. */
export const TEXT_LENGTH_MAX = 0xffff - TEXT_OFFSET_IN_CORE;

export class V1Replies {
  readonly #sends: SendWindows;
  readonly #area: ByteArea;
  readonly #view: DataView;
  readonly #ends: Int32Array;
  // The arena's, so that a value is read without asking the store for each part of it.
  readonly #banks: readonly Int32Array[];
  readonly #areas: readonly ByteArea[];

  constructor(sends: SendWindows, store: Store) {
    this.#sends = sends;
    this.#area = sends.area;
    this.#view = sends.area.view;
    this.#ends = sends.ends;
    this.#banks = store.arena.words;
    this.#areas = store.arena.areas;
  }

  /** Whether a reply with a text of this length can be written. */
  hasRoomForText(connection: number, length: number): boolean {
    if (length >= SPLICE_LENGTH_MIN && !this.#sends.canBegin(connection)) return false;
    const copied = length < SPLICE_LENGTH_MIN ? length : 0;
    return this.#sends.reserve(connection, TEXT_HEADER_SIZE + copied) >= 0;
  }

  error(connection: number): boolean {
    return this.#status(connection, TAG.NOTHING);
  }

  ok(connection: number): boolean {
    return this.#status(connection, TAG.OK);
  }

  /** The text at `offset` of any area. */
  text(
    connection: number,
    tag: TextTag,
    source: ByteArea,
    offset: number,
    length: number,
  ): boolean {
    const position = this.#sends.reserve(connection, TEXT_HEADER_SIZE + length);
    if (position < 0) return false;
    writeTextHeader(this.#view, position, tag, length);
    copyBytes(source, offset, this.#area, position + TEXT_HEADER_SIZE, length);
    this.#ends[connection] = position + TEXT_HEADER_SIZE + length;
    return true;
  }

  /** The value of an entry; a long one is sent from where it lies. */
  entryValue(connection: number, reference: number): boolean {
    const bank = reference >>> BANK_SHIFT;
    const words = this.#banks[bank]!;
    const word = (reference & BANK_MASK) << 1;
    const length = words[word + 1]!;
    if (length >= SPLICE_LENGTH_MIN) return this.#spliceValue(connection, reference, length);
    const position = this.#sends.reserve(connection, TEXT_HEADER_SIZE + length);
    if (position < 0) return false;
    writeTextHeader(this.#view, position, TAG.VALUE, length);
    const textOffset = position + TEXT_HEADER_SIZE;
    const valueOffset = (word << 2) + valueOffsetIn(words[word]!);
    copyBytes(this.#areas[bank]!, valueOffset, this.#area, textOffset, length);
    this.#ends[connection] = textOffset + length;
    return true;
  }

  /**
   * Where a text of at most `lengthMax` bytes can be composed in place, or -1; `finishText` then
   * says how long it became.
   */
  beginText(connection: number, lengthMax: number): number {
    const position = this.#sends.reserve(connection, TEXT_HEADER_SIZE + lengthMax);
    return position < 0 ? -1 : position + TEXT_HEADER_SIZE;
  }

  finishText(connection: number, tag: TextTag, textOffset: number, length: number): void {
    writeTextHeader(this.#view, textOffset - TEXT_HEADER_SIZE, tag, length);
    this.#ends[connection] = textOffset + length;
  }

  #spliceValue(connection: number, reference: number, length: number): boolean {
    if (!this.#sends.canBegin(connection)) return false;
    const position = this.#sends.reserve(connection, TEXT_HEADER_SIZE);
    if (position < 0) return false;
    writeTextHeader(this.#view, position, TAG.VALUE, length);
    this.#ends[connection] = position + TEXT_HEADER_SIZE;
    this.#sends.splice(connection, reference);
    return true;
  }

  #status(connection: number, tag: number): boolean {
    const position = this.#sends.reserve(connection, STATUS_SIZE);
    if (position < 0) return false;
    const bytes = this.#area.bytes;
    bytes[position] = 0;
    bytes[position + 1] = 1;
    bytes[position + 2] = tag;
    this.#ends[connection] = position + STATUS_SIZE;
    return true;
  }
}

/** Five bytes in two stores: the first four as one big-endian word. */
export function writeTextHeader(
  view: DataView,
  position: number,
  tag: TextTag,
  length: number,
): void {
  const lengths = ((length + TEXT_OFFSET_IN_CORE) << 16) | (tag << 8) | (length >>> 8);
  view.setInt32(position, lengths);
  view.setUint8(position + 4, length);
}
