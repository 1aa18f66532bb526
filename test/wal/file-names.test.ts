import { describe, expect, test } from "bun:test";
import {
  compareWalNames,
  formatSnapshotName,
  formatWalName,
  parseSnapshotName,
  parseWalName,
} from "../../src/wal/file-names.ts";

describe("the name of a WAL file", () => {
  test.each([
    [3, 0, 1, "wal-0000000003-00-0000000001"],
    [1, 7, 42, "wal-0000000001-07-0000000042"],
    [4294967295, 99, 4294967295, "wal-4294967295-99-4294967295"],
    [1, 100, 1, "wal-0000000001-100-0000000001"],
    [1, 65534, 1, "wal-0000000001-65534-0000000001"],
  ])("of epoch %d, partition %d and sequence %d is %s", (epoch, partition, sequence, name) => {
    expect(formatWalName(epoch, partition, sequence)).toBe(name);
    expect(parseWalName(name)).toEqual({ name, epoch, partition, sequence });
  });

  test.each([
    "wal-0000000000-00-0000000001",
    "wal-0000000001-00-0000000000",
    "wal-4294967296-00-0000000001",
    "wal-0000000001-65535-0000000001",
    "wal-0000000001-000-0000000001",
    "wal-0000000001-0-0000000001",
    "wal-1-0-1",
    "wal-0000000001-00-0000000001.tmp",
    "wal-0000000001-00-0000000001\n",
    " wal-0000000001-00-0000000001",
    "snapshot-0000000001",
    "",
  ])("is not %j", (name) => {
    expect(parseWalName(name)).toBeNull();
  });

  test("sorts by epoch, partition and sequence, as numbers", () => {
    const names = [
      [1, 2, 1],
      [1, 2, 10],
      [1, 100, 9],
      [2, 0, 1],
    ].map(([epoch, partition, sequence]) => formatWalName(epoch!, partition!, sequence!));
    const shuffled = [names[3]!, names[1]!, names[2]!, names[0]!];
    const sorted = shuffled.map((name) => parseWalName(name)!).toSorted(compareWalNames);
    expect(sorted.map(({ name }) => name)).toEqual(names);
  });
});

describe("the name of a snapshot", () => {
  test.each([
    [1, "snapshot-0000000001"],
    [4294967295, "snapshot-4294967295"],
  ])("with number %d is %s", (number, name) => {
    expect(formatSnapshotName(number)).toBe(name);
    expect(parseSnapshotName(name)).toEqual({ name, number });
  });

  test.each([
    "snapshot-0000000000",
    "snapshot-4294967296",
    "snapshot-1",
    "snapshot-0000000001.tmp",
    "snapshot-",
    "META",
  ])("is not %j", (name) => {
    expect(parseSnapshotName(name)).toBeNull();
  });
});
