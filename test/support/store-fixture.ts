// A store with its own clock and its own receive window. Keys and values are text of one byte a
// character, so that a test can hold them in a Map and compare them by value.

import { ByteArea } from "../../src/lib/byte-area.ts";
import { layOutControl } from "../../src/store/control-memory.ts";
import type { PieceChain } from "../../src/store/pieces.ts";
import { reserveStore, type StoreBuffers } from "../../src/store/store-buffers.ts";
import { Store } from "../../src/store/store.ts";
import { takeCensus, type Census } from "./table-census.ts";
import { TestClock } from "./test-clock.ts";

// Neither starts at a multiple of a word.
const KEY_OFFSET = 3;
const VALUE_OFFSET = 0x10009;
const SOURCE_SIZE = VALUE_OFFSET + 2 ** 18;
const HIGH_WORD = 2 ** 32;
/** More than any test needs; what goes on beyond it would go on for ever. */
const MAINTENANCE_TURNS_MAX = 1_000_000;

export interface StoreFixtureOptions {
  readonly sizeBytes: number;
  readonly segmentBits?: number;
  readonly slotsLog2Min?: number;
  readonly slotsLog2Max?: number;
  readonly seeds?: readonly [number, number, number];
  readonly buffers?: StoreBuffers;
}

export class StoreFixture {
  readonly store: Store;
  readonly clock = new TestClock();
  readonly releasedPages: number[] = [];
  readonly #source = new ByteArea(new ArrayBuffer(SOURCE_SIZE));
  readonly #buffers: StoreBuffers;

  constructor(options: StoreFixtureOptions) {
    const { sizeBytes, segmentBits = 2, slotsLog2Min = 6, slotsLog2Max = 13 } = options;
    const { seeds = [1, 2, 3] } = options;
    this.#buffers = options.buffers ?? reserveStore(sizeBytes, segmentBits);
    this.store = new Store(this.#buffers, this.#source, this.clock, {
      seeds,
      slotsLog2Min,
      slotsLog2Max,
      releasePage: (page) => {
        this.releasedPages.push(page);
        return true;
      },
    });
  }

  hashOf(key: string): number {
    return this.store.hashOf(KEY_OFFSET, this.#writeKey(key));
  }

  /** The entry of a key, 0 = none. */
  find(key: string): number {
    const length = this.#writeKey(key);
    return this.store.find(KEY_OFFSET, length, this.store.hashOf(KEY_OFFSET, length));
  }

  /** Whether there was room. */
  set(key: string, value: string, deadlineMs = 0): boolean {
    const length = this.#writeKey(key);
    const hash = this.store.hashOf(KEY_OFFSET, length);
    this.#source.bytes.write(value, VALUE_OFFSET, "latin1");
    const low = lowWord(deadlineMs);
    const high = highWord(deadlineMs);
    const args = [KEY_OFFSET, length, hash, VALUE_OFFSET, value.length, low, high] as const;
    return this.store.set(...args) !== 0;
  }

  /** The same with a value of any length, which does not lie in the receive window. */
  setBytes(key: string, value: Uint8Array, deadlineMs = 0): boolean {
    const length = this.#writeKey(key);
    const hash = this.store.hashOf(KEY_OFFSET, length);
    const low = lowWord(deadlineMs);
    const high = highWord(deadlineMs);
    return this.store.setBytes(KEY_OFFSET, length, hash, value, low, high) !== 0;
  }

  /** The same with a chain. */
  setChain(key: string, chain: PieceChain, deadlineMs = 0): boolean {
    const length = this.#writeKey(key);
    const hash = this.store.hashOf(KEY_OFFSET, length);
    const low = lowWord(deadlineMs);
    const high = highWord(deadlineMs);
    return this.store.setChain(KEY_OFFSET, length, hash, chain, low, high) !== 0;
  }

  /** Replaces the value of a key that exists and keeps its deadline. Whether there was room. */
  replace(key: string, value: string): boolean {
    const reference = this.find(key);
    const hash = this.store.hashOf(KEY_OFFSET, key.length);
    this.#source.bytes.write(value, VALUE_OFFSET, "latin1");
    const args = [reference, KEY_OFFSET, key.length, hash, VALUE_OFFSET, value.length] as const;
    return this.store.replaceValue(...args) !== 0;
  }

  /** Gives a key that exists a deadline, 0 = takes it away. Whether there was room. */
  expireAt(key: string, deadlineMs: number): boolean {
    const reference = this.find(key);
    const hash = this.store.hashOf(KEY_OFFSET, key.length);
    const low = lowWord(deadlineMs);
    const high = highWord(deadlineMs);
    return this.store.setDeadline(reference, KEY_OFFSET, key.length, hash, low, high);
  }

  remove(key: string): boolean {
    const length = this.#writeKey(key);
    return this.store.remove(KEY_OFFSET, length, this.store.hashOf(KEY_OFFSET, length));
  }

  /** The value of a key, by way of the store's search for those that only read. */
  get(key: string): string | null {
    const length = this.#writeKey(key);
    const hash = this.store.hashOf(KEY_OFFSET, length);
    const reference = this.store.find(KEY_OFFSET, length, hash);
    return reference === 0 ? null : this.valueOf(reference);
  }

  /** Deadline of a key that exists, 0 = none. */
  deadlineOf(key: string): number {
    return this.store.deadlineMs(this.find(key));
  }

  keyOf(reference: number): string {
    const offset = this.store.keyOffset(reference);
    const end = offset + this.store.keyLength(reference);
    return this.store.area(reference).bytes.toString("latin1", offset, end);
  }

  valueOf(reference: number): string {
    const length = this.store.valueLength(reference);
    return this.store.values.bytes(reference, 0, length).toString("latin1");
  }

  /** Every entry that lies in a table, expired ones included. */
  references(): number[] {
    const references: number[] = [];
    for (let segment = 0; segment < this.store.segments.segmentCount; segment++) {
      this.store.segments.forEachEntry(segment, (reference) => references.push(reference) > 0);
    }
    return references;
  }

  get nowMs(): number {
    return this.clock.now;
  }

  /** Moves the clock, and begins a turn. */
  moveTo(nowMs: number): void {
    this.clock.now = nowMs;
    this.store.nowMs = nowMs;
  }

  /** Maintenance until there is nothing left to do; the number of slices. */
  maintain(): number {
    for (let slices = 0; slices < MAINTENANCE_TURNS_MAX; slices++) {
      if (!this.store.runMaintenance()) return slices;
    }
    throw new Error("maintenance never ends");
  }

  census(): Census {
    const { arena, segmentBits, control } = this.#buffers;
    const layout = layOutControl(arena.pageCount, segmentBits);
    return takeCensus(this.store.arena, new Int32Array(control), layout);
  }

  #writeKey(key: string): number {
    return this.#source.bytes.write(key, KEY_OFFSET, "latin1");
  }
}

/** The words of a number of milliseconds, as the store takes them: signed. */
export function lowWord(milliseconds: number): number {
  return (milliseconds % HIGH_WORD) | 0;
}

export function highWord(milliseconds: number): number {
  return Math.floor(milliseconds / HIGH_WORD) | 0;
}
