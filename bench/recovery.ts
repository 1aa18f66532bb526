// How fast a start is: entries of 16 bytes of key and 32 of value, from the WAL and from a
// snapshot, from memory. What a disk adds is its own matter; checksums and all that recovery looks
// at are in.

import { KEY_SCRATCH_SIZE, ReceiveWindows } from "../src/batch/receive-windows.ts";
import { assert } from "../src/lib/assert.ts";
import { ByteArea } from "../src/lib/byte-area.ts";
import { systemClock } from "../src/lib/clock.ts";
import { STORE_DEFAULTS, reserveStore } from "../src/store/store-buffers.ts";
import { Store } from "../src/store/store.ts";
import { DataDirectory } from "../src/wal/data-directory.ts";
import type { Disk, DiskFile } from "../src/wal/disk.ts";
import { formatWalName } from "../src/wal/file-names.ts";
import { GROUP_HEADER_SIZE, GROUP_MAGIC, sealGroup } from "../src/wal/group.ts";
import { makeMeta } from "../src/wal/meta.ts";
import {
  RECORD_HEADER_SIZE,
  RECORD_KIND,
  recordSize,
  writeRecordHeader,
} from "../src/wal/record.ts";
import { recover } from "../src/wal/recovery.ts";
import { CHUNK_SIZE_MIN, SnapshotChunk } from "../src/wal/snapshot-chunk.ts";
import { SnapshotWalk, WALK } from "../src/wal/snapshot-walk.ts";
import { SnapshotWriter } from "../src/wal/snapshot-writer.ts";
import { WAL_FILE_HEADER_SIZE, writeWalFileHeader } from "../src/wal/wal-file-header.ts";
import { KEY_LENGTH, writeKey } from "./key-stream.ts";

const VALUE_LENGTH = 32;
const RECORDS_PER_GROUP = 512;
const ARENA_BYTES_PER_KEY = 160;
const ARENA_BYTES_MIN = 16 * 1024 * 1024;
const START_POSITION = 8;

interface Timing {
  readonly name: string;
  readonly elapsedMs: number;
}

export interface RecoveryReport {
  readonly keyCount: number;
  readonly timings: readonly Timing[];
}

export function measureRecovery(keyCount: number): RecoveryReport {
  const disk = new MemoryDisk();
  const meta = makeMeta(STORE_DEFAULTS.segmentBits);
  const directory = DataDirectory.open(disk, "memory", meta);
  const timings: Timing[] = [];
  const run = (name: string, wantedCount: number): Stand => {
    const stand = makeStand(keyCount, directory);
    const { recordCount, elapsedMs } = recover({
      directory,
      ...stand,
      clock: systemClock,
      isReadOnly: true,
    });
    assert(recordCount === wantedCount, "all records were read");
    assert(stand.store.keyCount === keyCount, "all keys are there");
    timings.push({ name, elapsedMs: elapsedMs * (keyCount / wantedCount) });
    return stand;
  };
  writeWal(disk, directory, keyCount, 1);
  const stand = run("WAL, new keys", keyCount);
  writeWal(disk, directory, keyCount, 2);
  run("WAL, every key twice", 2 * keyCount);
  const beginMs = systemClock.elapsedMs();
  const position = writeSnapshot(disk, directory, stand);
  timings.push({ name: "snapshot, written", elapsedMs: systemClock.elapsedMs() - beginMs });
  assert(position > 0, "the snapshot has something");
  run("snapshot", keyCount);
  return { keyCount, timings };
}

export function renderRecovery({ keyCount, timings }: RecoveryReport): string {
  const lines = timings.map(({ name, elapsedMs }) => {
    const rate = Math.round((keyCount * 1000) / elapsedMs).toLocaleString("en");
    const nsPerRecord = ((elapsedMs * 1e6) / keyCount).toFixed(0);
    const figures = `${nsPerRecord.padStart(8)} ns a record${rate.padStart(14)} a second`;
    return `  ${name.padEnd(24)}${figures}`;
  });
  return [`recovery, ${keyCount.toLocaleString("en")} keys`, ...lines, ""].join("\n");
}

interface Stand {
  readonly store: Store;
  readonly scratch: { area: ByteArea; offset: number; length: number };
}

