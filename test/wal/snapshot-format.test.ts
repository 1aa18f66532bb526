import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import {
  ChunkDigest,
  SnapshotHead,
  TRAILER_SIZE,
  describeTrailer,
  isTrailer,
  snapshotHeadSize,
  writeSnapshotHead,
  writeTrailer,
} from "../../src/wal/snapshot-format.ts";

const SEED = 7;
const OFFSET = 24;
const FIELDS = {
  number: 0xfffffffe,
  epoch: 3,
  segmentBits: 10,
  timeMs: 2 ** 41 + 5,
  positions: [8, 2 ** 50, 16],
};
const HEAD_SIZE = snapshotHeadSize(3);
const TOTALS = { chunkCount: 5, recordCount: 2 ** 33, digest: 2n ** 63n + 1n, fileSize: 2 ** 40 };

function writeHead(fields = FIELDS): ByteArea {
  const area = new ByteArea(new ArrayBuffer(OFFSET + snapshotHeadSize(fields.positions.length)));
  area.bytes.fill(0xff);
  writeSnapshotHead(area, OFFSET, fields, SEED);
  return area;
}

/** What is wrong with a head, "" = nothing. */
function readHead(area: ByteArea, head = new SnapshotHead()): string {
  return head.readHeader(area, OFFSET, SEED) || head.readPositions(area, OFFSET, SEED);
}

describe("the head of a snapshot", () => {
  test("says what it was given", () => {
    const head = new SnapshotHead();
    expect(readHead(writeHead(), head)).toBe("");
    expect(head).toMatchObject({ ...FIELDS, partitionCount: 3, isOfUnknownVersion: false });
  });

  test("lies as docs/DURABILITY.md says", () => {
    const { bytes, view } = writeHead();
    expect(bytes.toString("latin1", OFFSET, OFFSET + 8)).toBe("FKVSSNAP");
    const words = [8, 12, 16, 24].map((offset) => view.getUint32(OFFSET + offset, true));
    expect(words).toEqual([1, FIELDS.number, 10, 3]);
    expect(view.getUint16(OFFSET + 20, true)).toBe(3);
    expect(view.getBigUint64(OFFSET + 32, true)).toBe(BigInt(FIELDS.timeMs));
    expect(view.getBigUint64(OFFSET + 72, true)).toBe(2n ** 50n);
    expect(HEAD_SIZE).toBe(64 + 24 + 8);
  });

  test("is refused when any byte of it is another", () => {
    for (let i = 0; i < HEAD_SIZE; i++) {
      const area = writeHead();
      area.bytes[OFFSET + i]! ^= 0x20;
      const head = new SnapshotHead();
      expect({ i, isRefused: readHead(area, head) !== "" }).toEqual({ i, isRefused: true });
      expect(head.isOfUnknownVersion).toBe(i >= 8 && i < 12);
    }
  });

  test("is refused with another seed, and when it makes no sense", () => {
    expect(new SnapshotHead().readHeader(writeHead(), OFFSET, SEED + 1)).toContain("checksum");
    expect(readHead(writeHead({ ...FIELDS, number: 0 }))).toBe("its number is none");
    expect(readHead(writeHead({ ...FIELDS, epoch: 0 }))).toBe("its epoch is none");
    expect(readHead(writeHead({ ...FIELDS, segmentBits: 32 }))).toContain("segment bits");
    expect(() => writeHead({ ...FIELDS, positions: [] })).toThrow("has its positions");
    expect(() => writeHead({ ...FIELDS, positions: [4] })).toThrow("has its positions");
  });
});

describe("the trailer of a snapshot", () => {
  function write(): ByteArea {
    const area = new ByteArea(new ArrayBuffer(OFFSET + TRAILER_SIZE));
    writeTrailer(area, OFFSET, TOTALS, SEED);
    return area;
  }

  test("says that the chunks are those that were written", () => {
    expect(isTrailer(write(), OFFSET)).toBe(true);
    expect(describeTrailer(write(), OFFSET, TOTALS, SEED)).toBe("");
    for (const other of [{ chunkCount: 4 }, { recordCount: 1 }, { digest: 1n }, { fileSize: 1 }]) {
      expect(describeTrailer(write(), OFFSET, { ...TOTALS, ...other }, SEED)).not.toBe("");
    }
  });

  test("is refused when any byte of it is another", () => {
    for (let i = 0; i < TRAILER_SIZE; i++) {
      const area = write();
      area.bytes[OFFSET + i]! ^= 1;
      const isSeen = !isTrailer(area, OFFSET) || describeTrailer(area, OFFSET, TOTALS, SEED) !== "";
      expect({ i, isSeen }).toEqual({ i, isSeen: true });
    }
  });
});

test("a digest depends on every chunk's header and their order", () => {
  const area = new ByteArea(new ArrayBuffer(80));
  area.bytes.fill(1, 0, 40).fill(2, 40);
  const digestOf = (...offsets: number[]): bigint => {
    const digest = new ChunkDigest(SEED);
    for (const offset of offsets) digest.add(area, offset);
    return digest.value;
  };
  const values = [digestOf(), digestOf(0), digestOf(40), digestOf(0, 40), digestOf(40, 0)];
  expect(new Set(values).size).toBe(5);
  expect(digestOf(0, 40)).toBe(values[3]!);
});
