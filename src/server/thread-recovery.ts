// Brings a data thread's store to where the data directory says it was, and says so in the log.

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { DataDirectory } from "../wal/data-directory.ts";
import { RealDisk } from "../wal/real-disk.ts";
import { recover, type RecoveryResult } from "../wal/recovery.ts";
import type { DataThread } from "./data-thread.ts";
import type { WalSetup } from "./wal-setup.ts";

const PROGRESS_INTERVAL_MS = 1000;

/** Throws RecoveryError where the directory is damaged, with the place. */
export function recoverThread(
  thread: DataThread,
  setup: WalSetup,
  clock: Clock,
  log: Log,
): RecoveryResult {
  const { windows, store } = thread;
  let loggedMs = clock.elapsedMs();
  const result = recover({
    directory: DataDirectory.shared(new RealDisk(setup.path), setup.meta),
    store,
    // Nobody is connected: the windows are free.
    scratch: { area: windows.area, offset: 0, length: Math.min(SCRATCH_SIZE, windows.area.length) },
    clock,
    isBestEffort: setup.isBestEffort,
    onProgress: ({ recordCount, byteCount, totalBytes, recordsPerSecond }) => {
      const nowMs = clock.elapsedMs();
      if (nowMs - loggedMs < PROGRESS_INTERVAL_MS) return;
      loggedMs = nowMs;
      const percent = totalBytes === 0 ? 100 : Math.floor((100 * byteCount) / totalBytes);
      log.info("recovering", {
        percent,
        records: recordCount,
        recordsPerSecond: Math.round(recordsPerSecond),
      });
    },
  });
  report(result, log);
  return result;
}

const SCRATCH_SIZE = 1024 * 1024;

function report(result: RecoveryResult, log: Log): void {
  for (const { fileName, reason } of result.damagedSnapshots) {
    log.error("a snapshot is damaged, the older one was taken", { fileName, reason });
  }
  for (const { fileName, offset, byteCount, reason } of result.torn) {
    log.warn("cut off what a crash had torn", { fileName, offset, byteCount, reason });
  }
  for (const { fileName, offset, byteCount, reason } of result.lost) {
    log.error("lost, as best-effort allows", { fileName, offset, byteCount, reason });
  }
  log.info("recovered", {
    records: result.recordCount,
    bytes: result.byteCount,
    seconds: Number((result.elapsedMs / 1000).toFixed(3)),
    snapshot: result.snapshot?.name ?? "none",
    droppedGroups: result.droppedGroupCount,
    droppedRecords: result.droppedRecordCount,
  });
}