function makeStand(keyCount: number, { meta }: DataDirectory): Stand {
  const windows = new ReceiveWindows(1, 1024);
  const sizeBytes = Math.max(ARENA_BYTES_MIN, keyCount * ARENA_BYTES_PER_KEY);
  const buffers = reserveStore(sizeBytes, meta.segmentBits);
  const store = new Store(buffers, windows.area, systemClock, {
    ...STORE_DEFAULTS,
    seeds: meta.hashSeeds,
    releasePage: () => false,
  });
  const { area, keyScratchOffset: offset } = windows;
  return { store, scratch: { area, offset, length: KEY_SCRATCH_SIZE } };
}

/** One file with all keys, `roundCount` times over. */
function writeWal(
  disk: MemoryDisk,
  { meta }: DataDirectory,
  keyCount: number,
  roundCount: number,
): void {
  const { checksumSeed, segmentBits } = meta;
  const size = recordSize(KEY_LENGTH, VALUE_LENGTH, false, false);
  const area = new ByteArea(new ArrayBuffer(GROUP_HEADER_SIZE + RECORDS_PER_GROUP * size));
  const name = formatWalName(1, 0, 1);
  const file = disk.create(name);
  const fields = { epoch: 1, partition: 0, sequence: 1, partitionCount: 1, segmentBits };
  const begin = { position: START_POSITION, isAfterFailure: false };
  writeWalFileHeader(area, 0, { ...fields, ...begin }, checksumSeed);
  file.write(area.bytes, 0, WAL_FILE_HEADER_SIZE);
  const { SET } = RECORD_KIND;
  const count = keyCount * roundCount;
  for (let written = 0; written < count;) {
    const recordCount = Math.min(RECORDS_PER_GROUP, count - written);
    for (let i = 0; i < recordCount; i++) {
      const at = GROUP_HEADER_SIZE + i * size;
      writeRecordHeader(area.view, at, size, SET, 0, KEY_LENGTH, VALUE_LENGTH, 0, 0, 0);
      writeKey(area.bytes, at + RECORD_HEADER_SIZE, "key", (written + i) % keyCount);
    }
    const position = START_POSITION + written * size;
    const recordsSize = recordCount * size;
    const group = { recordsSize, position, syncedPosition: position, recordCount };
    sealGroup(area, 0, GROUP_MAGIC, group, checksumSeed);
    file.write(area.bytes, 0, GROUP_HEADER_SIZE + recordsSize);
    written += recordCount;
  }
}

/** Of all that the stand has; the WAL is empty then. The size of the file. */
function writeSnapshot(disk: MemoryDisk, directory: DataDirectory, { store }: Stand): number {
  const { checksumSeed, segmentBits } = directory.meta;
  writeWal(disk, directory, 0, 0);
  const fields = { number: 1, epoch: 1, segmentBits, timeMs: 0, positions: [START_POSITION] };
  const writer = new SnapshotWriter(disk, fields, checksumSeed);
  const walk = new SnapshotWalk(store);
  const chunk = new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN));
  for (let state: number = WALK.SLICE_OVER; state !== WALK.DONE;) {
    state = walk.run(chunk);
    if (state === WALK.SLICE_OVER || chunk.recordCount === 0) continue;
    writer.writeChunk(chunk.area, 0, chunk.recordsSize, chunk.recordCount);
    chunk.clear();
  }
  writer.finish();
  writer.publish();
  return writer.size;
}

/** Files in memory, without a thought of crashes. */
class MemoryDisk implements Disk {
  readonly #files = new Map<string, { bytes: Buffer; length: number }>();

  list(): string[] {
    return [...this.#files.keys()];
  }

  create(name: string): DiskFile {
    this.#files.set(name, { bytes: Buffer.alloc(4096), length: 0 });
    return this.open(name);
  }

  open(name: string): DiskFile {
    const file = this.#files.get(name)!;
    return {
      write(bytes, begin, end) {
        const length = file.length + end - begin;
        if (length > file.bytes.length) {
          const grown = Buffer.alloc(2 * length);
          file.bytes.copy(grown, 0, 0, file.length);
          file.bytes = grown;
        }
        file.bytes.set(bytes.subarray(begin, end), file.length);
        file.length = length;
        return end - begin;
      },
      read(offset, bytes, begin, end) {
        const count = Math.max(0, Math.min(end - begin, file.length - offset));
        bytes.set(file.bytes.subarray(offset, offset + count), begin);
        return count;
      },
      size: () => file.length,
      truncate(size) {
        file.length = size;
      },
      sync() {},
      close() {},
    };
  }

  rename(from: string, to: string): void {
    this.#files.set(to, this.#files.get(from)!);
    this.#files.delete(from);
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  syncDirectory(): void {}
  lock(): void {}
  unlock(): void {}
}
