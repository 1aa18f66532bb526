import { describe, expect, test } from "bun:test";
import { EpochReplay, type PartitionSource } from "../../src/wal/epoch-replay.ts";
import { parseWalName } from "../../src/wal/file-names.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { StoreReplay } from "../../src/wal/store-replay.ts";
import { WalReader, type WalFault } from "../../src/wal/wal-reader.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { Random } from "../support/random.ts";
import { contentsOf, scratchOf } from "../support/recovery-fixture.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { TEST_META, WalFiles, type RecordText } from "../support/wal-files.ts";

const { SET, FLUSH_ALL } = RECORD_KIND;

function set(key: string, value: string, more: Partial<RecordText> = {}): RecordText {
  return { kind: SET, key, value, ...more };
}

function of(id: number, count: number, index: number): Partial<RecordText> {
  return { member: { id, count, index } };
}

/** Replays what was appended, from the positions on. */
function replayOf(
  wal: WalFiles,
  positions: readonly number[] = [],
  { goesOn = false, isDamaged = false } = {},
) {
  wal.sealAll();
  const disk = new SimulatedDisk(new Random(1), wal.files);
  const keyspace = new KeyspaceFixture({ sizeBytes: 2 ** 24 });
  const replay = new StoreReplay(keyspace.store, scratchOf(keyspace), keyspace.clock);
  const faults: WalFault[] = [];
  const nonsense: string[] = [];
  const sources = Array.from({ length: wal.partitionCount }, (_, partition): PartitionSource => {
    const files = [parseWalName(wal.nameOf(partition))!];
    const fromPosition = positions[partition] ?? null;
    const { checksumSeed, segmentBits } = TEST_META;
    const options = { checksumSeed, segmentBits, provenPosition: 0, isLastEpoch: true };
    const reader = new WalReader(disk, files, { ...options, fromPosition });
    return { partition, reader, fromPosition: fromPosition ?? 0 };
  });
  let byteCount = 0;
  const epoch = new EpochReplay(sources, {
    replay,
    partitionCount: wal.partitionCount,
    isDamaged,
    onFault: (_, fault) => faults.push(fault) > 100,
    onNonsense: (error) => {
      nonsense.push(error.reason);
      if (!goesOn) throw error;
    },
    onGroup: (bytes) => {
      byteCount += bytes;
    },
  });
  epoch.run();
  replay.finish();
  return { epoch, faults, nonsense, byteCount, contents: contentsOf(keyspace) };
}

describe("EpochReplay", () => {
  test("begins with each partition's position, in the middle of what was written together", () => {
    const wal = new WalFiles(2);
    wal.append(0, set("a", "in the snapshot"));
    wal.append(1, set("b", "in the snapshot"));
    const { positions } = wal;
    wal.append(0, set("c", "behind"));
    const { contents, byteCount } = replayOf(wal, positions);
    expect([...contents]).toEqual([["0:c", "0 behind"]]);
    expect(byteCount).toBe(wal.positions[0]! - 8);
  });

  test("has partitions wait for each other at groups that cross", () => {
    const wal = new WalFiles(3);
    // Each partition ends with a member of a group that another has begun.
    wal.append(0, set("a", "1", of(1, 2, 0)));
    wal.append(1, set("b", "1", of(1, 2, 1)));
    wal.append(1, set("b", "2", of(2, 2, 0)));
    wal.append(2, set("c", "2", of(2, 2, 1)));
    wal.append(2, set("c", "3", of(3, 2, 0)));
    wal.append(0, set("a", "3", of(3, 2, 1)));
    const { contents, epoch } = replayOf(wal);
    expect(Object.fromEntries(contents)).toEqual({ "0:a": "0 3", "0:b": "0 2", "0:c": "0 3" });
    expect(epoch.droppedCount).toBe(0);
  });

  test("drops the oldest group, and not one that will be whole", () => {
    const wal = new WalFiles(3);
    wal.append(0, set("a", "2", of(2, 2, 0)));
    wal.append(1, set("b", "1", of(1, 2, 0)));
    wal.append(1, set("b", "2", of(2, 2, 1)));
    const { contents, epoch } = replayOf(wal, [], { isDamaged: true });
    expect(Object.fromEntries(contents)).toEqual({ "0:a": "0 2", "0:b": "0 2" });
    expect([epoch.droppedCount, epoch.droppedRecordCount]).toEqual([1, 0]);
  });

  test("drops a group when nobody can go on", () => {
    const wal = new WalFiles(2);
    wal.append(0, set("a", "1", of(1, 3, 0)));
    wal.append(1, set("b", "1", of(1, 3, 1)));
    wal.append(0, set("a", "2", of(2, 2, 0)));
    wal.append(1, set("b", "2", of(2, 2, 1)));
    const { contents, epoch } = replayOf(wal, [], { isDamaged: true });
    expect(Object.fromEntries(contents)).toEqual({ "0:a": "0 2", "0:b": "0 2" });
    expect(epoch.droppedCount).toBe(1);
  });

  test("drops what is behind a group that a crash has cut off, where the group has been", () => {
    const wal = new WalFiles(4);
    for (const partition of [0, 1, 2, 3]) wal.append(partition, set(`before ${partition}`, ""));
    wal.append(0, set("count", "1", of(1, 2, 0)));
    wal.append(0, set("count", "2"));
    // It has been where the first has, so it goes with it, and takes what is behind it along.
    wal.append(0, set("a", "1", of(2, 2, 0)));
    wal.append(2, set("c", "1", of(2, 2, 1)));
    wal.append(2, set("c", "2"));
    wal.append(3, set("d", "1"));
    const { contents, epoch } = replayOf(wal);
    expect([...contents.keys()].toSorted()).toEqual([
      "0:before 0",
      "0:before 1",
      "0:before 2",
      "0:before 3",
      "0:d",
    ]);
    expect([epoch.droppedCount, epoch.droppedRecordCount]).toEqual([2, 3]);
  });

  test("leaves out nonsense when it may", () => {
    const wal = new WalFiles(2);
    wal.append(0, set("a", "1"));
    wal.append(0, { kind: FLUSH_ALL });
    wal.append(0, set("b", "1", of(1, 3, 2)));
    wal.append(0, set("b", "2", of(1, 3, 1)));
    wal.append(0, set("c", "1"));
    const { contents, nonsense } = replayOf(wal, [], { goesOn: true });
    expect([...contents.keys()].toSorted()).toEqual(["0:a", "0:c"]);
    expect(nonsense.map((reason) => reason.replace(/ \(.*/, ""))).toEqual([
      "a flush is not in all partitions",
      "a group is out of order",
    ]);
  });
});
