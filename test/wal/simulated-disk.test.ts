// The simulated disk itself: that it forgets what it may and nothing else, and fails as it is told.

import { describe, expect, test } from "bun:test";
import type { Disk, DiskFile } from "../../src/wal/disk.ts";
import { Random } from "../support/random.ts";
import { PowerLoss, SimulatedDisk } from "../support/simulated-disk.ts";

const SEEDS = Array.from({ length: 1000 }, (_, i) => i + 1);

function append(file: DiskFile, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  expect(file.write(bytes, 0, bytes.length)).toBe(bytes.length);
}

function contents(disk: Disk): Record<string, string> {
  return Object.fromEntries(
    disk.list().map((name) => {
      const file = disk.open(name);
      const bytes = Buffer.alloc(file.size());
      file.read(0, bytes, 0, bytes.length);
      return [name, bytes.toString("latin1")];
    }),
  );
}

/** All that crashes may leave of what `act` does. */
function outcomes(act: (disk: SimulatedDisk) => void): Record<string, string>[] {
  return SEEDS.map((seed) => {
    const disk = new SimulatedDisk(new Random(seed));
    act(disk);
    return contents(disk.crash());
  });
}

describe("a crash", () => {
  test("leaves what was synced, under a synced name", () => {
    const left = outcomes((disk) => {
      const file = disk.create("a");
      append(file, "durable");
      file.sync();
      disk.syncDirectory();
      disk.remove("a");
      disk.create("a");
      disk.syncDirectory();
      const other = disk.create("b");
      append(other, "durable");
      disk.syncDirectory();
      other.sync();
    });
    for (const files of left) expect(files).toEqual({ a: "", b: "durable" });
  });

  test("may undo names and leave them, in order", () => {
    const left = outcomes((disk) => {
      disk.create("a");
      disk.syncDirectory();
      disk.create("b");
      disk.rename("b", "c");
      disk.remove("a");
    });
    const lists = new Set(left.map((files) => Object.keys(files).toSorted().join(" ")));
    expect([...lists].toSorted()).toEqual(["a", "a b", "a c", "c"]);
  });

  test("may leave a renamed file without its contents", () => {
    const left = outcomes((disk) => {
      const file = disk.create("a.tmp");
      append(file, "unsynced");
      disk.rename("a.tmp", "a");
      disk.syncDirectory();
    });
    const found = new Set(left.map(({ a }) => a));
    expect(found).toContain("");
    expect(found).toContain("unsynced");
  });

  test("may tear a write at any byte", () => {
    const left = outcomes((disk) => {
      const file = disk.create("a");
      disk.syncDirectory();
      append(file, "abc");
      file.sync();
      append(file, "def");
    });
    const found = new Set(left.map(({ a }) => a));
    for (const text of ["abc", "abcd", "abcde", "abcdef"]) expect(found).toContain(text);
    for (const text of found) expect(text).toStartWith("abc");
  });

  test("may lose a block and leave the one behind it", () => {
    const left = outcomes((disk) => {
      const file = disk.create("a");
      disk.syncDirectory();
      append(file, "x".repeat(512));
      append(file, "y".repeat(512));
    });
    const found = left.map(({ a }) => a!);
    const isZeroes = (text: string) => text === "\0".repeat(512);
    const isLater = (text: string) => text.slice(512) === "y".repeat(512);
    const isNoise = (text: string) => /[^xy\0]/.test(text);
    expect(found.some((text) => isZeroes(text.slice(0, 512)) && isLater(text))).toBe(true);
    expect(found.some(isNoise)).toBe(true);
    expect(found.every(({ length }) => length <= 1024)).toBe(true);
  });

  test("may undo a truncation", () => {
    const left = outcomes((disk) => {
      const file = disk.create("a");
      disk.syncDirectory();
      append(file, "abcdef");
      file.sync();
      file.truncate(2);
    });
    expect(new Set(left.map(({ a }) => a))).toEqual(new Set(["ab", "abcdef"]));
  });

  test("takes locks along, and the old disk", () => {
    const disk = new SimulatedDisk(new Random(1));
    disk.lock();
    expect(() => disk.lock()).toThrow("EWOULDBLOCK");
    disk.crash().lock();
    expect(() => disk.list()).toThrow("after its machine died");
  });

  test("of the process alone takes nothing", () => {
    const disk = new SimulatedDisk(new Random(1));
    append(disk.create("a"), "written");
    expect(contents(disk.kill())).toEqual({ a: "written" });
  });
});

describe("a fault", () => {
  test("comes when it was asked for, as often", () => {
    const disk = new SimulatedDisk(new Random(1));
    const file = disk.create("a");
    append(file, "1");
    disk.failAt("write", 2, "EIO", 2);
    append(file, "2");
    for (let i = 0; i < 2; i++) expect(() => append(file, "3")).toThrow("EIO");
    append(file, "4");
    expect(contents(disk)).toEqual({ a: "124" });
    disk.failAt("read", 1, "EIO");
    expect(() => file.read(0, new Uint8Array(1), 0, 1)).toThrow("EIO");
  });

  test("a full disk takes what fits and then nothing", () => {
    const disk = new SimulatedDisk(new Random(1));
    disk.capacity = 5;
    const file = disk.create("a");
    expect(file.write(Buffer.from("abcdefgh"), 0, 8)).toBe(5);
    expect(() => file.write(Buffer.from("fgh"), 0, 3)).toThrow("ENOSPC");
    expect(() => disk.create("b")).toThrow("ENOSPC");
  });

  test("what a failed sync did not save, no later one does", () => {
    const left = outcomes((disk) => {
      const file = disk.create("a");
      disk.syncDirectory();
      append(file, "lost");
      disk.failAt("sync", 1, "EIO");
      expect(() => file.sync()).toThrow("EIO");
      file.sync();
    });
    expect(new Set(left.map(({ a }) => a))).toContain("");
  });

  test("a sync that lies saves nothing", () => {
    const left = outcomes((disk) => {
      disk.hasLyingSyncs = true;
      const file = disk.create("a");
      disk.syncDirectory();
      append(file, "lost");
      file.sync();
    });
    expect(new Set(left.map(({ a }) => a))).toContain("");
  });

  test("power goes during the operation it was asked for", () => {
    const left = SEEDS.map((seed) => {
      const disk = new SimulatedDisk(new Random(seed));
      const file = disk.create("a");
      disk.syncDirectory();
      disk.powerLossAt = disk.operationCount + 2;
      append(file, "1");
      expect(() => append(file, "2")).toThrow(PowerLoss);
      return contents(disk.crash())["a"];
    });
    for (const text of ["", "1", "12"]) expect(left).toContain(text);
  });

  test("is in the trace with what was done before it", () => {
    const disk = new SimulatedDisk(new Random(1));
    const file = disk.create("a");
    append(file, "abc");
    disk.failAt("sync", 1, "EIO");
    expect(() => file.sync()).toThrow("EIO");
    expect(disk.describe().split("\n")).toEqual([
      "1 create a",
      "2 write a 3 at 0",
      "3 sync a ",
      "  failed: EIO",
    ]);
  });
});
