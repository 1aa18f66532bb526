// Writes fkvs v1 replies to send windows. A verb answers false when the connection has to wait for
// its client to read; nothing has been written then and the command must not be executed.
//
//   error, or nothing there   00 01 00
//   OK                        00 01 01
//   everything else           length u16, tag u8, text length u16, text;  length = text length + 3

import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { copyBytes, type ByteArea } from "../lib/byte-area.ts";
import type { Store } from "../store/store.ts";

export const TAG = { NOTHING: 0, OK: 1, VALUE: 1, PONG: 5, INFO: 7, KEYS: 13 } as const;
type TextTag = (typeof TAG)["VALUE" | "PONG" | "INFO" | "KEYS"];

const STATUS_SIZE = 3;
const TEXT_HEADER_SIZE = 5;
const TEXT_OFFSET_IN_CORE = 3;

/** A text of this length fills the largest reply a length prefix can state. */
export const TEXT_LENGTH_MAX = 0xffff - TEXT_OFFSET_IN_CORE;

export class V1Replies {
  readonly #sends: SendWindows;
  readonly #area: ByteArea;
  readonly #store: Store;

  constructor(sends: SendWindows, store: Store) {
    this.#sends = sends;
    this.#area = sends.area;
    this.#store = store;
  }

  /** Whether a reply with a text of this length can be written. */
  hasRoomForText(connection: number, length: number): boolean {
    if (length >= SPLICE_LENGTH_MIN && !this.#sends.canSplice(connection)) return false;
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
    this.#header(position, tag, length);
    copyBytes(source, offset, this.#area, position + TEXT_HEADER_SIZE, length);
    this.#sends.ends[connection] = position + TEXT_HEADER_SIZE + length;
    return true;
  }

  /** The value of an entry; a long one is sent from where it lies. */
  entryValue(connection: number, reference: number): boolean {
    const store = this.#store;
    const length = store.valueLength(reference);
    if (length < SPLICE_LENGTH_MIN) {
      const offset = store.valueOffset(reference);
      return this.text(connection, TAG.VALUE, store.area(reference), offset, length);
    }
    if (!this.#sends.canSplice(connection)) return false;
    const position = this.#sends.reserve(connection, TEXT_HEADER_SIZE);
    if (position < 0) return false;
    this.#header(position, TAG.VALUE, length);
    this.#sends.ends[connection] = position + TEXT_HEADER_SIZE;
    this.#sends.splice(connection, reference);
    return true;
  }

  /**
   * Where a text of at most `lengthMax` bytes can be composed in place, or -1; `finishText` then says
   * how long it became.
   */
  beginText(connection: number, lengthMax: number): number {
    const position = this.#sends.reserve(connection, TEXT_HEADER_SIZE + lengthMax);
    return position < 0 ? -1 : position + TEXT_HEADER_SIZE;
  }

  finishText(connection: number, tag: TextTag, textOffset: number, length: number): void {
    this.#header(textOffset - TEXT_HEADER_SIZE, tag, length);
    this.#sends.ends[connection] = textOffset + length;
  }

  #status(connection: number, tag: number): boolean {
    const position = this.#sends.reserve(connection, STATUS_SIZE);
    if (position < 0) return false;
    const bytes = this.#area.bytes;
    bytes[position] = 0;
    bytes[position + 1] = 1;
    bytes[position + 2] = tag;
    this.#sends.ends[connection] = position + STATUS_SIZE;
    return true;
  }

  #header(position: number, tag: number, length: number): void {
    const view = this.#area.view;
    view.setUint16(position, length + TEXT_OFFSET_IN_CORE);
    view.setUint8(position + 2, tag);
    view.setUint16(position + 3, length);
  }
}
