// Bytes received and not yet executed, one window for each connection:
//
//   |  executed or in the batch  |  received, not decoded  |      room      |
//   base                       begin                      end        base + size
//
// 0 ≤ base ≤ begin ≤ end ≤ base + size. A window holds the largest frame whole. Bytes before
// `begin` stay where they are while a batch refers to them; `makeRoom` moves the rest to the front,
// and only the owner of the batch knows when it may be called.
//
// Behind the windows lies a scratch of a few bytes, for values that commands make themselves, and
// one for a key that does not come from a window: the store takes both from this one area.

import { assert } from "../lib/assert.ts";
import { ByteArea } from "../lib/byte-area.ts";
import { TouchedMemory } from "./touched-memory.ts";
import { AREA_SIZE_MAX, windowStride } from "./window-layout.ts";

export const SCRATCH_SIZE = 64;
/** As long as a key can be, and a little that is read in steps of several bytes. */
export const KEY_SCRATCH_SIZE = 65536 + 64;

export class ReceiveWindows {
  readonly area: ByteArea;
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  readonly sizeBytes: number;
  readonly scratchOffset: number;
  readonly keyScratchOffset: number;
  readonly touched: TouchedMemory;
  readonly #stride: number;

  constructor(connectionCount: number, sizeBytes: number) {
    this.#stride = windowStride(sizeBytes);
    this.sizeBytes = sizeBytes;
    this.scratchOffset = connectionCount * this.#stride;
    this.keyScratchOffset = this.scratchOffset + SCRATCH_SIZE;
    const areaSize = this.keyScratchOffset + KEY_SCRATCH_SIZE;
    assert(areaSize <= AREA_SIZE_MAX, "all receive windows fit one area");
    this.area = new ByteArea(new SharedArrayBuffer(areaSize));
    this.begins = new Int32Array(connectionCount);
    this.ends = new Int32Array(connectionCount);
    this.touched = new TouchedMemory(connectionCount);
  }

  /** Empties the window of a connection that begins. */
  open(connection: number): void {
    this.begins[connection] = connection * this.#stride;
    this.ends[connection] = connection * this.#stride;
  }

  /** Bytes that can be received at `ends[connection]`. */
  room(connection: number): number {
    return connection * this.#stride + this.sizeBytes - this.ends[connection]!;
  }

  /** Moves what is not decoded to the window's front; offsets into the window die. */
  makeRoom(connection: number): void {
    const base = connection * this.#stride;
    const begin = this.begins[connection]!;
    const end = this.ends[connection]!;
    if (begin === base) return;
    if (begin < end) this.area.bytes.copyWithin(base, begin, end);
    this.begins[connection] = base;
    this.ends[connection] = base + end - begin;
  }

  /** Notes that `length` bytes have been written at `ends[connection]`. */
  advance(connection: number, length: number): void {
    const end = this.ends[connection]! + length;
    assert(end <= connection * this.#stride + this.sizeBytes, "bytes stay in their window");
    this.ends[connection] = end;
    this.touched.note(connection, end - connection * this.#stride);
  }
}
