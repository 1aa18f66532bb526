import { describe, expect, test } from "bun:test";
import { RecoveryError, UnknownFormatError } from "../../src/wal/recovery-error.ts";
import { CHUNK_SIZE_MIN, SnapshotChunk } from "../../src/wal/snapshot-chunk.ts";
import { SnapshotReader } from "../../src/wal/snapshot-reader.ts";
import { SnapshotWriter } from "../../src/wal/snapshot-writer.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const SEED = 4;
const NAME = "snapshot-0000000001";
const FIELDS = { number: 1, epoch: 1, segmentBits: 4, timeMs: 5, positions: [8] };

function makeSnapshot(valueLengths: readonly number[]): Uint8Array {
  const disk = new SimulatedDisk(new Random(SEED));
  const writer = new SnapshotWriter(disk, FIELDS, SEED);
  for (const [i, length] of valueLengths.entries()) {
    const chunk = new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN + length));
    chunk.area.bytes[chunk.beginSet(0, 1, length, 0, 0)] = i;
    writer.writeChunk(chunk.area, 0, chunk.recordsSize, 1);
  }
  writer.finish();
  writer.publish();
  return disk.snapshot()[NAME]!;
}

/** The sizes of a snapshot's chunks. */
function read(bytes: Uint8Array, name = NAME): number[] {
  const reader = new SnapshotReader(
    new SimulatedDisk(new Random(SEED), { [name]: bytes }),
    name,
    SEED,
  );
  const sizes: number[] = [];
  while (reader.next()) sizes.push(reader.end - reader.begin);
  expect(reader.position).toBe(reader.size);
  return sizes;
}

function refusalOf(bytes: Uint8Array, name = NAME): RecoveryError {
  try {
    read(bytes, name);
  } catch (error) {
    if (error instanceof RecoveryError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("SnapshotReader", () => {
  test("reads chunks of any size", () => {
    expect(read(makeSnapshot([]))).toEqual([]);
    expect(read(makeSnapshot([7, 5_000_007, 15]))).toEqual([32, 5_000_032, 40]);
  });

  test("refuses every snapshot that is cut off or goes on", () => {
    const whole = makeSnapshot([7, 15]);
    for (let size = 0; size < whole.length; size++) {
      expect(refusalOf(whole.slice(0, size)).file).toBe(NAME);
    }
    const longer = new Uint8Array(whole.length + 1);
    longer.set(whole);
    expect(refusalOf(longer).reason).toContain("the file has not the size");
  });

  test("refuses every flipped bit", () => {
    const whole = makeSnapshot([7, 15]);
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const damaged = whole.slice();
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      const error = refusalOf(damaged);
      expect(error.offset).toBeLessThanOrEqual(bit >>> 3);
      expect(error instanceof UnknownFormatError).toBe(bit >>> 3 >= 8 && bit >>> 3 < 12);
    }
  });

  test("refuses chunks that are missing, or in another order", () => {
    const whole = makeSnapshot([7, 7, 7]);
    const begin = 64 + 8 + 8;
    const size = 40 + 32;
    const chunk = (i: number) => whole.slice(begin + i * size, begin + (i + 1) * size);
    const swapped = whole.slice();
    swapped.set(chunk(1), begin);
    swapped.set(chunk(0), begin + size);
    expect(refusalOf(swapped).reason).toBe("the chunks are not those that were written");
    const parts = [whole.slice(0, begin + 2 * size), whole.slice(begin + 3 * size)];
    expect(refusalOf(Buffer.concat(parts)).reason).toContain("the file has not the size");
  });

  test("refuses a snapshot under another's name", () => {
    expect(refusalOf(makeSnapshot([]), "snapshot-0000000002").message).toBe(
      "snapshot-0000000002 at byte 0: it was written as number 1",
    );
  });
});
