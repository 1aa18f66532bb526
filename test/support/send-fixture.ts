// Send windows of a few connections, with a store and sockets that a test plays.

import { expect } from "bun:test";
import { FLUSH, SendWindows } from "../../src/batch/send-windows.ts";
import { StoreFixture } from "./store-fixture.ts";
import { TestTransport } from "./test-transport.ts";

const MIB = 2 ** 20;
export const WINDOW_SIZE = 65536;
export const LIMIT = 4 * WINDOW_SIZE;
export const CONNECTION_COUNT = 3;

export class SendFixture {
  readonly transport = new TestTransport();
  readonly memory = new StoreFixture({ sizeBytes: 16 * MIB });
  readonly sends: SendWindows;

  constructor(spareCount = 8, limitBytes = LIMIT) {
    const options = {
      connectionCount: CONNECTION_COUNT,
      windowSizeBytes: WINDOW_SIZE,
      spareCount,
      limitBytes,
    };
    this.sends = new SendWindows(options, this.memory.store, this.transport);
    for (let i = 0; i < CONNECTION_COUNT; i++) this.sends.open(i);
  }

  /** Whether there was room for the text. */
  write(text: string, connection = 0): boolean {
    const position = this.sends.reserve(connection, text.length);
    if (position < 0) return false;
    this.sends.area.bytes.write(text, position, "latin1");
    this.sends.ends[connection] = position + text.length;
    return true;
  }

  /** Whether there was an allowance for the value. */
  splice(key: string, connection = 0): boolean {
    if (!this.sends.canBegin(connection)) return false;
    this.sends.splice(connection, this.memory.find(key));
    return true;
  }

  append(text: string, connection = 0): void {
    this.sends.append(connection, Buffer.from(text, "latin1"));
  }

  flushed(connection = 0): string {
    expect(this.sends.flush(connection)).toBe(FLUSH.SENT);
    return this.transport.take(connection);
  }

  /** Sends until all is sent, so many bytes at a time. */
  drain(step: () => number, connection = 0): string {
    let text = "";
    while (this.sends.unsentBytes(connection) > 0) {
      this.transport.capacity = step();
      this.sends.flush(connection);
      text += this.transport.take(connection);
    }
    return text;
  }
}
