// Debian's exporter of Redis's figures for Prometheus: that it finds what dashboards are made of.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { startClientServer, type ClientServer } from "../support/client-server.ts";
import { describeProgram } from "../support/debian-program.ts";
import { findFreePort } from "../support/real-redis.ts";
import { RespClient } from "../support/resp-client.ts";
import { waitUntil } from "../support/wait-until.ts";

/** What the dashboards 763 and 14091 of Grafana draw, and what alerts are made of. */
const METRICS = [
  "redis_up",
  "redis_uptime_in_seconds",
  "redis_connected_clients",
  "redis_blocked_clients",
  "redis_memory_used_bytes",
  "redis_memory_used_rss_bytes",
  "redis_memory_used_peak_bytes",
  "redis_memory_max_bytes",
  "redis_mem_fragmentation_ratio",
  "redis_commands_processed_total",
  "redis_connections_received_total",
  "redis_rejected_connections_total",
  "redis_net_input_bytes_total",
  "redis_net_output_bytes_total",
  "redis_keyspace_hits_total",
  "redis_keyspace_misses_total",
  "redis_expired_keys_total",
  "redis_evicted_keys_total",
  "redis_cpu_sys_seconds_total",
  "redis_cpu_user_seconds_total",
  "redis_instance_info",
  "redis_db_keys",
  "redis_db_keys_expiring",
  "redis_commands_total",
  "redis_commands_duration_seconds_total",
  "redis_slowlog_length",
  "redis_config_maxclients",
  "redis_loading_dump_file",
  "redis_aof_enabled",
  "redis_connected_slaves",
];

describeProgram("prometheus-redis-exporter", "prometheus-redis-exporter", (path) => {
  let server: ClientServer;
  let metrics: string;

  beforeAll(async () => {
    server = await startClientServer();
    using client = await RespClient.connect(server.port);
    await client.ask("SET", "a", "1");
    await client.ask("SET", "b", "1", "EX", "10000");
    await client.ask("GET", "a");
    await client.ask("GET", "none");
    metrics = await scrape(path, server.port);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  function valueOf(metric: string): number {
    const escaped = metric.replace(/[{}"]/g, "\\$&");
    return Number(new RegExp(`^${escaped} (\\S+)$`, "m").exec(metrics)?.[1]);
  }

  test("finds the server up", () => {
    expect(valueOf("redis_up")).toBe(1);
    expect(valueOf('redis_exporter_last_scrape_error{err=""}')).toBe(0);
  });

  test("has all figures", () => {
    const names = new Set([...metrics.matchAll(/^(redis_\w+)/gm)].map(([, name]) => name));
    expect(METRICS.filter((name) => !names.has(name))).toEqual([]);
  });

  test("counts keys, hits and commands", () => {
    expect(valueOf('redis_db_keys{db="db0"}')).toBe(2);
    expect(valueOf('redis_db_keys_expiring{db="db0"}')).toBe(1);
    expect(valueOf("redis_keyspace_hits_total")).toBe(1);
    expect(valueOf("redis_keyspace_misses_total")).toBe(1);
    expect(valueOf('redis_commands_total{cmd="set"}')).toBe(2);
    expect(valueOf('redis_commands_total{cmd="get"}')).toBe(2);
  });
});

async function scrape(path: string, redisPort: number): Promise<string> {
  const port = findFreePort();
  const args = [
    ...["--web.listen-address", `127.0.0.1:${port}`],
    ...["--redis.addr", `redis://127.0.0.1:${redisPort}`],
  ];
  await using child = Bun.spawn([path, ...args], { stdio: ["ignore", "ignore", "ignore"] });
  let metrics = "";
  let isBusy = false;
  const tryOnce = async (): Promise<void> => {
    isBusy = true;
    const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
    metrics = (await response?.text()) ?? "";
    isBusy = false;
  };
  await waitUntil(
    () => {
      if (metrics === "" && !isBusy) void tryOnce();
      return metrics !== "" || child.exitCode !== null;
    },
    () => "the exporter to serve",
  );
  child.kill("SIGKILL");
  return metrics;
}
