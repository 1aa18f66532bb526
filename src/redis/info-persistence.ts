// The section of INFO about what is kept on disk: Redis's fields, and this server's own of the log.
//
// A snapshot is what BGSAVE and BGREWRITEAOF begin, so that both groups of fields tell of it. The
// log is the append-only file.

import type { InfoFigures, PersistenceFigures } from "./info-figures.ts";
import type { InfoLines } from "./info-sections.ts";
import type { Snapshots } from "./snapshots.ts";

const NO_SNAPSHOTS: Omit<Snapshots, "lastSaveSeconds" | "changesSinceLast" | "start" | "save"> = {
  isRunning: false,
  lastStatus: "ok",
  lastDurationSeconds: -1,
  runningSeconds: -1,
  count: 0,
};

export function persistenceLines({ server, stats, persistence }: InfoFigures): InfoLines {
  const snapshots = persistence?.snapshots ?? {
    ...NO_SNAPSHOTS,
    // As in Redis without a file, the start stands for the last save.
    lastSaveSeconds: Math.floor(server.startedMs / 1000),
    changesSinceLast: () => stats.changeCount,
  };
  return [
    ["loading", 0],
    ["async_loading", 0],
    ...snapshotLines(snapshots, persistence),
    ["aof_enabled", Number(persistence !== null)],
    ...rewriteLines(snapshots),
    ["aof_last_write_status", persistence === null || persistence.failure === "" ? "ok" : "err"],
    ["aof_last_cow_size", 0],
    ["module_fork_in_progress", 0],
    ["module_fork_last_cow_size", 0],
    ...(persistence === null ? [] : logLines(persistence)),
  ];
}

function snapshotLines(
  snapshots: Omit<Snapshots, "start" | "save">,
  persistence: PersistenceFigures | null,
): InfoLines {
  return [
    ["rdb_changes_since_last_save", snapshots.changesSinceLast()],
    ["rdb_bgsave_in_progress", Number(snapshots.isRunning)],
    ["rdb_last_save_time", Math.floor(snapshots.lastSaveSeconds)],
    ["rdb_last_bgsave_status", snapshots.lastStatus],
    ["rdb_last_bgsave_time_sec", Math.floor(snapshots.lastDurationSeconds)],
    ["rdb_current_bgsave_time_sec", Math.floor(snapshots.runningSeconds)],
    ["rdb_saves", snapshots.count],
    ["rdb_last_cow_size", 0],
    ["rdb_last_load_keys_expired", 0],
    ["rdb_last_load_keys_loaded", persistence?.recoveredKeyCount ?? 0],
  ];
}

function rewriteLines(snapshots: Omit<Snapshots, "start" | "save">): InfoLines {
  return [
    ["aof_rewrite_in_progress", Number(snapshots.isRunning)],
    ["aof_rewrite_scheduled", 0],
    ["aof_last_rewrite_time_sec", Math.floor(snapshots.lastDurationSeconds)],
    ["aof_current_rewrite_time_sec", Math.floor(snapshots.runningSeconds)],
    ["aof_last_bgrewrite_status", snapshots.lastStatus],
    ["aof_rewrites", snapshots.count],
  ];
}

function logLines(persistence: PersistenceFigures): InfoLines {
  const { partitions } = persistence;
  const bufferedBytes = partitions.reduce((sum, { recorded, written }) => {
    return sum + recorded - written;
  }, 0);
  return [
    ["aof_current_size", persistence.logBytes],
    ["aof_buffer_length", bufferedBytes],
    ["durability", persistence.durability],
    ["wal_shards", partitions.length],
    ...partitions.map(({ recorded, written, synced }, partition): InfoLines[number] => [
      `wal_positions_${partition}`,
      `recorded=${recorded},written=${written},synced=${synced}`,
    ]),
    ["wal_held_replies", persistence.heldCount],
    ["wal_parked", persistence.parkedCount],
    ["wal_refused", persistence.refusedCount],
    ["wal_failure", persistence.failure === "" ? "none" : persistence.failure],
  ];
}
