// What every disk does, the system's and the simulated one.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskError, type Disk, type DiskFile } from "../../src/wal/disk.ts";
import { RealDisk, makeDirectory } from "../../src/wal/real-disk.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));
let directoryCount = 0;

function createRealDisk(): Disk {
  const path = join(folder, String(directoryCount++));
  makeDirectory(path);
  return new RealDisk(path);
}

const DISKS: readonly (readonly [string, () => Disk])[] = [
  ["real", createRealDisk],
  ["simulated", () => new SimulatedDisk(new Random(1))],
];

function append(file: DiskFile, text: string): void {
  const bytes = Buffer.from(`<${text}>`);
  expect(file.write(bytes, 1, bytes.length - 1)).toBe(text.length);
}

function readText(file: DiskFile, offset = 0, length = 100): string {
  const bytes = Buffer.alloc(length + 2, "-");
  const count = file.read(offset, bytes, 1, length + 1);
  expect(bytes[0]).toBe(0x2d);
  expect(bytes[count + 1]).toBe(0x2d);
  return bytes.toString("latin1", 1, count + 1);
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(DiskError);
    return (error as DiskError).code;
  }
  return "";
}

describe.each(DISKS)("the %s disk", (_name, createDisk) => {
  test("appends, reads anywhere, and cuts", () => {
    const disk = createDisk();
    const file = disk.create("a");
    expect([file.size(), readText(file)]).toEqual([0, ""]);
    append(file, "hello");
    append(file, " world");
    expect([readText(file), readText(file, 6), readText(file, 2, 3)]).toEqual([
      "hello world",
      "world",
      "llo",
    ]);
    expect([readText(file, 11), readText(file, 100)]).toEqual(["", ""]);
    file.truncate(4);
    append(file, "!");
    file.sync();
    expect([file.size(), readText(file)]).toEqual([5, "hell!"]);
    file.close();
  });

  test("opens what is there, to append to it", () => {
    const disk = createDisk();
    const file = disk.create("a");
    append(file, "one");
    file.close();
    const again = disk.open("a");
    append(again, "two");
    expect(readText(again)).toBe("onetwo");
    again.close();
  });

  test("takes memory that is shared between threads", () => {
    const file = createDisk().create("a");
    const shared = Buffer.from(new SharedArrayBuffer(8) as unknown as ArrayBuffer);
    shared.write("shared!!");
    expect(file.write(shared, 0, 6)).toBe(6);
    shared.fill(0);
    expect(readText(file)).toBe("shared");
    file.close();
  });

  test("lists, renames over another and removes", () => {
    const disk = createDisk();
    for (const name of ["a", "b", "c"]) {
      const file = disk.create(name);
      append(file, name);
      file.close();
    }
    disk.rename("a", "b");
    disk.remove("c");
    disk.syncDirectory();
    expect(disk.list()).toEqual(["b"]);
    const file = disk.open("b");
    expect(readText(file)).toBe("a");
    file.close();
  });

  test("says what it refuses", () => {
    const disk = createDisk();
    disk.create("a").close();
    expect(codeOf(() => disk.create("a"))).toBe("EEXIST");
    expect(codeOf(() => disk.open("b"))).toBe("ENOENT");
    expect(codeOf(() => disk.rename("b", "c"))).toBe("ENOENT");
    expect(codeOf(() => disk.remove("b"))).toBe("ENOENT");
    expect(disk.list()).toEqual(["a"]);
  });

  test("lets itself be locked again once it was unlocked", () => {
    const disk = createDisk();
    for (let i = 0; i < 2; i++) {
      disk.lock();
      disk.unlock();
    }
    disk.unlock();
  });
});
