// A log whose records nobody writes: its ring is empty again as soon as something is published.
// What remains is what a log costs the data thread.

import type { WalConnection } from "../src/server/durability.ts";
import { STORE_DEFAULTS } from "../src/store/store-buffers.ts";
import { createWalProducer } from "../src/wal/staged-producer.ts";
import { reserveWalBuffer } from "../src/wal/wal-buffer.ts";
import { PUBLISHED, RELEASED, SYNCED, WRITTEN, WalDoorbell } from "../src/wal/wal-control.ts";

/** As the server has it. */
const BUFFER_SIZE = 16 * 2 ** 20;
const TIMEOUT_MS = 1000;

export class SilentLog {
  readonly connection: WalConnection;
  readonly #control: Int32Array;

  constructor() {
    const buffer = reserveWalBuffer(BUFFER_SIZE);
    this.#control = new Int32Array(buffer);
    this.connection = {
      producers: [createWalProducer(buffer, new WalDoorbell(), 0)],
      policy: "everysec",
      segmentBits: STORE_DEFAULTS.segmentBits,
      timeoutMs: TIMEOUT_MS,
      snapshots: null,
    };
  }

  /** What has been published is taken, written and synced. */
  takeAll(): void {
    const published = this.#control[PUBLISHED]!;
    for (const word of [RELEASED, WRITTEN, SYNCED]) this.#control[word] = published;
  }
}
