import { describe, expect, test } from "bun:test";
import {
  DataDirectory,
  findMissingSequences,
  groupWalFiles,
  type SnapshotPlace,
} from "../../src/wal/data-directory.ts";
import { formatMeta, type Meta } from "../../src/wal/meta.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import {
  SEED,
  SEGMENT_BITS,
  buildWalFile,
  filesOf,
  namesOf,
  set,
  type BuiltFile,
} from "../support/plain-wal.ts";
import { Random } from "../support/random.ts";
import { PowerLoss, SimulatedDisk } from "../support/simulated-disk.ts";

const META: Meta = { checksumSeed: SEED, hashSeeds: [1, 2, 3], segmentBits: SEGMENT_BITS };
const PATH = "/var/lib/fkvs";
const NOTHING = new Uint8Array(0);
const WAL_NAME = "wal-0000000001-00-0000000001";

function makeDisk(files: Readonly<Record<string, Uint8Array>> = {}): SimulatedDisk {
  return new SimulatedDisk(new Random(1), files);
}

function withMeta(files: Readonly<Record<string, Uint8Array>> = {}): SimulatedDisk {
  return makeDisk({ META: Buffer.from(formatMeta(META)), ...files });
}

function open(disk: SimulatedDisk): DataDirectory {
  return DataDirectory.open(disk, PATH, META);
}

describe("opening a data directory", () => {
  test("gives an empty one its META, which stays", () => {
    const disk = makeDisk();
    const first = open(disk);
    expect(first.meta).toEqual(META);
    first.close();
    expect(Object.keys(disk.snapshot())).toEqual(["META"]);
    const other = { ...META, checksumSeed: 1 };
    expect(DataDirectory.open(disk, PATH, other).meta).toEqual(META);
  });

  test("makes META whole or not at all, whenever the power goes", () => {
    for (let lossAt = 1; ; lossAt++) {
      const seed = 1000 + lossAt;
      const disk = new SimulatedDisk(new Random(seed));
      disk.hasShortWrites = true;
      disk.powerLossAt = lossAt;
      let hasOpened = false;
      try {
        open(disk);
        hasOpened = true;
      } catch (error) {
        expect(error).toBeInstanceOf(PowerLoss);
      }
      for (let i = 0; i < 20; i++) {
        const after = disk.crash(new Random(100 * seed + i));
        if (hasOpened) expect(Object.keys(after.snapshot())).toEqual(["META"]);
        expect(open(after).meta).toEqual(META);
        expect(Object.keys(after.snapshot())).toEqual(["META"]);
      }
      if (hasOpened) return;
    }
  });

  test("is for one at a time", () => {
    const disk = makeDisk();
    const first = open(disk);
    expect(() => open(disk)).toThrow(RecoveryError);
    expect(() => open(disk)).toThrow(`${PATH} is in use by another server`);
    first.close();
    open(disk).close();
  });

  test("passes on other failures of the lock", () => {
    const disk = makeDisk();
    disk.failAt("lock", 1, "ENOLCK");
    expect(() => open(disk)).toThrow("ENOLCK");
  });

  test.each([
    [{ "photo.jpg": NOTHING }, "is not empty and has no data of ours: photo.jpg is there"],
    [{ b: NOTHING, a: NOTHING, LOCK: NOTHING }, "has no data of ours: a is there"],
    [{ [WAL_NAME]: NOTHING }, "has data files, but no META to read them with"],
    [{ "snapshot-0000000001": NOTHING }, "has data files, but no META to read them with"],
  ])("refuses one with %j, and leaves it as it was", (files, sentence) => {
    const disk = makeDisk(files);
    expect(() => open(disk)).toThrow(RecoveryError);
    expect(() => open(disk)).toThrow(`${PATH} ${sentence}`.slice(-sentence.length));
    expect(disk.counts.lock + disk.counts.create).toBe(0);
  });

  test("takes one with a LOCK, or with what was not finished, for empty", () => {
    const disk = makeDisk({ LOCK: NOTHING, "META.tmp": Buffer.from("{") });
    expect(open(disk).meta).toEqual(META);
  });

  test("refuses a damaged META, and leaves the directory unlocked", () => {
    const disk = makeDisk({ META: Buffer.from(formatMeta(META).slice(0, 20)) });
    expect(() => open(disk)).toThrow("META at byte 0: it is not JSON");
    expect(() => disk.lock()).not.toThrow();
    const long = makeDisk({ META: Buffer.alloc(100_000, " ") });
    expect(() => open(long)).toThrow("it is longer than 4096 bytes");
  });

  test("to look at it changes nothing", () => {
    const disk = makeDisk();
    const look = () => DataDirectory.openExisting(disk, PATH);
    expect(look).toThrow(`there is no data in ${PATH}`);
    expect(disk.counts.lock).toBe(0);
    expect(() => DataDirectory.openExisting(makeDisk({ a: NOTHING }), PATH)).toThrow("a is there");
    open(disk);
    expect(look).toThrow("in use by another server");
    expect(DataDirectory.openExisting(withMeta(), PATH).meta).toEqual(META);
  });
});

