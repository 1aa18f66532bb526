// Replies not yet sent, one window for each connection, more for one whose client reads slowly:
//
//   |   sent   |   replies   |   room   |
//   base     begin          end       limit
//
// Nearly always that is all, and a flush is one write of begin … end. A connection gets a *queue*
// of regions before its current window when a value is long enough to be sent from where it lies in
// the arena (`splice`), or when the window is full and the socket takes no more (a spare window):
//
//   queue:  [window 7, 0–4100] [entry, 40000 bytes] [window 7, 4100–4105] [entry …], begin … end
//
// Regions leave in order in one vectored write. What has not been sent is never moved or written.
// A spliced entry is pinned until it is sent.
//
// A transport may send at once, or take what it is given *under way* and say later how much of it
// has gone (`completed`). A connection has one write under way at most; what is written meanwhile
// waits behind it.
//
// Past `limitBytes` of unsent replies nothing more is taken: the caller stops executing that
// connection's requests until a flush made room.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import type { Store } from "../store/store.ts";
import { TouchedMemory } from "./touched-memory.ts";
import { AREA_SIZE_MAX, windowStride } from "./window-layout.ts";

/** A stretch of memory to be sent. */
export interface SendRegion {
  readonly area: ByteArea;
  offset: number;
  length: number;
  /** Pinned entry that the bytes belong to, 0 = none. */
  readonly reference: number;
  /** Window to give back when the region is sent, -1 = none, or OWN. */
  readonly window: number;
}

/** The region lies in memory of its own. */
const OWN = -2;

/** Memory that a connection's replies go on in while its window has no room. */
interface Overflow {
  readonly area: ByteArea;
  /** Bytes of it that regions refer to. */
  takenBytes: number;
}

/** From a transport that will tell by `completed` what became of a write. */
export const UNDER_WAY = -2;

/** Moves bytes to a connection's socket; what it does not take is offered again later. */
export interface Transport {
  /** Bytes taken, -1 if the connection has failed, or UNDER_WAY. */
  send(connection: number, area: ByteArea, offset: number, length: number): number;
  /** The same for several regions, in order. */
  sendRegions(connection: number, regions: readonly SendRegion[]): number;
}

export const FLUSH = {
  /** Nothing is left. */
  SENT: 0,
  /** A write is under way. */
  STARTED: 1,
  /** The socket took a part. */
  PARTIAL: 2,
  /** The socket took nothing. */
  FULL: 3,
  FAILED: 4,
} as const;
export type Flush = (typeof FLUSH)[keyof typeof FLUSH];

/** Values from this length on are sent from the arena. */
export const SPLICE_LENGTH_MIN = 16 * 1024;

export interface SendOptions {
  readonly connectionCount: number;
  readonly windowSizeBytes: number;
  readonly spareCount: number;
  readonly limitBytes: number;
}

export class SendWindows {
  readonly area: ByteArea;
  /** Where each connection's next reply goes. */
  readonly ends: Int32Array;
  /** Where each connection's window ends. */
  readonly limits: Int32Array;
  readonly limitBytes: number;
  readonly touched: TouchedMemory;
  /** Flushes by what they took, for INFO. */
  writeCount = 0;
  vectoredCount = 0;
  partialCount = 0;
  spareTakenCount = 0;
  sentBytes = 0;
  /** Whether a full window may be sent before its turn ends; not while replies may be held. */
  maySendEarly = true;
  readonly #begins: Int32Array;
  /** 1 = a write of the connection is under way. */
  readonly #isUnderWay: Uint8Array;
  /** Number of the window each connection writes to: its own, or a spare one. */
  readonly #windows: Int32Array;
  readonly #queues: (SendRegion[] | null)[];
  /** Unsent bytes of the queue, the current window not counted. */
  readonly queuedBytes: Float64Array;
  /** Until all is sent. */
  readonly #overflows: (Overflow | null)[];
  readonly #spares: number[] = [];
  readonly #stride: number;
  readonly #options: SendOptions;
  readonly #store: Store;
  readonly #transport: Transport;

