// A RESP command that does not fit a receive window, taken in as its bytes come:
//
//   *3 $3 SET $3 key $5000000 …        arguments ─▶ buffers, long values ─▶ parcels in the store
//
// Nothing is reserved by an announced length: buffers grow with what has come, parcels by pages.
// All such commands of a thread together may hold a *budget* of bytes outside the store. When that
// or the store's memory is used up the rest of the command is skipped, and it is refused when it is
// whole. So is, from the start, one of who has not logged in: whatever it is, it is not AUTH.

import type { ByteArea } from "../lib/byte-area.ts";
import {
  INCOMPLETE,
  LINE_TOO_LONG,
  RESTRICTED_LENGTH_MAX,
  type RespArguments,
} from "../protocol/resp-arguments.ts";
import { StoreParcel } from "../redis/parcel.ts";
import { isValueArgument } from "../redis/value-arguments.ts";
import type { Store } from "../store/store.ts";

/** Bytes that long commands hold outside the store. */
export interface LongCommandBudget {
  usedBytes: number;
  readonly limitBytes: number;
}

export interface LongCommandParts {
  /** Where the bytes come from, and how lengths in it are read. */
  readonly area: ByteArea;
  readonly lines: RespArguments;
  readonly store: Store;
  readonly budget: LongCommandBudget;
  readonly argumentLengthMax: number;
  readonly isRestricted: boolean;
}

const DOLLAR = 0x24;
const CRLF_SIZE = 2;
/** A value from this length on is received into the store. */
const PARCEL_LENGTH_MIN = 32 * 1024;
const FIRST_CHUNK_SIZE = 4 * 1024;
const EMPTY = Buffer.alloc(0);
/** What an argument takes besides its bytes. */
const ARGUMENT_OVERHEAD = 128;

export class LongCommand {
  readonly args: Buffer[] = [];
  readonly parcels = new Map<number, StoreParcel>();
  /** All arguments have come. */
  isComplete = false;
  /** There was no memory for it, or there is no right to it. */
  isRefused: boolean;
  /** What is no RESP about it, "" = nothing. */
  error = "";
  readonly #parts: LongCommandParts;
  /** Arguments that have not begun, −1 = their number has not come. */
  #waitingCount = -1;
  /** Bytes of the current argument that have not come, with its CRLF; 0 = none is current. */
  #missing = 0;
  #argument = EMPTY;
  #filled = 0;
  #length = 0;
  #parcel: StoreParcel | null = null;
  #heldBytes = 0;

  constructor(parts: LongCommandParts) {
    this.#parts = parts;
    this.isRefused = parts.isRestricted;
  }

  /** Takes bytes `begin` to `end` of the area; the first that it leaves. */
  feed(begin: number, end: number): number {
    let position = begin;
    while (!this.isComplete && this.error === "") {
      const next = this.#missing > 0 ? this.#take(position, end) : this.#readHead(position, end);
      if (next === position) break;
      position = next;
    }
    return position;
  }

  /** Gives back what the command holds, parcels only if they are still its own. */
  discard(): void {
    this.#parts.budget.usedBytes -= this.#heldBytes;
    this.#heldBytes = 0;
    for (const parcel of this.parcels.values()) parcel.discard();
    this.#parcel?.discard();
  }

  /** The command's arguments are somebody else's from here on. */
  release(): void {
    this.#parts.budget.usedBytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }

  /** The line that says how many arguments there are, or how long the next is. */
  #readHead(position: number, end: number): number {
    if (position >= end) return position;
    const { lines, area, argumentLengthMax, isRestricted } = this.#parts;
    const isCount = this.#waitingCount < 0;
    if (!isCount && area.bytes[position] !== DOLLAR) {
      const byte = String.fromCharCode(area.bytes[position]!);
      return this.#fail(position, `Protocol error: expected '$', got '${byte}'`);
    }
    const length = lines.readLength(position + 1, end);
    if (length === INCOMPLETE) return position;
    if (isCount) {
      this.#waitingCount = length;
      return lines.next();
    }
    if (length === LINE_TOO_LONG) {
      return this.#fail(position, "Protocol error: too big bulk count string");
    }
    if (length < 0 || length > argumentLengthMax) {
      return this.#fail(position, "Protocol error: invalid bulk length");
    }
    if (isRestricted && length > RESTRICTED_LENGTH_MAX) {
      return this.#fail(position, "Protocol error: unauthenticated bulk length");
    }
    this.#begin(length);
    return lines.next();
  }

  #begin(length: number): void {
    this.#waitingCount--;
    this.#missing = length + CRLF_SIZE;
    this.#length = length;
    this.#filled = 0;
    const index = this.args.length;
    const isParcel =
      index > 0 && length >= PARCEL_LENGTH_MIN && isValueArgument(this.args[0]!, index);
    this.#parcel = isParcel ? new StoreParcel(this.#parts.store) : null;
    this.#argument = EMPTY;
    this.#hold(ARGUMENT_OVERHEAD);
  }

  /** The next bytes of the current argument, and the CRLF behind it unseen. */
  #take(position: number, end: number): number {
    const count = Math.min(this.#missing, end - position);
    if (count === 0) return position;
    const dataCount = Math.min(count, this.#length - this.#filled);
    if (dataCount > 0 && !this.isRefused) this.#store(position, dataCount);
    this.#filled += dataCount;
    this.#missing -= count;
    if (this.#missing === 0) this.#endArgument();
    return position + count;
  }

  #store(position: number, count: number): void {
    const { bytes } = this.#parts.area;
    if (this.#parcel !== null) {
      if (!this.#parcel.append(bytes, position, position + count)) this.#refuse();
      return;
    }
    const needed = this.#filled + count;
    if (needed > this.#argument.length) {
      const doubled = Math.max(needed, 2 * this.#argument.length, FIRST_CHUNK_SIZE);
      const size = Math.min(this.#length, doubled);
      if (!this.#hold(size - this.#argument.length)) return;
      const larger = Buffer.allocUnsafe(size);
      this.#argument.copy(larger, 0, 0, this.#filled);
      this.#argument = larger;
    }
    bytes.copy(this.#argument, this.#filled, position, position + count);
  }

  #endArgument(): void {
    if (!this.isRefused) {
      if (this.#parcel !== null) this.parcels.set(this.args.length, this.#parcel);
      this.args.push(this.#parcel === null ? this.#argument : EMPTY);
    }
    this.#parcel = null;
    this.isComplete = this.#waitingCount === 0;
  }

  #hold(bytes: number): boolean {
    const { budget } = this.#parts;
    if (this.isRefused || budget.usedBytes + bytes > budget.limitBytes) {
      this.#refuse();
      return false;
    }
    budget.usedBytes += bytes;
    this.#heldBytes += bytes;
    return true;
  }

  #refuse(): void {
    this.isRefused = true;
    this.discard();
    this.parcels.clear();
    this.#parcel = null;
    this.args.length = 0;
    this.#argument = EMPTY;
  }

  #fail(position: number, error: string): number {
    this.error = error;
    return position;
  }
}
