import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reserveAlignedArea } from "../../src/lib/aligned-area.ts";
import { DISK_BLOCK_SIZE } from "../../src/wal/disk.ts";
import { RealDisk } from "../../src/wal/real-disk.ts";
import { DIRECT_LENGTH_MIN, RealFile } from "../../src/wal/real-file.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { WalWriter } from "../../src/wal/wal-writer.ts";
import { canBeDirect, isOpenDirectly } from "../support/direct-files.ts";
import { Random } from "../support/random.ts";
import {
  CHECKSUM_SEED,
  SEGMENT_BITS,
  START_POSITION,
  TestPartition,
  findLoss,
} from "../support/wal-writer-fixture.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const APPENDING = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

const folder = mkdtempSync(join(tmpdir(), "fkvs-real-file-"));
afterAll(() => rmSync(folder, { recursive: true }));
let path = "";
beforeEach(() => {
  path = mkdtempSync(join(folder, "data-"));
});

function fill(bytes: Buffer, seed: number): void {
  new Random(seed).fill(bytes);
}

describe("a long write", () => {
  test("leaves without a copy where it lies as it will in the file", () => {
    const file = new RealDisk(path).create("a");
    const area = reserveAlignedArea(MIB, DISK_BLOCK_SIZE);
    fill(area.bytes, 1);
    expect(file.write(area.bytes, 0, DIRECT_LENGTH_MIN - 1)).toBe(DIRECT_LENGTH_MIN - 1);
    expect(isOpenDirectly(join(path, "a"))).toBe(false);
    // Not as it will lie there: it begins with a block, and the file goes on a byte before one.
    expect(file.write(area.bytes, 0, DIRECT_LENGTH_MIN)).toBe(DIRECT_LENGTH_MIN);
    expect(isOpenDirectly(join(path, "a"))).toBe(false);
    const begin = DISK_BLOCK_SIZE - 1;
    expect(file.write(area.bytes, begin, begin + DIRECT_LENGTH_MIN)).toBe(DIRECT_LENGTH_MIN);
    expect(isOpenDirectly(join(path, "a"))).toBe(canBeDirect(path));
    file.close();
    expect(isOpenDirectly(join(path, "a"))).toBe(false);
    const parts = [
      area.bytes.subarray(0, DIRECT_LENGTH_MIN - 1),
      area.bytes.subarray(0, DIRECT_LENGTH_MIN),
      area.bytes.subarray(begin, begin + DIRECT_LENGTH_MIN),
    ];
    expect(readFileSync(join(path, "a")).equals(Buffer.concat(parts))).toBe(true);
  });

  test("does so behind a cut as well", () => {
    const file = new RealDisk(path).create("a");
    const area = reserveAlignedArea(2 * MIB, DISK_BLOCK_SIZE);
    fill(area.bytes, 4);
    file.write(area.bytes, 0, 5000);
    file.truncate(100);
    expect(file.write(area.bytes, 100, MIB)).toBe(MIB - 100);
    expect(isOpenDirectly(join(path, "a"))).toBe(canBeDirect(path));
    file.close();
    expect(readFileSync(join(path, "a")).equals(area.bytes.subarray(0, MIB))).toBe(true);
  });

  test("to a file that was there is as others are", () => {
    const disk = new RealDisk(path);
    disk.create("a").close();
    const file = disk.open("a");
    const area = reserveAlignedArea(MIB, DISK_BLOCK_SIZE);
    expect(file.write(area.bytes, 0, MIB)).toBe(MIB);
    expect(isOpenDirectly(join(path, "a"))).toBe(false);
    file.close();
  });

  test("goes on as others do where the file system refuses it", () => {
    // A path that leads elsewhere: to nothing, or to where no block begins, which it answers so.
    for (const other of ["nothing", "odd"]) {
      if (other === "odd") writeFileSync(join(path, other), "x");
      const name = join(path, `a ${other}`);
      const file = new RealFile(join(path, other), openSync(name, APPENDING), true);
      const area = reserveAlignedArea(MIB, DISK_BLOCK_SIZE);
      fill(area.bytes, 2);
      expect(file.write(area.bytes, 0, MIB)).toBe(MIB);
      expect(isOpenDirectly(join(path, other))).toBe(false);
      expect(file.write(area.bytes, 0, MIB)).toBe(MIB);
      file.close();
      const expected = Buffer.concat([area.bytes, area.bytes]);
      expect(readFileSync(name).equals(expected)).toBe(true);
    }
    expect(readFileSync(join(path, "odd"), "latin1")).toBe("x");
  });
});

test("writes of all lengths, from all places, with cuts between them, are the file", () => {
  const area = reserveAlignedArea(2 * MIB, DISK_BLOCK_SIZE);
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    fill(area.bytes, seed);
    const name = `file ${seed}`;
    const file = new RealDisk(path).create(name);
    let model = Buffer.alloc(0);
    for (let i = 0; i < 12; i++) {
      const isLong = random.oneIn(2);
      const length = isLong ? DIRECT_LENGTH_MIN + random.below(MIB / 2) : random.below(9000);
      const isInPlace = !random.oneIn(4);
      const begin = isInPlace ? model.length % DISK_BLOCK_SIZE : random.below(9000);
      const bytes = area.bytes.subarray(begin, begin + length);
      expect(file.write(area.bytes, begin, begin + length)).toBe(length);
      model = Buffer.concat([model, bytes]);
      if (random.oneIn(5)) {
        model = model.subarray(0, random.below(model.length + 1));
        file.truncate(model.length);
      }
      if (random.oneIn(3)) file.sync();
    }
    expect(file.size()).toBe(model.length);
    file.close();
    expect(readFileSync(join(path, name)).equals(model), `seed ${seed}`).toBe(true);
  }
});

test("groups of the log lie so, file after file, and are read back", () => {
  const disk = new RealDisk(path);
  const buffer = reserveWalBuffer(4 * MIB);
  const partition = new TestPartition(buffer, new WalDoorbell(), START_POSITION);
  const options = {
    policy: "everysec",
    fileSizeMax: 2 * MIB,
    flushIntervalMs: 0,
    batchRecords: 1,
    segmentBits: SEGMENT_BITS,
    seed: CHECKSUM_SEED,
    partitionCount: 1,
  } as const;
  const writer = new WalWriter(disk, [{ partition: 0, buffer }], options, () => {});
  writer.startEpoch(1, START_POSITION);
  const random = new Random(3);
  let isDirect = false;
  for (let group = 0; group < 14; group++) {
    const count = group % 3 === 1 ? 3 : 700 + random.below(300);
    for (let i = 0; i < count; i++) partition.append(`key ${i}`, "v".repeat(random.below(1000)));
    partition.producer.publish();
    while (writer.step(group * 300) === "worked") {
      const names = disk.list().map((name) => join(path, name));
      isDirect ||= names.some(isOpenDirectly);
    }
  }
  writer.endEpoch(0);
  expect(disk.list().length).toBeGreaterThan(2);
  expect(isDirect).toBe(canBeDirect(path));
  expect(findLoss(disk, 0, partition, partition.producer.position())).toBe("");
});
