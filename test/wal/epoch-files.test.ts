import { describe, expect, test } from "bun:test";
import { surveyEpoch } from "../../src/wal/epoch-files.ts";
import { compareWalNames, parseWalName } from "../../src/wal/file-names.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { TEST_META, WalFiles } from "../support/wal-files.ts";

function survey(files: Record<string, Uint8Array>) {
  const disk = new SimulatedDisk(new Random(1), files);
  const names = disk.list().map((name) => parseWalName(name)!);
  return surveyEpoch(disk, names.toSorted(compareWalNames), TEST_META.checksumSeed);
}

function makeWal(partitionCount: number, recordCount = 3): WalFiles {
  const wal = new WalFiles(partitionCount, 4, 80);
  for (let i = 0; i < recordCount; i++) {
    for (let partition = 0; partition < partitionCount; partition++) {
      wal.append(partition, { kind: RECORD_KIND.SET, key: `key:${i}` });
      wal.rotate(partition);
    }
  }
  return wal;
}

function sequencesOf({ partitions }: ReturnType<typeof survey>): number[][] {
  return [...partitions.values()].map((files) => files.map(({ sequence }) => sequence));
}

describe("surveyEpoch", () => {
  test("says what the headers say", () => {
    const files = makeWal(2).files;
    const epoch = survey(files);
    expect(epoch).toMatchObject({ epoch: 4, partitionCount: 2, startPosition: 80, faults: [] });
    expect(sequencesOf(epoch)).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    const sizes = Object.values(files).map(({ length }) => length);
    expect(epoch.byteCount).toBe(sizes.reduce((sum, size) => sum + size));
  });

  test("does not count empty files at the end", () => {
    const wal = makeWal(2, 1);
    const files = wal.files;
    const name = (sequence: number) => wal.nameOf(1, sequence);
    const empty = { [name(2)]: new Uint8Array(0), [name(3)]: new Uint8Array(0) };
    expect(sequencesOf(survey({ ...files, ...empty }))).toEqual([[1, 2], [1]]);
    const nothing = Object.fromEntries(Object.keys(files).map((key) => [key, new Uint8Array(0)]));
    expect(sequencesOf(survey(nothing))).toEqual([[], []]);
    expect(survey(nothing)).toMatchObject({ partitionCount: 2, startPosition: null, faults: [] });
    // One with something behind it is not at the end.
    const hole = { ...files, [name(1)]: new Uint8Array(0) };
    expect(sequencesOf(survey(hole))[1]).toEqual([1, 2]);
  });

  test("misses a partition only where there are records", () => {
    const without = (recordCount: number) => {
      const files = makeWal(3, recordCount).files;
      return survey(
        Object.fromEntries(Object.entries(files).filter(([name]) => !name.includes("-01-"))),
      );
    };
    expect(without(0).faults).toEqual([]);
    expect(without(1).faults.map(({ message }) => message)).toEqual([
      "wal-0000000004-01-0000000001 at byte 0: the file is missing",
    ]);
  });

  test("sees files that do not belong together", () => {
    const files = makeWal(2, 0).files;
    const [first, second] = Object.keys(files) as [string, string];
    const ofThree = new WalFiles(3, 4, 80).files[second]!;
    const reasons = (other: Uint8Array) =>
      survey({ [first]: files[first]!, [second]: other }).faults.map(({ reason }) => reason);
    expect(reasons(ofThree)).toEqual(["it is of 3 partitions, and others of 2"]);
    const elsewhere = new WalFiles(2, 4, 88).files[second]!;
    expect(reasons(elsewhere)).toEqual([
      "its epoch begins at position 88, and another partition at 80",
    ]);
    expect(reasons(new Uint8Array(70))).toEqual([]);
  });

  test("refuses a file of an unknown version", () => {
    const files = makeWal(1, 0).files;
    Object.values(files)[0]![8] = 9;
    expect(() => survey(files)).toThrow("it is of version 9 of the format");
  });
});
