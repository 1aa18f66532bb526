import { describe, expect, test } from "bun:test";
import { DiskError } from "../../src/wal/disk.ts";
import { GROUP_HEADER_SIZE } from "../../src/wal/group.ts";
import { CHUNK_SIZE_MIN, SnapshotChunk } from "../../src/wal/snapshot-chunk.ts";
import { SnapshotReader } from "../../src/wal/snapshot-reader.ts";
import { SnapshotWriter } from "../../src/wal/snapshot-writer.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk, type DiskOperation } from "../support/simulated-disk.ts";

const SEED = 99;
const NAME = "snapshot-0000000007";
const OLDER = "snapshot-0000000006";
const FIELDS = { number: 7, epoch: 2, segmentBits: 4, timeMs: 5, positions: [8, 16] };
const CHUNK_COUNT = 3;

function makeChunk(): SnapshotChunk {
  const chunk = new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN));
  for (let i = 0; i < 10; i++) {
    const offset = chunk.beginSet(0, 3, 100, 0, 0);
    chunk.area.bytes.fill(i, offset, offset + 103);
  }
  return chunk;
}

function write(disk: SimulatedDisk): SnapshotWriter {
  const writer = new SnapshotWriter(disk, FIELDS, SEED);
  try {
    const chunk = makeChunk();
    for (let i = 0; i < CHUNK_COUNT; i++) {
      writer.writeChunk(chunk.area, 0, chunk.recordsSize, chunk.recordCount);
    }
    writer.finish();
    writer.publish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
  return writer;
}

/** The records of a snapshot that is whole. */
function countRecords(disk: SimulatedDisk, name = NAME): number {
  const reader = new SnapshotReader(disk, name, SEED);
  while (reader.next()) expect(reader.begin).toBe(GROUP_HEADER_SIZE);
  reader.close();
  return reader.recordCount;
}

describe("SnapshotWriter", () => {
  test("writes what its reader reads, whatever a write takes", () => {
    for (const hasShortWrites of [false, true]) {
      const disk = new SimulatedDisk(new Random(SEED));
      disk.hasShortWrites = hasShortWrites;
      const writer = write(disk);
      expect(writer.recordCount).toBe(30);
      expect(disk.list()).toEqual([NAME]);
      expect(disk.snapshot()[NAME]).toHaveLength(writer.size);
      expect(countRecords(disk)).toBe(30);
    }
  });

  test("has no name before it is published", () => {
    const disk = new SimulatedDisk(new Random(SEED));
    const writer = new SnapshotWriter(disk, FIELDS, SEED);
    expect(() => writer.publish()).toThrow("a finished snapshot");
    writer.finish();
    expect(disk.list()).toEqual([`${NAME}.tmp`]);
    writer.abandon();
    expect(disk.list()).toEqual([]);
  });

  test("stays when it was published, whatever happens then", () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SimulatedDisk(new Random(seed));
      write(disk).abandon();
      expect(disk.list()).toEqual([NAME]);
      expect(countRecords(disk.crash())).toBe(30);
    }
  });

  test("syncs a long file on the way", () => {
    const disk = new SimulatedDisk(new Random(SEED));
    const writer = new SnapshotWriter(disk, FIELDS, SEED);
    const chunk = new SnapshotChunk(new ArrayBuffer(8 * 2 ** 20));
    chunk.beginSet(0, 1, 7 * 2 ** 20, 0, 0);
    for (let i = 0; i < 6; i++) writer.writeChunk(chunk.area, 0, chunk.recordsSize, 1);
    expect(disk.counts.sync).toBe(2);
  });

  test("leaves nothing under its name when the disk fails, at any operation", () => {
    const operations: DiskOperation[] = ["create", "write", "sync", "rename"];
    for (const operation of operations) {
      for (let nth = 1; ; nth++) {
        const disk = new SimulatedDisk(new Random(SEED), { [OLDER]: new Uint8Array(1) });
        disk.hasShortWrites = true;
        disk.failAt(operation, nth, "EIO");
        try {
          write(disk);
          break;
        } catch (error) {
          expect(error).toBeInstanceOf(DiskError);
        }
        expect({ operation, nth, names: disk.list() }).toEqual({ operation, nth, names: [OLDER] });
      }
    }
  });

  test("is whole under its name after a crash at any operation, or not there", () => {
    let foundCount = 0;
    for (let powerLossAt = 1; powerLossAt < 20; powerLossAt++) {
      const disk = new SimulatedDisk(new Random(powerLossAt));
      disk.powerLossAt = powerLossAt;
      try {
        write(disk);
      } catch {
        // Nobody lives to see it.
      }
      const left = disk.crash();
      if (!left.list().includes(NAME)) continue;
      foundCount++;
      expect(countRecords(left)).toBe(30);
    }
    expect(foundCount).toBeGreaterThan(0);
  });
});
