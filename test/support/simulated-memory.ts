// Memory of simulated servers, used again for the next one: to reserve it costs more than a short
// life. What is handed out is zero, as memory is that was just reserved.

import { reserveStore, type StoreBuffers } from "../../src/store/store-buffers.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";

const freeStores = new Map<string, StoreBuffers[]>();
const freeRings = new Map<string, SharedArrayBuffer[]>();

export class SimulatedMemory {
  readonly #releases: (() => void)[] = [];

  store(sizeBytes: number, segmentBits: number): StoreBuffers {
    const reserve = () => reserveStore(sizeBytes, segmentBits);
    const store = this.#take(freeStores, `${sizeBytes} ${segmentBits}`, reserve);
    for (const buffer of [store.control, ...store.arena.spans]) new Uint8Array(buffer).fill(0);
    return store;
  }

  ring(size: number): SharedArrayBuffer {
    const ring = this.#take(freeRings, `${size}`, () => reserveWalBuffer(size));
    new Uint8Array(ring).fill(0);
    return ring;
  }

  /** Nobody uses any of it any more. */
  release(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  #take<T>(free: Map<string, T[]>, name: string, reserve: () => T): T {
    const list = free.get(name) ?? [];
    free.set(name, list);
    const item = list.pop() ?? reserve();
    this.#releases.push(() => list.push(item));
    return item;
  }
}
