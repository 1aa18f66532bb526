import { describe, expect, test } from "bun:test";
import { KEY_SCRATCH_SIZE, ReceiveWindows, SCRATCH_SIZE } from "../../src/batch/receive-windows.ts";
import { windowStride } from "../../src/batch/window-layout.ts";

const SIZE = 65536;
const COUNT = 3;
const CONNECTION = 1;

class Fixture {
  readonly windows = new ReceiveWindows(COUNT, SIZE);

  constructor() {
    for (let i = 0; i < COUNT; i++) this.windows.open(i);
  }

  receive(text: string, connection = CONNECTION): void {
    this.windows.area.bytes.write(text, this.windows.ends[connection]!, "latin1");
    this.windows.advance(connection, text.length);
  }

  /** What is received and not yet taken. */
  waiting(connection = CONNECTION): string {
    const { area, begins, ends } = this.windows;
    return area.bytes.toString("latin1", begins[connection]!, ends[connection]!);
  }
}

describe("ReceiveWindows", () => {
  test("begin empty, one stride apart, with room for their size", () => {
    const { windows } = new Fixture();
    const stride = windowStride(SIZE);
    expect([...windows.begins]).toEqual([0, stride, 2 * stride]);
    expect([...windows.ends]).toEqual([...windows.begins]);
    for (let i = 0; i < COUNT; i++) expect(windows.room(i)).toBe(SIZE);
  });

  test("have scratches for a value and a key of their area behind them", () => {
    const { windows } = new Fixture();
    expect(windows.scratchOffset).toBe(COUNT * windowStride(SIZE));
    expect(windows.keyScratchOffset).toBe(windows.scratchOffset + SCRATCH_SIZE);
    expect(windows.area.length).toBe(windows.keyScratchOffset + KEY_SCRATCH_SIZE);
  });

  test("move what is not taken to the front, and only that", () => {
    const fixture = new Fixture();
    const { windows } = fixture;
    fixture.receive("first");
    fixture.receive("other", 2);
    fixture.receive("second");
    windows.begins[CONNECTION]! += 5;
    windows.makeRoom(CONNECTION);
    expect(windows.begins[CONNECTION]).toBe(windowStride(SIZE));
    expect(fixture.waiting()).toBe("second");
    expect(windows.room(CONNECTION)).toBe(SIZE - 6);
    expect(fixture.waiting(2)).toBe("other");
  });

  test("move stretches that overlap, and empty ones", () => {
    const fixture = new Fixture();
    const { windows } = fixture;
    const text = Array.from({ length: SIZE }, (_, i) => String.fromCharCode(i % 251)).join("");
    fixture.receive(text);
    expect(windows.room(CONNECTION)).toBe(0);
    windows.begins[CONNECTION]! += 3;
    windows.makeRoom(CONNECTION);
    expect(fixture.waiting()).toBe(text.slice(3));
    expect(windows.room(CONNECTION)).toBe(3);
    windows.begins[CONNECTION] = windows.ends[CONNECTION]!;
    windows.makeRoom(CONNECTION);
    expect(fixture.waiting()).toBe("");
    expect(windows.room(CONNECTION)).toBe(SIZE);
  });

  test("stay as they are when there is nothing to move away", () => {
    const fixture = new Fixture();
    fixture.receive("text");
    fixture.windows.makeRoom(CONNECTION);
    expect(fixture.waiting()).toBe("text");
  });

  test("forget what a former connection left", () => {
    const fixture = new Fixture();
    fixture.receive("old");
    fixture.windows.open(CONNECTION);
    expect(fixture.waiting()).toBe("");
    expect(fixture.windows.room(CONNECTION)).toBe(SIZE);
  });

  test("hold exactly their size", () => {
    const { windows } = new Fixture();
    windows.advance(CONNECTION, SIZE);
    expect(windows.room(CONNECTION)).toBe(0);
    expect(() => windows.advance(CONNECTION, 1)).toThrow("bytes stay in their window");
  });

  test("count the memory they come to use once", () => {
    const { windows } = new Fixture();
    windows.advance(CONNECTION, 5000);
    expect(windows.touched.bytes).toBe(8192);
    windows.open(CONNECTION);
    windows.advance(CONNECTION, 8192);
    expect(windows.touched.bytes).toBe(8192);
    windows.advance(0, 1);
    expect(windows.touched.bytes).toBe(3 * 4096);
  });
});
