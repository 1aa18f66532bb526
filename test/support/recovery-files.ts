// What recovery tests do with the files of a directory: recover them, or have them refused.

import { expect } from "bun:test";
import { formatSnapshotName } from "../../src/wal/file-names.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import { KeyspaceFixture } from "./keyspace-fixture.ts";
import { RecoveryFixture, makeDisk, type Files } from "./recovery-fixture.ts";
import { RecordExecutor, takeSnapshot } from "./snapshot-fixture.ts";
import { type RecordText } from "./wal-files.ts";

const { SET } = RECORD_KIND;
const MIB = 2 ** 20;
const SNAPSHOT = { number: 1, epoch: 1, segmentBits: 2, timeMs: 1, positions: [8] };
/** Of the first record that has one. */
export const DEADLINE_BEGIN_MS = Date.UTC(2030, 0, 1);

export function set(key: string, value: string, more: Partial<RecordText> = {}): RecordText {
  return { kind: SET, key, value, ...more };
}

/** Recovers what files have, and what that is. */
export function recoverFiles(files: Files, options: { isBestEffort?: boolean } = {}) {
  const fixture = new RecoveryFixture(files);
  const result = fixture.recover(options);
  return { result, contents: fixture.contents(), fixture };
}

export function refusalOf(files: Files): RecoveryError {
  const fixture = new RecoveryFixture(files);
  const before = fixture.disk.snapshot();
  try {
    fixture.recover();
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    expect(fixture.disk.snapshot()).toEqual(before);
    return error;
  }
  throw new Error("the start was not refused");
}

/** A snapshot of a store with these records, by its name. */
export function snapshotOf(
  records: readonly RecordText[],
  fields: Partial<typeof SNAPSHOT> = {},
): Files {
  const keyspace = new KeyspaceFixture({ sizeBytes: 16 * MIB });
  const executor = new RecordExecutor(keyspace);
  for (const record of records) executor.execute(record);
  const disk = makeDisk({});
  takeSnapshot(disk, keyspace, { ...SNAPSHOT, ...fields });
  const name = formatSnapshotName(fields.number ?? SNAPSHOT.number);
  return { [name]: disk.snapshot()[name]! };
}
