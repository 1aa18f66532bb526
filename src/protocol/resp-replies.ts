// The replies to RESP's hot commands that are not written on the short way. None of them can fail:
// `mayBegin` is asked before a command's first, and what then finds no room in the window goes to
// memory of its own (SendWindows.append).

import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { ByteArea, copyBytes } from "../lib/byte-area.ts";
import type { Store } from "../store/store.ts";
import { writeInteger } from "./int64.ts";
import { COLON, CRLF, STAR, writeHead } from "./resp-head.ts";

const OK = Buffer.from("+OK\r\n");
const PONG = Buffer.from("+PONG\r\n");
const NIL = Buffer.from("$-1\r\n");
const NIL_3 = Buffer.from("_\r\n");
const END = Buffer.from("\r\n");
export const RESP_ERROR = {
  NO_INTEGER: Buffer.from("-ERR value is not an integer or out of range\r\n"),
  OVERFLOW: Buffer.from("-ERR increment or decrement would overflow\r\n"),
  NOT_DURABLE: Buffer.from(
    "-MISCONF writes cannot be made durable any more: see the server's log; reads are served\r\n",
  ),
  NO_LOG_ROOM: Buffer.from(
    "-TRYAGAIN the log had no room for the write in time; it was not executed\r\n",
  ),
  FULL: Buffer.from("-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
} as const;
const DOLLAR = 0x24;
const HEAD_SIZE_MAX = 24;
const SCRATCH_SIZE = SPLICE_LENGTH_MIN + 2 * HEAD_SIZE_MAX;

export class RespReplies {
  readonly #sends: SendWindows;
  readonly #store: Store;
  /** Of RESP3, by connection. */
  readonly #versions: Uint8Array;
  readonly #scratch = new ByteArea(new ArrayBuffer(SCRATCH_SIZE));

  constructor(sends: SendWindows, store: Store, versions: Uint8Array) {
    this.#sends = sends;
    this.#store = store;
    this.#versions = versions;
  }

  mayBegin(connection: number): boolean {
    return this.#sends.canBegin(connection);
  }

  ok(connection: number): void {
    this.#sends.append(connection, OK);
  }

  pong(connection: number): void {
    this.#sends.append(connection, PONG);
  }

  nil(connection: number): void {
    this.#sends.append(connection, this.#versions[connection] === 3 ? NIL_3 : NIL);
  }

  /** One of RESP_ERROR. */
  error(connection: number, line: Uint8Array): void {
    this.#sends.append(connection, line);
  }

  arrayHead(connection: number, count: number): void {
    const end = writeHead(this.#scratch.view, 0, STAR, count);
    this.#sends.append(connection, this.#scratch.bytes.subarray(0, end));
  }

  integer(connection: number, value: number): void {
    const { view, bytes } = this.#scratch;
    view.setUint8(0, COLON);
    const length = 1 + writeInteger(this.#scratch, 1, value);
    view.setUint16(length, CRLF);
    this.#sends.append(connection, bytes.subarray(0, length + 2));
  }

  /** An integer as the text of one. */
  integerText(connection: number, area: ByteArea, offset: number, length: number): void {
    const { view, bytes } = this.#scratch;
    view.setUint8(0, COLON);
    copyBytes(area, offset, this.#scratch, 1, length);
    view.setUint16(1 + length, CRLF);
    this.#sends.append(connection, bytes.subarray(0, length + 3));
  }

  /** The value of an entry; a long one is sent from where it lies. */
  value(connection: number, reference: number): void {
    const store = this.#store;
    const length = store.valueLength(reference);
    const scratch = this.#scratch;
    const begin = writeHead(scratch.view, 0, DOLLAR, length);
    if (length >= SPLICE_LENGTH_MIN) {
      this.#sends.append(connection, scratch.bytes.subarray(0, begin));
      this.#sends.splice(connection, reference);
      this.#sends.append(connection, END);
      return;
    }
    copyBytes(store.area(reference), store.valueOffset(reference), scratch, begin, length);
    scratch.view.setUint16(begin + length, CRLF);
    this.#sends.append(connection, scratch.bytes.subarray(0, begin + length + 2));
  }
}
