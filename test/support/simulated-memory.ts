// Memory of simulated servers, used again for the next one: to reserve it costs more than a short
// life. What is handed out is zero, as memory is that was just reserved, but for the arena's pages:
// they are as somebody has left them, which nobody may notice.

import {
  SHARED_GROUP_SHIFT,
  SHARED_SLOT_WORDS,
  layOutControl,
  type SharedTablePlace,
} from "../../src/store/control-memory.ts";
import { reserveStore, type StoreBuffers } from "../../src/store/store-buffers.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";

const freeStores = new Map<string, StoreBuffers[]>();
const freeRings = new Map<string, SharedArrayBuffer[]>();

export class SimulatedMemory {
  readonly #releases: (() => void)[] = [];

  /** Several threads can have it if it `isShared`. */
  store(sizeBytes: number, segmentBits: number, isShared = false): StoreBuffers {
    const reserve = () => reserveStore(sizeBytes, segmentBits, isShared);
    const store = this.#take(freeStores, `${sizeBytes} ${segmentBits} ${isShared}`, reserve);
    clear(store, isShared);
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

function clear({ control, arena, segmentBits }: StoreBuffers, isShared: boolean): void {
  const words = new Int32Array(control);
  const { wordCount, pins, watches } = layOutControl(arena.pageCount, segmentBits);
  words.fill(0, 0, wordCount);
  if (!isShared) return;
  clearTable(words, pins);
  clearTable(words, watches);
}

/** The tables of several threads are large and all but empty. */
function clearTable(words: Int32Array, { begin, groupsBegin, slotsBegin }: SharedTablePlace): void {
  const groupWords = SHARED_SLOT_WORDS << SHARED_GROUP_SHIFT;
  for (let group = groupsBegin; group < slotsBegin; group++) {
    if (words[group] === 0) continue;
    const slots = slotsBegin + (group - groupsBegin) * groupWords;
    words.fill(0, slots, slots + groupWords);
  }
  words.fill(0, begin, slotsBegin);
}
