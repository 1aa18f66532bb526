import { describe, expect, test } from "bun:test";
import { GROUP_HEADER_SIZE } from "../../src/wal/group.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { SnapshotReader } from "../../src/wal/snapshot-reader.ts";
import { replaySnapshot } from "../../src/wal/snapshot-replay.ts";
import { SnapshotWriter } from "../../src/wal/snapshot-writer.ts";
import { StoreReplay } from "../../src/wal/store-replay.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { Random } from "../support/random.ts";
import { contentsOf, scratchOf } from "../support/recovery-fixture.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { TEST_META, recordBytes, type RecordText } from "../support/wal-files.ts";

const { SET, DELETE, PART, FLUSH } = RECORD_KIND;
const SEED = TEST_META.checksumSeed;
const NAME = "snapshot-0000000001";
const FIELDS = { number: 1, epoch: 1, segmentBits: 2, timeMs: 0, positions: [8] };

/** Replays a snapshot with a chunk for each list of records. */
function replayOf(...chunks: RecordText[][]) {
  const disk = new SimulatedDisk(new Random(1));
  const writer = new SnapshotWriter(disk, FIELDS, SEED);
  for (const records of chunks) {
    const bytes = Buffer.concat([Buffer.alloc(GROUP_HEADER_SIZE), ...records.map(recordBytes)]);
    const area = new ByteArea(Uint8Array.from(bytes).buffer);
    writer.writeChunk(area, 0, bytes.length - GROUP_HEADER_SIZE, records.length);
  }
  writer.finish();
  writer.publish();
  const keyspace = new KeyspaceFixture({ sizeBytes: 2 ** 24 });
  const replay = new StoreReplay(keyspace.store, scratchOf(keyspace), keyspace.clock);
  const sizes: number[] = [];
  let fault = "";
  try {
    const reader = new SnapshotReader(disk, NAME, SEED);
    replaySnapshot(reader, replay, (bytes) => sizes.push(bytes));
  } catch (error) {
    fault = String(error);
  }
  replay.finish();
  return { contents: contentsOf(keyspace), sizes, fault, store: keyspace.store };
}

function part(index: number, count: number, value: string, offset: number): RecordText {
  const member = { id: 1, count, index };
  return { kind: PART, key: "long", value, member, part: { offset, whole: 6 } };
}

describe("replaySnapshot", () => {
  test("puts records and long values over several chunks into the store", () => {
    const first = [{ kind: SET, key: "a", value: "1" }, part(0, 3, "ab", 0)];
    const second = [part(1, 3, "cd", 2)];
    const third = [part(2, 3, "ef", 4), { kind: SET, database: 5, key: "b", value: "2" }];
    const { contents, sizes, fault } = replayOf(first, second, third);
    expect(fault).toBe("");
    expect(Object.fromEntries(contents)).toEqual({
      "0:a": "0 1",
      "0:long": "0 abcdef",
      "5:b": "0 2",
    });
    expect(sizes).toHaveLength(3);
  });

  test("refuses what no snapshot has, and keeps what came before", () => {
    const before = { kind: SET, key: "a", value: "1" };
    const cases: [RecordText, string][] = [
      [{ kind: DELETE, key: "a" }, "none of a snapshot"],
      [{ kind: FLUSH }, "none of a snapshot"],
      [{ ...before, member: { id: 1, count: 1, index: 0 } }, "none of a snapshot"],
      [part(1, 2, "ab", 2), "do not follow each other"],
      [part(0, 3, "ab", 0), "a value in parts has no end"],
    ];
    for (const [record, wanted] of cases) {
      const { fault, contents, store } = replayOf([before, record]);
      expect(fault).toContain(`${NAME} at byte`);
      expect(fault).toContain(wanted);
      expect([...contents]).toEqual([["0:a", "0 1"]]);
      expect(store.memoryBytes().pieces).toBe(0);
    }
  });
});
