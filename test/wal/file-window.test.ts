import { describe, expect, test } from "bun:test";
import { FileWindow } from "../../src/wal/file-window.ts";
import { GROUP_SIZE_MAX } from "../../src/wal/group.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const NAME = "file";
const FILE_SIZE = 5 * 1024 * 1024 + 123;

function makeContent(): Uint8Array {
  const bytes = new Uint8Array(FILE_SIZE);
  for (let i = 0; i < FILE_SIZE; i++) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return bytes;
}

describe("a file's window", () => {
  const content = makeContent();

  function open(): FileWindow {
    const window = new FileWindow();
    window.open(new SimulatedDisk(new Random(1), { [NAME]: content }), NAME);
    return window;
  }

  function expectAt(window: FileWindow, offset: number, length: number): void {
    const begin = window.require(offset, length);
    const there = window.area.bytes.subarray(begin, begin + length);
    expect(there.equals(content.subarray(offset, offset + length))).toBe(true);
    const count = window.countFrom(offset);
    expect(count).toBeGreaterThanOrEqual(length);
    const behind = window.area.bytes.subarray(begin, begin + count);
    expect(behind.equals(content.subarray(offset, offset + count))).toBe(true);
  }

  test("has what is asked for, wherever it is", () => {
    const seed = 20261121;
    const random = new Random(seed);
    const window = open();
    expect([window.name, window.size]).toEqual([NAME, FILE_SIZE]);
    for (let i = 0; i < 200; i++) {
      const offset = random.below(FILE_SIZE);
      const length = random.below(Math.min(FILE_SIZE - offset, random.oneIn(20) ? 2 ** 22 : 5000));
      expectAt(window, offset, length);
    }
  });

  test("grows for what is longer, and keeps what it has of it", () => {
    const window = open();
    expectAt(window, 1000, 40);
    expectAt(window, 1000, 3_000_000);
    expect(window.area.length).toBe(4 * 1024 * 1024);
    expectAt(window, FILE_SIZE - 1, 1);
  });

  test("reads many small groups at a time", () => {
    const disk = new SimulatedDisk(new Random(1), { [NAME]: content });
    const window = new FileWindow();
    window.open(disk, NAME);
    for (let offset = 0; offset + 40 <= FILE_SIZE; offset += 40) window.require(offset, 40);
    expect(disk.counts.read).toBeLessThan(10);
  });

  test("refuses what is not in the file, or larger than a group", () => {
    const window = open();
    expect(() => window.require(FILE_SIZE - 1, 2)).toThrow("broken invariant");
    window.size = 2 * GROUP_SIZE_MAX;
    expect(() => window.require(0, GROUP_SIZE_MAX + 1)).toThrow("broken invariant");
  });

  test("says so when the file becomes shorter", () => {
    const window = open();
    window.size += 1;
    expect(() => window.require(FILE_SIZE, 1)).toThrow("became shorter while it was read");
  });
});