  constructor(options: SendOptions, store: Store, transport: Transport) {
    const { connectionCount, spareCount } = options;
    const windowCount = connectionCount + spareCount;
    this.#stride = windowStride(options.windowSizeBytes);
    assert(windowCount * this.#stride <= AREA_SIZE_MAX, "all send windows fit one area");
    this.area = new ByteArea(new SharedArrayBuffer(windowCount * this.#stride));
    this.ends = new Int32Array(connectionCount);
    this.touched = new TouchedMemory(windowCount);
    this.limits = new Int32Array(connectionCount);
    this.#begins = new Int32Array(connectionCount);
    this.#isUnderWay = new Uint8Array(connectionCount);
    this.#windows = new Int32Array(connectionCount);
    this.#queues = new Array<SendRegion[] | null>(connectionCount).fill(null);
    this.queuedBytes = new Float64Array(connectionCount);
    this.#overflows = new Array<Overflow | null>(connectionCount).fill(null);
    for (let i = windowCount - 1; i >= connectionCount; i--) this.#spares.push(i);
    this.limitBytes = options.limitBytes;
    this.#options = options;
    this.#store = store;
    this.#transport = transport;
  }

  /** Begins a connection with nothing to send. */
  open(connection: number): void {
    this.#isUnderWay[connection] = 0;
    this.#enterWindow(connection, connection);
  }

  /** Ends a connection; what it had not sent is lost, what it held is given back. */
  close(connection: number): void {
    for (const region of this.#queues[connection] ?? []) this.#release(region);
    this.#queues[connection] = null;
    this.#overflows[connection] = null;
    this.queuedBytes[connection] = 0;
    this.#isUnderWay[connection] = 0;
    this.#leaveWindow(connection);
  }

  /**
   * Where a reply of up to `length` bytes can be written, or -1 when the connection has to wait.
   * The caller writes there and sets `ends[connection]`.
   */
  reserve(connection: number, length: number): number {
    const position = this.ends[connection]!;
    if (position + length <= this.limits[connection]!) return position;
    return this.#makeRoom(connection, length);
  }

  /**
   * Writes bytes behind the last reply, whatever there is of them: what finds no room in the window
   * lies in memory of its own until it is sent. Ask `canBegin` before the first of a reply.
   */
  append(connection: number, bytes: Uint8Array): void {
    if (this.#extendOverflow(connection, bytes)) return;
    const isShort = bytes.length <= this.#options.windowSizeBytes;
    const position = isShort ? this.reserve(connection, bytes.length) : -1;
    if (position >= 0) {
      this.area.bytes.set(bytes, position);
      this.ends[connection] = position + bytes.length;
      return;
    }
    this.#queueCurrent(connection, -1);
    const overflow = this.#overflowFor(connection, bytes.length);
    const { area, takenBytes: offset } = overflow;
    area.bytes.set(bytes, offset);
    overflow.takenBytes += bytes.length;
    this.#queue(connection, { area, offset, length: bytes.length, reference: 0, window: OWN });
  }

  /** Writes behind what `append` has queued last in memory of its own, if there is room. */
  #extendOverflow(connection: number, bytes: Uint8Array): boolean {
    const region = this.#queues[connection]?.at(-1);
    if (region === undefined || region.window !== OWN) return false;
    const isLast = this.ends[connection] === this.#begins[connection];
    const overflow = this.#overflows[connection]!;
    const { area, takenBytes } = overflow;
    if (!isLast || takenBytes + bytes.length > area.length) return false;
    area.bytes.set(bytes, takenBytes);
    overflow.takenBytes += bytes.length;
    region.length += bytes.length;
    this.queuedBytes[connection]! += bytes.length;
    return true;
  }

  /**
   * Memory with room for that many bytes. What is left of the last serves first: between spliced
   * values come a few bytes each, and they must not take a window's size for themselves.
   */
  #overflowFor(connection: number, length: number): Overflow {
    const last = this.#overflows[connection];
    if (last && last.takenBytes + length <= last.area.length) return last;
    const size = Math.max(length, this.#options.windowSizeBytes);
    const overflow = { area: new ByteArea(new ArrayBuffer(size)), takenBytes: 0 };
    this.#overflows[connection] = overflow;
    return overflow;
  }

  /** Whether a reply of any length, or `splice`, may begin: its client reads fast enough. */
  canBegin(connection: number): boolean {
    if (this.unsentBytes(connection) < this.limitBytes) return true;
    if (!this.maySendEarly) return false;
    return this.flush(connection) === FLUSH.SENT;
  }

  /** Appends an entry's value without copying it. */
  splice(connection: number, reference: number): void {
    this.#store.pins.pin(reference);
    this.splicePinned(connection, reference);
  }

  /** The same, with a pin that the caller has and gives away. */
  splicePinned(connection: number, reference: number): void {
    this.#queueCurrent(connection, -1);
    const { values } = this.#store;
    let left = values.length(reference);
    values.forEachStretch(reference, 0, left, (area, offset, length) => {
      left -= length;
      // What is queued last leaves last, and ends the pin.
      const owner = left === 0 ? reference : 0;
      this.#queue(connection, { area, offset, length, reference: owner, window: -1 });
    });
  }

  /** Forgets all unsent replies; false when a part of one may have left already. */
  takeBack(connection: number): boolean {
    const window = this.#windows[connection]!;
    const base = window * this.#stride;
    const isWhole = this.#begins[connection] === base && this.#queues[connection] === null;
    if (this.#isUnderWay[connection] === 1 || !isWhole) return false;
    this.ends[connection] = base;
    return true;
  }

  unsentBytes(connection: number): number {
    return this.queuedBytes[connection]! + this.ends[connection]! - this.#begins[connection]!;
  }

  /** Whether a write of the connection is under way. */
  isUnderWay(connection: number): boolean {
    return this.#isUnderWay[connection] === 1;
  }

  /** Sends what the socket takes. */
  flush(connection: number): Flush {
    if (this.#isUnderWay[connection] === 1) return FLUSH.STARTED;
    if (this.#queues[connection] !== null) return this.#flushQueue(connection);
    const begin = this.#begins[connection]!;
    const length = this.ends[connection]! - begin;
    if (length === 0) return FLUSH.SENT;
    const window = this.#windows[connection]!;
    this.touched.note(window, begin + length - window * this.#stride);
    const sent = this.#transport.send(connection, this.area, begin, length);
    this.writeCount++;
    if (sent === UNDER_WAY) {
      this.#isUnderWay[connection] = 1;
      return FLUSH.STARTED;
    }
    return this.#noteSent(connection, sent);
  }

  /**
   * Takes what became of the write that was under way: bytes gone, or -1. What is left, or has been
   * written since, has to be flushed.
   */
  completed(connection: number, sent: number): Flush {
    this.#isUnderWay[connection] = 0;
    if (this.#queues[connection] !== null) return this.#noteQueueSent(connection, sent);
    return this.#noteSent(connection, sent);
  }

  /** Notes how much of the current window has gone. */
  #noteSent(connection: number, sent: number): Flush {
    if (sent < 0) return FLUSH.FAILED;
    this.sentBytes += sent;
    const begin = this.#begins[connection]! + sent;
    if (begin === this.ends[connection]) {
      const window = this.#windows[connection]!;
      if (window !== connection) {
        this.#leaveWindow(connection);
        this.#enterWindow(connection, connection);
      } else {
        const base = window * this.#stride;
        this.#begins[connection] = base;
        this.ends[connection] = base;
      }
      return FLUSH.SENT;
    }
    this.partialCount++;
    this.#begins[connection] = begin;
    return sent === 0 ? FLUSH.FULL : FLUSH.PARTIAL;
  }

  #makeRoom(connection: number, length: number): number {
    assert(length <= this.#options.windowSizeBytes, "a reply fits a window");
    const flush = this.maySendEarly ? this.flush(connection) : FLUSH.FULL;
    if (flush === FLUSH.FAILED) return -1;
    if (flush !== FLUSH.SENT && !this.#addSpare(connection)) return -1;
    return this.ends[connection]!;
  }

  /** Continues in a spare window; false when there is none or the connection has had its share. */
  #addSpare(connection: number): boolean {
    if (this.unsentBytes(connection) >= this.limitBytes) return false;
    const spare = this.#spares.pop();
    if (spare === undefined) return false;
    this.spareTakenCount++;
    const window = this.#windows[connection]!;
    this.#queueCurrent(connection, window >= this.#options.connectionCount ? window : -1);
    this.#enterWindow(connection, spare);
    return true;
  }

  /** Ends the current region and begins the next behind it. */
  #queueCurrent(connection: number, window: number): void {
    const offset = this.#begins[connection]!;
    const length = this.ends[connection]! - offset;
    if (length === 0 && window < 0) return;
    const current = this.#windows[connection]!;
    this.touched.note(current, offset + length - current * this.#stride);
    this.#queue(connection, { area: this.area, offset, length, reference: 0, window });
    this.#begins[connection] = offset + length;
  }

  #queue(connection: number, region: SendRegion): void {
    const queue = this.#queues[connection];
    if (queue === null || queue === undefined) this.#queues[connection] = [region];
    else queue.push(region);
    this.queuedBytes[connection]! += region.length;
  }

  #flushQueue(connection: number): Flush {
    this.#queueCurrent(connection, -1);
    const queue = this.#queues[connection]!;
    const sent = this.#transport.sendRegions(connection, queue);
    this.vectoredCount++;
    if (sent === UNDER_WAY) {
      this.#isUnderWay[connection] = 1;
      return FLUSH.STARTED;
    }
    return this.#noteQueueSent(connection, sent);
  }

  /** Notes how much of the queue has gone; what is sent of it is given back. */
  #noteQueueSent(connection: number, sent: number): Flush {
    if (sent < 0) return FLUSH.FAILED;
    this.sentBytes += sent;
    const queue = this.#queues[connection]!;
    this.queuedBytes[connection]! -= sent;
    let left = sent;
    let done = 0;
    while (done < queue.length && queue[done]!.length <= left) {
      left -= queue[done]!.length;
      this.#release(queue[done]!);
      done++;
    }
    if (done === queue.length) {
      this.#queues[connection] = null;
      this.#overflows[connection] = null;
      // Nothing but what was written to the current window while the queue was under way.
      return this.#noteSent(connection, 0);
    }
    queue.splice(0, done);
    queue[0]!.offset += left;
    queue[0]!.length -= left;
    this.partialCount++;
    return sent === 0 ? FLUSH.FULL : FLUSH.PARTIAL;
  }

  #release(region: SendRegion): void {
    if (region.reference !== 0) this.#store.unpin(region.reference);
    if (region.window >= 0) this.#spares.push(region.window);
  }

  #enterWindow(connection: number, window: number): void {
    const base = window * this.#stride;
    this.#windows[connection] = window;
    this.#begins[connection] = base;
    this.ends[connection] = base;
    this.limits[connection] = base + this.#options.windowSizeBytes;
  }

  #leaveWindow(connection: number): void {
    const window = this.#windows[connection]!;
    if (window >= this.#options.connectionCount) this.#spares.push(window);
  }
}
