// A StoreKeyspace over a store and windows of its own. Keys and values are text of one byte a
// character, as in store-fixture.ts.

import { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { layOutControl } from "../../src/store/control-memory.ts";
import { reserveStore, type StoreBuffers } from "../../src/store/store-buffers.ts";
import { Store } from "../../src/store/store.ts";
import { Random } from "./random.ts";
import { takeCensus, type Census } from "./table-census.ts";
import { TestClock } from "./test-clock.ts";

/** More than any test needs; what goes on beyond it would go on for ever. */
const MAINTENANCE_TURNS_MAX = 1_000_000;

export interface KeyspaceFixtureOptions {
  readonly sizeBytes: number;
  readonly segmentBits?: number;
  readonly slotsLog2Max?: number;
  readonly seeds?: readonly [number, number, number];
  /** Of a store that several fixtures share: see thread-pair.ts. */
  readonly sharedBuffers?: StoreBuffers;
}

export class KeyspaceFixture {
  readonly clock = new TestClock();
  readonly windows = new ReceiveWindows(1, 1024);
  readonly store: Store;
  readonly keys: StoreKeyspace;
  readonly #buffers: StoreBuffers;

  constructor(options: KeyspaceFixtureOptions) {
    const { sizeBytes, segmentBits = 2, slotsLog2Max = 13, seeds = [1, 2, 3] } = options;
    const random = new Random(seeds[1]);
    this.#buffers = options.sharedBuffers ?? reserveStore(sizeBytes, segmentBits);
    this.store = new Store(this.#buffers, this.windows.area, this.clock, {
      seeds,
      slotsLog2Min: 6,
      slotsLog2Max,
      releasePage: () => true,
      isShared: options.sharedBuffers !== undefined,
    });
    this.keys = new StoreKeyspace(this.store, this.windows, () => (random.word() >>> 0) / 2 ** 32);
  }

  set(database: number, key: string, value: string, deadlineMs = NO_DEADLINE): boolean {
    return this.keys.set(database, bytesOf(key), bytesOf(value), deadlineMs);
  }

  get(database: number, key: string): string | null {
    return this.keys.find(database, bytesOf(key))?.bytes().toString("latin1") ?? null;
  }

  /** The entry of a key, 0 = none. */
  entryOf(database: number, key: string): number {
    return this.keys.find(database, bytesOf(key))?.reference ?? 0;
  }

  delete(database: number, key: string): boolean {
    return this.keys.delete(database, bytesOf(key));
  }

  /** The keys that one call of `scan` visits, and the next cursor. */
  scan(database: number, cursor: number, count: number): { keys: string[]; cursor: number } {
    const keys: string[] = [];
    const next = this.keys.scan(database, cursor, count, (key) => keys.push(textOf(key)));
    return { keys, cursor: next };
  }

  /** All keys by scanning; `between` is called after each call that was not the last. */
  scanAll(database: number, count: number, between: () => void = () => {}): string[] {
    const all: string[] = [];
    let cursor = 0;
    for (;;) {
      const { keys, cursor: next } = this.scan(database, cursor, count);
      all.push(...keys);
      if (next === 0) return all;
      cursor = next;
      between();
    }
  }

  /** Moves the clock, and begins a turn. */
  moveTo(nowMs: number): void {
    this.clock.now = nowMs;
    this.store.nowMs = nowMs;
  }

  /** Maintenance until there is nothing left to do. */
  maintain(): void {
    for (let turns = 0; turns < MAINTENANCE_TURNS_MAX; turns++) {
      if (!this.store.runMaintenance()) return;
    }
    throw new Error("maintenance never ends");
  }

  census(): Census {
    const { arena, segmentBits, control } = this.#buffers;
    const layout = layOutControl(arena.pageCount, segmentBits);
    return takeCensus(this.store.arena, new Int32Array(control), layout);
  }
}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
