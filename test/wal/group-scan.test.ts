import { describe, expect, test } from "bun:test";
import { FileWindow } from "../../src/wal/file-window.ts";
import { findGroup, isWhole } from "../../src/wal/group-scan.ts";
import { GROUP_HEADER_SIZE, GroupHeader } from "../../src/wal/group.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { SEED, buildGroup, set } from "../support/plain-wal.ts";

const GROUP = buildGroup({ records: [set("key", "value")], syncedPosition: 8 }, 16);
const MEGABYTE = 1024 * 1024;

function openWindow(bytes: Uint8Array): FileWindow {
  const window = new FileWindow();
  window.open(new SimulatedDisk(new Random(1), { file: bytes }), "file");
  return window;
}

function place(size: number, ...offsets: number[]): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x47);
  for (const offset of offsets) bytes.set(GROUP, offset);
  return bytes;
}

function find(bytes: Uint8Array, offset = 0, seed = SEED): number {
  return findGroup(openWindow(bytes), offset, new GroupHeader(), seed);
}

describe("the search for a group", () => {
  test.each([
    0,
    8,
    1024,
    MEGABYTE - 48,
    MEGABYTE - 40,
    MEGABYTE - 32,
    MEGABYTE - 8,
    MEGABYTE,
    MEGABYTE + 8,
    2 * MEGABYTE - 80,
    3 * MEGABYTE,
  ])("finds one at %d", (offset) => {
    const bytes = place(offset + GROUP.length, offset);
    expect(find(bytes)).toBe(offset);
    expect(find(bytes, offset)).toBe(offset);
    expect(find(bytes, offset + 8)).toBe(-1);
  });

  test("reads its header", () => {
    const header = new GroupHeader();
    const window = openWindow(place(200, 24));
    findGroup(window, 0, header, SEED);
    expect([header.position, header.syncedPosition, header.recordCount]).toEqual([16, 8, 1]);
    expect(isWhole(window, 24, header, SEED)).toBe(true);
  });

  test("finds a header whose records are torn, which is not whole", () => {
    for (const bytes of [place(200, 24), place(24 + GROUP.length, 24).subarray(0, -1)]) {
      bytes[24 + GROUP_HEADER_SIZE] = 0;
      const window = openWindow(bytes);
      const header = new GroupHeader();
      expect(findGroup(window, 0, header, SEED)).toBe(24);
      expect(isWhole(window, 24, header, SEED)).toBe(false);
    }
  });

  test("goes on behind what only looks like one", () => {
    const bytes = place(400, 0, 80, 160);
    bytes[39]! ^= 1;
    bytes[90]! ^= 1;
    expect(find(bytes)).toBe(160);
  });

  test.each([
    ["nothing is there", place(300), SEED],
    ["the file ends within the header", place(100, 8).subarray(0, 47), SEED],
    ["it is not at a multiple of 8", place(300, 20), SEED],
    ["it is of another directory", place(300, 8), SEED + 1],
    ["the file is empty", new Uint8Array(0), SEED],
  ])("finds none where %s", (_, bytes, seed) => {
    expect(find(bytes, 0, seed)).toBe(-1);
  });
});
