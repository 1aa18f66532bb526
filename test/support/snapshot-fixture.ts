// Snapshots taken of a store in a test, with whatever is to happen between two slices.

import { SnapshotChunk, CHUNK_SIZE_MIN } from "../../src/wal/snapshot-chunk.ts";
import { SnapshotWalk, WALK } from "../../src/wal/snapshot-walk.ts";
import { SnapshotWriter } from "../../src/wal/snapshot-writer.ts";
import type { SnapshotFields } from "../../src/wal/snapshot-format.ts";
import type { Disk } from "../../src/wal/disk.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import type { KeyspaceFixture } from "./keyspace-fixture.ts";
import { bytesOf } from "./keyspace-fixture.ts";
import { TEST_META, type RecordText } from "./wal-files.ts";

export interface SnapshotRun {
  readonly sliceCount: number;
  readonly chunkCount: number;
  readonly recordCount: number;
}

/** Walks the store and publishes the snapshot; `between` is called after every slice. */
export function takeSnapshot(
  disk: Disk,
  keyspace: KeyspaceFixture,
  fields: SnapshotFields,
  between: () => void = () => {},
): SnapshotRun {
  const writer = new SnapshotWriter(disk, fields, TEST_META.checksumSeed);
  const walk = new SnapshotWalk(keyspace.store);
  const chunk = new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN));
  let sliceCount = 0;
  let chunkCount = 0;
  for (;;) {
    const state = walk.run(chunk);
    sliceCount++;
    if (state !== WALK.SLICE_OVER && chunk.recordCount > 0) {
      writer.writeChunk(chunk.area, 0, chunk.recordsSize, chunk.recordCount);
      chunk.clear();
      chunkCount++;
    }
    if (state === WALK.DONE) break;
    between();
  }
  writer.finish();
  writer.publish();
  return { sliceCount, chunkCount, recordCount: walk.recordCount };
}

/** Does to a store what a record says; the parts of a long value count with the last. */
export class RecordExecutor {
  readonly #keyspace: KeyspaceFixture;
  #parts = "";

  constructor(keyspace: KeyspaceFixture) {
    this.#keyspace = keyspace;
  }

  execute(record: RecordText): void {
    const { kind, database = 0, key = "", value = "", deadlineMs = 0, part } = record;
    const keyspace = this.#keyspace;
    if (kind === RECORD_KIND.DELETE) keyspace.delete(database, key);
    else if (kind === RECORD_KIND.FLUSH) keyspace.keys.flush(database);
    else if (kind === RECORD_KIND.FLUSH_ALL) keyspace.keys.flush();
    else {
      this.#parts = part === undefined || part.offset === 0 ? value : this.#parts + value;
      if (part !== undefined && this.#parts.length < part.whole) return;
      const bytes = bytesOf(this.#parts);
      if (!keyspace.keys.set(database, bytesOf(key), bytes, BigInt(deadlineMs))) {
        throw new Error("the test's store is too small");
      }
    }
  }
}
