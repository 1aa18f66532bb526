// Puts a snapshot into the store. Its records are SETs, and PARTs of long values in groups.

import { GroupAssembly } from "./group-assembly.ts";
import { RECORD_KIND } from "./record.ts";
import { RECORD_STEP, RecordReader } from "./record-reader.ts";
import { RecoveryError } from "./recovery-error.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";
import type { StoreReplay } from "./store-replay.ts";

/**
 * Throws RecoveryError when the snapshot is not whole; what came before is in the store then.
 * `onChunk` is called after every chunk with its bytes.
 */
export function replaySnapshot(
  reader: SnapshotReader,
  replay: StoreReplay,
  onChunk: (bytes: number) => void,
): void {
  const groups = new GroupAssembly(replay);
  const records = new RecordReader(reader.area);
  const refuse = (reason: string): never => {
    throw new RecoveryError(reader.name, reader.chunkOffset, reason);
  };
  const takePart = (): void => {
    const changes = groups.add(0, records);
    if (typeof changes === "string") refuse(changes);
    else if (changes !== null) for (const change of changes) replay.apply(change);
  };
  try {
    while (reader.next()) {
      records.open(reader.area, reader.begin, reader.end);
      while (records.next() === RECORD_STEP.RECORD) {
        if (records.kind === RECORD_KIND.SET && !records.isMember) replay.add(records);
        else if (records.kind === RECORD_KIND.PART && records.isMember) takePart();
        else refuse("a snapshot has a record that is none of a snapshot");
      }
      if (records.fault !== "") refuse(records.fault);
      onChunk(reader.end - reader.begin);
    }
    if (groups.openIds.length > 0) refuse("a value in parts has no end");
  } finally {
    for (const id of groups.openIds) groups.drop(id);
    replay.settle();
  }
}
