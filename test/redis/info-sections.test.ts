import { describe, expect, test } from "bun:test";
import { persistenceLines } from "../../src/redis/info-persistence.ts";
import {
  clientLines,
  cpuLines,
  keyspaceLines,
  memoryLines,
  replicationLines,
  serverLines,
  statLines,
  type InfoLines,
} from "../../src/redis/info-sections.ts";
import { createInfoFigures } from "../support/info-figures.ts";

const figures = createInfoFigures();

function valuesOf(lines: InfoLines): Record<string, string | number> {
  return Object.fromEntries(lines);
}

const all = valuesOf([
  ...serverLines(figures.server),
  ...clientLines(figures.clients),
  ...memoryLines(figures.memory),
  ...persistenceLines(figures),
  ...statLines(figures, 9),
  ...replicationLines(figures.server),
  ...cpuLines(figures.cpu),
]);

describe("the server's section", () => {
  test("tells which Redis it is like, and what it is", () => {
    expect(valuesOf(serverLines(figures.server))).toMatchObject({
      redis_version: "7.2.4",
      redis_mode: "standalone",
      server_name: "fkvs",
      fkvs_version: "0.1.0",
      os: "Linux 6.1.0 x86_64",
      multiplexing_api: "io_uring",
      run_id: figures.server.runId,
      server_time_usec: 1_795_254_288_492_500,
      uptime_in_seconds: 100_001,
      uptime_in_days: 1,
      hz: 10,
      config_file: "",
    });
  });
});

describe("the memory's section", () => {
  const lines = valuesOf(memoryLines(figures.memory));

  test("tells amounts in bytes and for people", () => {
    expect([lines["used_memory"], lines["used_memory_human"]]).toEqual([3_000_000, "2.86M"]);
    expect([lines["maxmemory"], lines["maxmemory_human"]]).toEqual([2 ** 30, "1.00G"]);
    expect([lines["used_memory_rss"], lines["used_memory_rss_human"]]).toEqual([
      6_000_000,
      "5.72M",
    ]);
  });

  test("tells shares and what is not keys and values", () => {
    expect(lines).toMatchObject({
      used_memory_peak_perc: "75.00%",
      used_memory_overhead: 1_500_000,
      used_memory_dataset_perc: "75.00%",
      mem_fragmentation_ratio: "2.00",
      mem_fragmentation_bytes: 3_000_000,
      mem_clients_normal: 131_072,
    });
  });

  test("divides by nothing where nothing is used", () => {
    const memory = { ...figures.memory, used: 0, usedPeak: 0, startup: 0, dataset: 0, resident: 0 };
    const values = valuesOf(memoryLines(memory));
    expect([values["used_memory_peak_perc"], values["used_memory_dataset_perc"]]).toEqual([
      "0.00%",
      "0.00%",
    ]);
    expect(values["mem_fragmentation_ratio"]).toBe("0.00");
  });

  test.each([
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1.00K"],
    [916_312, "894.84K"],
    [12_001_280, "11.45M"],
    [25_276_514_304, "23.54G"],
    [2 ** 40, "1.00T"],
  ])("writes %d bytes as %s, as Redis does", (system, human) => {
    const lines = valuesOf(memoryLines({ ...figures.memory, system }));
    expect(lines["total_system_memory_human"]).toBe(human);
  });
});

describe("the other sections", () => {
  test("count and round", () => {
    expect(all).toMatchObject({
      connected_clients: 3,
      maxclients: 10_000,
      rdb_changes_since_last_save: 77,
      rdb_last_save_time: 1_795_154_287,
      total_connections_received: 11,
      rejected_connections: 1,
      total_commands_processed: 1000,
      instantaneous_ops_per_sec: 13,
      instantaneous_input_kbps: "1.00",
      instantaneous_output_kbps: "1.50",
      expired_keys: 5,
      keyspace_hits: 600,
      keyspace_misses: 40,
      total_error_replies: 9,
      total_reads_processed: 21,
      total_writes_processed: 22,
      used_cpu_sys: "0.006808",
      used_cpu_user: "1.500000",
      role: "master",
      connected_slaves: 0,
      master_replid: figures.server.runId,
    });
  });

  // What prometheus-redis-exporter and the dashboards 763 and 14091 read, and ioredis waits for.
  test.each([
    ...["redis_version", "redis_mode", "role", "tcp_port", "process_id", "uptime_in_seconds"],
    ...["loading", "connected_clients", "blocked_clients", "maxclients"],
    ...["used_memory", "used_memory_rss", "used_memory_peak", "used_memory_dataset", "maxmemory"],
    ...["maxmemory_policy", "mem_fragmentation_ratio", "mem_allocator", "used_memory_overhead"],
    ...["aof_enabled", "aof_last_write_status", "aof_last_bgrewrite_status"],
    ...["rdb_last_bgsave_status", "rdb_last_save_time", "rdb_bgsave_in_progress"],
    ...["rdb_changes_since_last_save", "total_connections_received", "total_commands_processed"],
    ...["instantaneous_ops_per_sec", "total_net_input_bytes", "total_net_output_bytes"],
    ...["rejected_connections", "expired_keys", "evicted_keys", "keyspace_hits"],
    ...["keyspace_misses", "used_cpu_sys", "used_cpu_user", "latest_fork_usec"],
    ...["connected_slaves", "master_repl_offset", "pubsub_channels", "pubsub_patterns"],
  ])("have %s", (field) => {
    expect(all).toHaveProperty(field);
    expect(String(all[field])).not.toMatch(/NaN|undefined|null|^$/);
  });
});

describe("the keyspace's section", () => {
  test("has a line for each database with keys", () => {
    const none = { keyCount: 0, deadlineCount: 0, averageTtlMs: 0 };
    const some = { keyCount: 4, deadlineCount: 2, averageTtlMs: 1500.7 };
    expect(
      keyspaceLines([none, some, none, { ...some, deadlineCount: 0, averageTtlMs: 0 }]),
    ).toEqual([
      ["db1", "keys=4,expires=2,avg_ttl=1500"],
      ["db3", "keys=4,expires=0,avg_ttl=0"],
    ]);
    expect(keyspaceLines([])).toEqual([]);
  });
});
