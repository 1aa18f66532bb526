// What SendWindows sends of a value in pieces, and what becomes of the pieces meanwhile.

import { describe, expect, test } from "bun:test";
import { FLUSH, SendWindows } from "../../src/batch/send-windows.ts";
import { Random } from "../support/random.ts";
import { StoreFixture } from "../support/store-fixture.ts";
import { TestTransport } from "../support/test-transport.ts";

const MIB = 2 ** 20;
const PIECE_SIZE = 128 * 1024;
const LENGTH = 3 * MIB + 77;
const VALUE = Buffer.alloc(LENGTH);
new Random(1).fill(VALUE);

class Fixture {
  readonly transport = new TestTransport();
  readonly memory = new StoreFixture({ sizeBytes: 16 * MIB });
  readonly sends: SendWindows;

  constructor() {
    const options = {
      connectionCount: 1,
      windowSizeBytes: 65_536,
      spareCount: 2,
      limitBytes: 262_144,
    };
    this.sends = new SendWindows(options, this.memory.store, this.transport);
    this.sends.open(0);
    this.memory.setBytes("key", VALUE);
  }

  write(text: string): void {
    const position = this.sends.reserve(0, text.length);
    this.sends.area.bytes.write(text, position, "latin1");
    this.sends.ends[0] = position + text.length;
  }

  splice(): void {
    this.sends.splice(0, this.memory.find("key"));
  }
}

describe("SendWindows with a value in pieces", () => {
  test("send it piece by piece between what stands around it", () => {
    const fixture = new Fixture();
    fixture.write("before ");
    fixture.splice();
    fixture.write(" behind");
    expect(fixture.sends.unsentBytes(0)).toBe(LENGTH + 14);
    expect(fixture.sends.flush(0)).toBe(FLUSH.SENT);
    expect(fixture.transport.lastRegions.map(({ length }) => length)).toEqual([
      7,
      ...Array.from({ length: 24 }, () => PIECE_SIZE),
      77,
      7,
    ]);
    expect(fixture.transport.take(0)).toBe(`before ${VALUE.toString("latin1")} behind`);
    expect(fixture.memory.store.pins.count).toBe(0);
  });

  test("send it whole although it is removed while the client reads slowly", () => {
    const fixture = new Fixture();
    const { store } = fixture.memory;
    const random = new Random(2);
    fixture.splice();
    fixture.splice();
    fixture.memory.remove("key");
    fixture.memory.setBytes("other", VALUE);
    const { pieces } = store.memoryBytes();
    let text = "";
    while (fixture.sends.unsentBytes(0) > 0) {
      expect(store.memoryBytes().pieces).toBe(pieces);
      fixture.transport.capacity = random.pick([1, 1000, PIECE_SIZE, 300_000]);
      fixture.sends.flush(0);
      text += fixture.transport.take(0);
    }
    expect(text === VALUE.toString("latin1").repeat(2)).toBe(true);
    expect(store.memoryBytes().pieces).toBe(pieces / 2);
    expect(store.pins.count).toBe(0);
  });

  test("let go of it when the connection ends in the middle", () => {
    const fixture = new Fixture();
    fixture.splice();
    fixture.transport.capacity = MIB;
    expect(fixture.sends.flush(0)).toBe(FLUSH.PARTIAL);
    fixture.memory.remove("key");
    expect(fixture.memory.store.memoryBytes().pieces).toBe(25 * PIECE_SIZE);
    fixture.sends.close(0);
    expect(fixture.memory.store.memoryBytes().pieces).toBe(0);
    expect(fixture.memory.store.pins.count).toBe(0);
  });
});
