import { describe, expect, test } from "bun:test";
import type { PersistenceFigures } from "../../src/redis/info-figures.ts";
import { persistenceLines } from "../../src/redis/info-persistence.ts";
import { createInfoFigures } from "../support/info-figures.ts";
import { TestSnapshots } from "../support/test-snapshots.ts";

function valuesOf(changes: Partial<PersistenceFigures> | null): Record<string, string | number> {
  const persistence: PersistenceFigures | null = changes && {
    snapshots: new TestSnapshots(),
    durability: "everysec",
    logBytes: 4096,
    recoveredKeyCount: 12,
    partitions: [
      { recorded: 900, written: 800, synced: 700 },
      { recorded: 90, written: 80, synced: 80 },
    ],
    heldCount: 0,
    parkedCount: 0,
    refusedCount: 0,
    failure: "",
    ...changes,
  };
  const lines = persistenceLines(createInfoFigures({ persistence }));
  expect(new Set(lines.map(([field]) => field)).size).toBe(lines.length);
  return Object.fromEntries(lines);
}

describe("without a directory", () => {
  test("the start stands for the last save, and nothing is on", () => {
    expect(valuesOf(null)).toMatchObject({
      loading: 0,
      rdb_changes_since_last_save: 77,
      rdb_bgsave_in_progress: 0,
      rdb_last_save_time: 1_795_154_287,
      rdb_last_bgsave_status: "ok",
      rdb_last_bgsave_time_sec: -1,
      rdb_current_bgsave_time_sec: -1,
      rdb_last_load_keys_loaded: 0,
      aof_enabled: 0,
      aof_last_write_status: "ok",
    });
  });

  test("there is nothing to tell of the log", () => {
    const fields = Object.keys(valuesOf(null));
    expect(fields.filter((field) => /^wal_|^durability|_size$/.test(field))).toEqual([
      "rdb_last_cow_size",
      "aof_last_cow_size",
      "module_fork_last_cow_size",
    ]);
  });
});

describe("with a directory", () => {
  test("the log is told of", () => {
    expect(valuesOf({ heldCount: 3, parkedCount: 2, refusedCount: 1 })).toMatchObject({
      aof_enabled: 1,
      aof_current_size: 4096,
      aof_buffer_length: 110,
      aof_last_write_status: "ok",
      rdb_last_load_keys_loaded: 12,
      durability: "everysec",
      wal_shards: 2,
      wal_positions_0: "recorded=900,written=800,synced=700",
      wal_positions_1: "recorded=90,written=80,synced=80",
      wal_held_replies: 3,
      wal_parked: 2,
      wal_refused: 1,
      wal_failure: "none",
    });
  });

  test("a failure of the disk is told", () => {
    expect(valuesOf({ failure: "ENOSPC" })).toMatchObject({
      aof_last_write_status: "err",
      wal_failure: "ENOSPC",
    });
  });

  test("a snapshot is what both saves and rewrites", () => {
    const snapshots = new TestSnapshots({
      isRunning: true,
      runningSeconds: 2.7,
      lastDurationSeconds: 5.9,
      lastSaveSeconds: 1_795_200_000.5,
      lastStatus: "err",
      count: 4,
      changeCount: 6,
    });
    expect(valuesOf({ snapshots })).toMatchObject({
      rdb_changes_since_last_save: 6,
      rdb_bgsave_in_progress: 1,
      rdb_last_save_time: 1_795_200_000,
      rdb_last_bgsave_status: "err",
      rdb_last_bgsave_time_sec: 5,
      rdb_current_bgsave_time_sec: 2,
      rdb_saves: 4,
      aof_rewrite_in_progress: 1,
      aof_last_rewrite_time_sec: 5,
      aof_current_rewrite_time_sec: 2,
      aof_last_bgrewrite_status: "err",
      aof_rewrites: 4,
    });
  });

  test("a snapshot not yet under way is not a second old", () => {
    expect(valuesOf({})["rdb_current_bgsave_time_sec"]).toBe(-1);
  });
});
