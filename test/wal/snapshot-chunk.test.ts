import { describe, expect, test } from "bun:test";
import { GROUP_HEADER_SIZE } from "../../src/wal/group.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { RECORD_STEP, RecordReader } from "../../src/wal/record-reader.ts";
import { CHUNK_SIZE_MIN, SnapshotChunk } from "../../src/wal/snapshot-chunk.ts";

function makeChunk(): SnapshotChunk {
  const chunk = new SnapshotChunk(new SharedArrayBuffer(CHUNK_SIZE_MIN));
  // Whatever was there before.
  chunk.area.bytes.fill(0xff);
  return chunk;
}

describe("SnapshotChunk", () => {
  test("has the records that were laid into it", () => {
    const chunk = makeChunk();
    const set = chunk.beginSet(15, 3, 2, -1, 7);
    chunk.area.bytes.write("keyvv", set, "latin1");
    const place = { groupId: 2 ** 40, groupCount: 4, groupIndex: 2, offset: 128, wholeLength: 200 };
    const part = chunk.beginPart(1, 3, 8, 5, 0, place);
    chunk.area.bytes.write("key12345678", part, "latin1");
    expect(chunk.recordCount).toBe(2);
    const reader = new RecordReader(chunk.area);
    reader.open(chunk.area, GROUP_HEADER_SIZE, chunk.end);
    expect(reader.next()).toBe(RECORD_STEP.RECORD);
    expect(reader).toMatchObject({
      kind: RECORD_KIND.SET,
      database: 15,
      keyLength: 3,
      valueLength: 2,
      keyOffset: set,
      deadlineLow: -1,
      deadlineHigh: 7,
      isMember: false,
    });
    expect(reader.next()).toBe(RECORD_STEP.RECORD);
    expect(reader).toMatchObject({
      kind: RECORD_KIND.PART,
      database: 1,
      keyOffset: part,
      valueLength: 8,
      groupId: 2 ** 40,
      groupCount: 4,
      groupIndex: 2,
      partOffset: 128,
      wholeLength: 200,
    });
    expect(reader.next()).toBe(RECORD_STEP.END);
    expect(chunk.recordsSize).toBe(chunk.end - GROUP_HEADER_SIZE);
  });

  test("takes what fits to the last byte, and again when it is empty", () => {
    const chunk = makeChunk();
    const room = CHUNK_SIZE_MIN - GROUP_HEADER_SIZE - 24;
    for (let i = 0; i < 2; i++) {
      expect(chunk.beginSet(0, 1, room, 0, 0)).toBe(-1);
      expect(chunk.recordCount).toBe(0);
      expect(chunk.beginSet(0, 0, room, 0, 0)).toBe(GROUP_HEADER_SIZE + 24);
      expect(chunk.beginSet(0, 0, 0, 0, 0)).toBe(-1);
      expect(chunk.recordCount).toBe(1);
      chunk.clear();
    }
  });

  test("has to hold any record", () => {
    expect(() => new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN - 8))).toThrow("any record");
  });
});
