import { UNDER_WAY, type SendRegion, type Transport } from "../../src/batch/send-windows.ts";
import type { ByteArea } from "../../src/lib/byte-area.ts";

/** A socket for every connection that takes as many bytes as a test allows. */
export class TestTransport implements Transport {
  /** Bytes that are still taken, of all connections together. */
  capacity = Infinity;
  hasFailed = false;
  /** Takes everything under way; what became of it is told by `finished`. */
  isDeferred = false;
  readonly #offered: (() => number)[] = [];
  sendCount = 0;
  vectoredCount = 0;
  /** Offered in the last vectored send. */
  lastRegions: SendRegion[] = [];
  readonly #sent = new Map<number, Buffer[]>();

  send(connection: number, area: ByteArea, offset: number, length: number): number {
    this.sendCount++;
    if (this.isDeferred) {
      return this.#defer(() => this.#accept(connection, area, offset, length));
    }
    return this.#accept(connection, area, offset, length);
  }

  sendRegions(connection: number, regions: readonly SendRegion[]): number {
    this.vectoredCount++;
    this.lastRegions = regions.map((region) => ({ ...region }));
    // What is under way is what the regions were when they were offered.
    const offered = this.lastRegions;
    if (this.isDeferred) return this.#defer(() => this.#acceptAll(connection, offered));
    return this.#acceptAll(connection, regions);
  }

  /** What became of the oldest write under way. */
  finished(): number {
    return this.#offered.shift()!();
  }

  #defer(accept: () => number): number {
    this.#offered.push(accept);
    return UNDER_WAY;
  }

  #acceptAll(connection: number, regions: readonly SendRegion[]): number {
    let sent = 0;
    for (const { area, offset, length } of regions) {
      const taken = this.#accept(connection, area, offset, length);
      if (taken < 0) return -1;
      sent += taken;
      if (taken < length) break;
    }
    return sent;
  }

  /** What a connection was sent since the last call. */
  take(connection: number): string {
    const sent = Buffer.concat(this.#sent.get(connection) ?? []).toString("latin1");
    this.#sent.delete(connection);
    return sent;
  }

  #accept(connection: number, area: ByteArea, offset: number, length: number): number {
    if (this.hasFailed) return -1;
    const taken = Math.min(length, this.capacity);
    this.capacity -= taken;
    const chunks = this.#sent.get(connection) ?? [];
    chunks.push(Buffer.from(area.bytes.subarray(offset, offset + taken)));
    this.#sent.set(connection, chunks);
    return taken;
  }
}