describe("the list of a data directory", () => {
  test("has every file where it belongs, in order", () => {
    const names = [
      "snapshot-0000000009",
      "wal-0000000002-00-0000000001",
      "LOCK",
      "wal-0000000001-10-0000000001",
      "snapshot-0000000010",
      "notes.txt",
      "wal-0000000001-09-0000000002",
      "snapshot-0000000011.tmp",
      "wal-0000000001-09-0000000001",
      "notes.tmp",
    ];
    const disk = withMeta(Object.fromEntries(names.map((name) => [name, NOTHING])));
    const { walFiles, snapshots, temporary, unknown } = open(disk).list();
    expect(walFiles.map(({ name }) => name)).toEqual([
      "wal-0000000001-09-0000000001",
      "wal-0000000001-09-0000000002",
      "wal-0000000001-10-0000000001",
      "wal-0000000002-00-0000000001",
    ]);
    expect(snapshots.map(({ number }) => number)).toEqual([10, 9]);
    expect(temporary).toEqual(["snapshot-0000000011.tmp"]);
    expect(unknown).toEqual(["notes.tmp", "notes.txt"]);
    expect(groupWalFiles(walFiles).map((files) => files.length)).toEqual([2, 1, 1]);
  });

  test("says which numbers are missing", () => {
    const files = [1, 2, 5, 6, 8].map((sequence) => buildWalFile({ sequence, groups: [] }));
    expect(findMissingSequences(namesOf(...files))).toEqual([3, 4, 7]);
    expect(findMissingSequences([])).toEqual([]);
  });

  test("loses what was not finished, durably", () => {
    const files = { "META.tmp": NOTHING, "snapshot-0000000001.tmp": NOTHING, "a.tmp": NOTHING };
    const disk = withMeta(files);
    const directory = open(disk);
    expect(directory.removeTemporary()).toEqual(["META.tmp", "snapshot-0000000001.tmp"]);
    expect(Object.keys(disk.crash().snapshot()).toSorted()).toEqual(["META", "a.tmp"]);
  });
});

describe("what may go", () => {
  /** Files of one partition, a 32-byte record each, and one without a byte. */
  function makeFiles(epoch: number, partition: number, count: number): BuiltFile[] {
    const files = Array.from({ length: count }, (_, i) => {
      const groups = [{ records: [set("k", "v")], syncedPosition: i * 32 }];
      return buildWalFile({ epoch, partition, sequence: i + 1, position: i * 32, groups });
    });
    const empty = buildWalFile({ epoch, partition, sequence: count + 1, groups: [] });
    return [...files, { ...empty, bytes: NOTHING }];
  }

  function openWith(files: readonly BuiltFile[], ...snapshots: number[]): DataDirectory {
    const names = snapshots.map((number) => `snapshot-${String(number).padStart(10, "0")}`);
    const snapshotFiles = Object.fromEntries(names.map((name) => [name, NOTHING]));
    return open(withMeta({ ...filesOf(...files), ...snapshotFiles }));
  }

  const place = (number: number, epoch: number, ...positions: number[]): SnapshotPlace => {
    return { number, epoch, positions };
  };
  const files = [...makeFiles(2, 0, 3), ...makeFiles(2, 1, 3)];

  test.each<[readonly number[], readonly string[]]>([
    [[0, 0], []],
    [[31, 32], ["2-01-1"]],
    [
      [32, 63],
      ["2-00-1", "2-01-1"],
    ],
    [
      [64, 0],
      ["2-00-1", "2-00-2"],
    ],
    [
      [96, 1000],
      ["2-00-1", "2-00-2", "2-01-1", "2-01-2"],
    ],
  ])("of the WAL is what ends before %j", (positions, expected) => {
    const directory = openWith(files, 1, 2);
    const removable = directory.listRemovable(place(2, 3, 0, 0), place(1, 2, ...positions));
    const names = expected.map((name) => {
      const [epoch, partition, sequence] = name.split("-");
      return `wal-000000000${epoch}-${partition}-000000000${sequence}`;
    });
    expect(removable).toEqual(names);
  });

  test("is the WAL of all epochs before, and none of those behind", () => {
    const old = makeFiles(1, 0, 2);
    const directory = openWith([...old, ...files, ...makeFiles(3, 0, 2)], 1, 2);
    const removable = directory.listRemovable(place(2, 3, 1000), place(1, 2, 0, 0));
    expect(removable).toEqual(old.map(({ name }) => name));
  });

  test("is no WAL where there is no older snapshot", () => {
    expect(openWith(files, 1).listRemovable(place(1, 2, 1000, 1000), null)).toEqual([]);
  });

  test("is every snapshot but the newest and the older one, the oldest first", () => {
    const directory = openWith([], 1, 3, 2, 4, 5);
    const removable = directory.listRemovable(place(5, 1, 0), place(3, 1, 0));
    expect(removable.map((name) => Number(name.slice(-1)))).toEqual([1, 2, 4]);
  });

  test("is nothing whose end is not known", () => {
    const [first, second, third, empty] = makeFiles(2, 0, 3) as [BuiltFile, ...BuiltFile[]];
    const broken = { ...second!, bytes: second!.bytes.subarray(0, 63) };
    const directory = openWith([first, broken, third!, empty!], 1, 2);
    const removable = directory.listRemovable(place(2, 2, 96), place(1, 2, 96));
    expect(removable).not.toContain(first.name);
    const unknownPartition = openWith(makeFiles(2, 1, 2), 1, 2);
    expect(unknownPartition.listRemovable(place(2, 2, 96), place(1, 2, 96))).toEqual([]);
  });

  test("goes, durably", () => {
    const disk = withMeta(filesOf(...files));
    const directory = open(disk);
    const removable = directory.listRemovable(place(2, 3, 0, 0), place(1, 2, 64, 0));
    directory.remove(removable);
    const left = files.map(({ name }) => name).filter((name) => !removable.includes(name));
    expect(Object.keys(disk.crash().snapshot()).toSorted()).toEqual(["META", ...left]);
    directory.remove([]);
    expect(disk.counts["sync-directory"]).toBe(1);
  });
});
