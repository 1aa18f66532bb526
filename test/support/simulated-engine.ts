// TestEngine with a second way to send, as an engine in the kernel has it: a write is under way
// until the test completes it, and meanwhile nothing of what was offered may change.

import { UNDER_WAY, type SendRegion } from "../../src/batch/send-windows.ts";
import type { ByteArea } from "../../src/lib/byte-area.ts";
import { TestConnection, TestEngine } from "./test-engine.ts";

interface Offer {
  readonly connection: TestConnection;
  readonly regions: readonly SendRegion[];
  /** The bytes when they were offered. */
  readonly bytes: Buffer;
}

export class SimulatedEngine extends TestEngine {
  /** Writes are under way until `complete`. */
  isDeferred = false;
  readonly #offers: Offer[] = [];
  readonly #open = new Map<number, TestConnection>();

  override tryConnect(): TestConnection | null {
    const connection = super.tryConnect();
    if (connection !== null) this.#open.set(connection.number, connection);
    return connection;
  }

  override forget(connection: TestConnection): void {
    super.forget(connection);
    if (this.#open.get(connection.number) === connection) this.#open.delete(connection.number);
  }

  get offerCount(): number {
    return this.#offers.length;
  }

  override send(connection: number, area: ByteArea, offset: number, length: number): number {
    if (!this.isDeferred) return super.send(connection, area, offset, length);
    return this.#offer(connection, [{ area, offset, length, reference: 0, window: -1 }]);
  }

  override sendRegions(connection: number, regions: readonly SendRegion[]): number {
    if (this.isDeferred) return this.#offer(connection, regions);
    return super.sendRegions(connection, regions);
  }

  /** Ends one of the writes under way: its socket takes what it has capacity for. */
  complete(index: number): void {
    const [offer] = this.#offers.splice(index, 1);
    if (offer === undefined) return;
    const { connection, regions, bytes } = offer;
    // Its number may be another's by now.
    if (!connection.isOpen) return;
    if (!gather(regions).equals(bytes)) throw new Error("bytes under way were changed");
    let sent = 0;
    for (const { area, offset, length } of regions) {
      const taken = connection.accept(area, offset, length);
      sent += taken;
      if (taken < length) break;
    }
    if (sent === 0 && bytes.length > 0) {
      // A write that waits for its socket is completed only once that takes something.
      this.#offers.push(offer);
      return;
    }
    this.handlers.sent(connection.number, sent);
  }

  /** Ends all of them, and those that follow; every socket has room. */
  completeAll(): void {
    while (this.#offers.length > 0) this.complete(0);
  }

  #offer(number: number, regions: readonly SendRegion[]): number {
    const connection = this.#open.get(number);
    if (connection === undefined) return -1;
    const copies = regions.map((region) => ({ ...region }));
    this.#offers.push({ connection, regions: copies, bytes: gather(copies) });
    return UNDER_WAY;
  }
}

function gather(regions: readonly SendRegion[]): Buffer {
  return Buffer.concat(
    regions.map(({ area, offset, length }) => area.bytes.subarray(offset, offset + length)),
  );
}
