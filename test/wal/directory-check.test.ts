import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { DirectoryCheck, type CheckResult } from "../../src/wal/directory-check.ts";
import { GROUP_HEADER_SIZE } from "../../src/wal/group.ts";
import { formatMeta } from "../../src/wal/meta.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { SnapshotWriter } from "../../src/wal/snapshot-writer.ts";
import {
  SEED,
  SEGMENT_BITS,
  buildWalFile,
  encodeRecord,
  filesOf,
  set,
  type PlainRecord,
} from "../support/plain-wal.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const META = { checksumSeed: SEED, hashSeeds: [1, 2, 3] as const, segmentBits: SEGMENT_BITS };

function makeDisk(files: Readonly<Record<string, Uint8Array>>): SimulatedDisk {
  return new SimulatedDisk(new Random(1), { META: Buffer.from(formatMeta(META)), ...files });
}

function writeSnapshot(
  disk: SimulatedDisk,
  number: number,
  positions: readonly number[],
  records: readonly PlainRecord[],
): void {
  const fields = { number, epoch: 1, segmentBits: SEGMENT_BITS, timeMs: 86_400_000, positions };
  const writer = new SnapshotWriter(disk, fields, SEED);
  for (const record of records) {
    const bytes = encodeRecord(record);
    const area = new ByteArea(new ArrayBuffer(GROUP_HEADER_SIZE + bytes.length));
    area.bytes.set(bytes, GROUP_HEADER_SIZE);
    writer.writeChunk(area, 0, bytes.length, 1);
  }
  writer.finish();
  writer.publish();
}

function check(disk: SimulatedDisk): CheckResult & { lines: string[] } {
  const lines: string[] = [];
  const directory = DataDirectory.openExisting(disk, "the directory");
  const result = new DirectoryCheck(directory, (line) => lines.push(line)).run();
  directory.close();
  return { ...result, lines };
}

const groups = [
  { records: [set("a", "1"), set("b", "", { kind: RECORD_KIND.DELETE })], syncedPosition: 0 },
  { records: [set("c", "3")], syncedPosition: 64 },
];
const first = buildWalFile({ groups });
const second = buildWalFile({ sequence: 2, position: 96, groups: [] });
const other = buildWalFile({ partition: 1, groups });
const empty = buildWalFile({ partition: 1, groups: [] });

describe("the check of a data directory", () => {
  test("says of every file what it has", () => {
    const disk = makeDisk({
      ...filesOf(first, second, other),
      "notes.txt": new Uint8Array(3),
      "snapshot-0000000003.tmp": new Uint8Array(3),
    });
    writeSnapshot(disk, 1, [64, 0], [set("a", "1"), set("b", "2")]);
    const before = disk.snapshot();
    const { lines, ...result } = check(disk);
    expect(result).toEqual({ fileCount: 4, damageCount: 0, tornBytes: 0 });
    expect(lines).toEqual([
      "snapshot-0000000001: snapshot 1 of 1970-01-02T00:00:00.000Z, epoch 1, WAL from 64, 0," +
        " 2 chunks, 2 records (SET 2), 272 bytes",
      "wal-0000000001-00-0000000001: WAL, epoch 1, partition 0, positions 0 to 96," +
        " 2 groups, 3 records (SET 2, DELETE 1), 240 bytes",
      "wal-0000000001-00-0000000002: WAL, epoch 1, partition 0, 0 groups, 0 records, 64 bytes",
      "wal-0000000001-01-0000000001: WAL, epoch 1, partition 1, positions 0 to 96," +
        " 2 groups, 3 records (SET 2, DELETE 1), 240 bytes",
      "snapshot-0000000003.tmp: unfinished, a start removes it",
      "notes.txt: not a file of ours",
    ]);
    expect(disk.snapshot()).toEqual(before);
  });

  test("takes a torn end for sound, and says how long it is", () => {
    const { lines, ...result } = check(
      makeDisk({ ...filesOf(empty), [first.name]: first.bytes.subarray(0, -1) }),
    );
    expect(result).toEqual({ fileCount: 2, damageCount: 0, tornBytes: 71 });
    expect(lines[1]).toBe(
      "  torn end at byte 168, position 64: a group is cut off; 71 bytes, never synced",
    );
  });

  test("goes on behind what is damaged, in all files", () => {
    const bytes = first.bytes.slice();
    bytes[110]! ^= 1;
    const otherBytes = other.bytes.slice();
    otherBytes[110]! ^= 1;
    const disk = makeDisk({
      ...filesOf(second),
      [first.name]: bytes,
      [other.name]: otherBytes,
    });
    const { lines, damageCount } = check(disk);
    expect(damageCount).toBe(2);
    expect(lines.map((line) => line.replace(/^(wal-\S+):.*?(\d+ groups).*$/, "$1 $2"))).toEqual([
      `${first.name} 1 groups`,
      "  damaged at byte 64, position 0: the checksum of a group's records is wrong",
      `${second.name} 0 groups`,
      `${other.name} 1 groups`,
      "  damaged at byte 64, position 0: the checksum of a group's records is wrong",
    ]);
  });

  test("misses files", () => {
    const third = buildWalFile({ sequence: 3, position: 96, groups });
    const { lines, damageCount } = check(makeDisk(filesOf(first, third, empty)));
    expect(damageCount).toBe(1);
    expect(lines[0]).toBe(`${second.name}: the file is missing`);
    expect(check(makeDisk(filesOf(third, empty))).damageCount).toBe(1);
    const alone = check(makeDisk(filesOf(first)));
    expect(alone.damageCount).toBe(1);
    expect(alone.lines[0]).toBe(`${other.name}: the file is missing`);
  });

  test("knows from the snapshots which part of the WAL may have gone", () => {
    const third = buildWalFile({ sequence: 2, position: 96, groups });
    const disk = makeDisk(filesOf(third, empty));
    writeSnapshot(disk, 1, [96, 0], []);
    expect(check(disk).damageCount).toBe(0);
    const tooLate = makeDisk(filesOf(third, empty));
    writeSnapshot(tooLate, 1, [88, 0], []);
    const { lines, damageCount } = check(tooLate);
    expect(damageCount).toBe(1);
    expect(lines).toContain(`${third.name}: it begins at position 96, but a snapshot needs 88`);
    const tooShort = makeDisk(filesOf(first, empty));
    writeSnapshot(tooShort, 1, [104, 0], []);
    expect(check(tooShort).lines).toContain(
      "  damaged at byte 240, position 96: it ends at position 96, but was synced up to 104",
    );
  });

  test("finds a damaged snapshot", () => {
    for (const [offset, sentence] of [
      [
        20,
        "snapshot-0000000001: damaged at byte 0: the checksum of the snapshot's header is wrong",
      ],
      [140, "  damaged at byte 88: the checksum of a chunk's records is wrong"],
    ] as const) {
      const disk = makeDisk(filesOf(first, empty));
      writeSnapshot(disk, 1, [0, 0], [set("a", "1")]);
      disk.damage("snapshot-0000000001", (bytes) => {
        bytes[offset]! ^= 1;
        return bytes;
      });
      const { lines, damageCount } = check(disk);
      expect(damageCount).toBe(1);
      expect(lines).toContain(sentence);
    }
  });

  test("names a file that cannot be read", () => {
    const disk = makeDisk(filesOf(first, other));
    disk.failAt("read", 5, "EIO");
    const { lines, damageCount } = check(disk);
    expect(damageCount).toBe(1);
    expect(lines.filter((line) => line.endsWith("EIO"))).toHaveLength(1);
    expect(lines.some((line) => line.startsWith(other.name))).toBe(true);
  });
});
