// A data directory in memory, and what recovery makes of it.

import { KEY_SCRATCH_SIZE } from "../../src/batch/receive-windows.ts";
import { DATABASE_COUNT } from "../../src/store/database.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { META_NAME } from "../../src/wal/file-names.ts";
import { formatMeta } from "../../src/wal/meta.ts";
import { recover, type RecoveryOptions, type RecoveryResult } from "../../src/wal/recovery.ts";
import type { ReplayScratch } from "../../src/wal/store-replay.ts";
import { KeyspaceFixture } from "./keyspace-fixture.ts";
import { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { TEST_META } from "./wal-files.ts";

const MIB = 2 ** 20;
const SIZE_BYTES = 64 * MIB;

/** What a store has: `database:key` to value and deadline. */
export type Contents = Map<string, string>;

export type Files = Readonly<Record<string, Uint8Array>>;

export function makeDisk(files: Files): SimulatedDisk {
  const meta = Buffer.from(formatMeta(TEST_META));
  return new SimulatedDisk(new Random(1), { [META_NAME]: meta, ...files });
}

export function scratchOf(fixture: KeyspaceFixture): ReplayScratch {
  const { area, keyScratchOffset } = fixture.windows;
  return { area, offset: keyScratchOffset, length: KEY_SCRATCH_SIZE };
}

export class RecoveryFixture {
  readonly disk: SimulatedDisk;
  readonly keyspace: KeyspaceFixture;

  constructor(files: Files, keyspace = new KeyspaceFixture({ sizeBytes: SIZE_BYTES })) {
    this.disk = makeDisk(files);
    this.keyspace = keyspace;
  }

  recover(options: Partial<RecoveryOptions> = {}): RecoveryResult {
    const { keyspace, disk } = this;
    const directory = DataDirectory.openExisting(disk, "the directory");
    try {
      return recover({
        directory,
        store: keyspace.store,
        scratch: scratchOf(keyspace),
        clock: keyspace.clock,
        ...options,
      });
    } finally {
      directory.close();
    }
  }

  contents(): Contents {
    return contentsOf(this.keyspace);
  }
}

export function contentsOf({ keys }: KeyspaceFixture): Contents {
  const contents: Contents = new Map();
  for (let database = 0; database < DATABASE_COUNT; database++) {
    let cursor = 0;
    do {
      cursor = keys.scan(database, cursor, 1000, (key) => {
        const value = keys.find(database, key)!;
        const name = nameOf(database, key.toString("latin1"));
        contents.set(name, textOf(value.bytes().toString("latin1"), Number(value.deadlineMs)));
      });
    } while (cursor !== 0);
  }
  return contents;
}

export function nameOf(database: number, key: string): string {
  return `${database}:${key}`;
}

export function textOf(value: string, deadlineMs: number): string {
  return `${deadlineMs} ${value}`;
}

/** The same for the same contents. */
export function digest(contents: Contents): string {
  const lines = [...contents].map(([name, text]) => `${name} ${text}`).toSorted();
  return String(Bun.hash.xxHash3(lines.join("\n")));
}
