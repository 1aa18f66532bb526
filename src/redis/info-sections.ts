// The sections of INFO that show the server's figures, field by field as Redis 7.2 names them, so
// that exporters and dashboards read them. What is kept on disk is in info-persistence.ts.
//
// Fields about what this server does not have (replication, eviction) are there when
// programs look for them, with what Redis shows when it is off. Fields of Redis that would have to
// be made up are left out.

import type {
  ClientFigures,
  CpuFigures,
  DatabaseFigures,
  InfoFigures,
  MemoryFigures,
  ServerFigures,
} from "./info-figures.ts";

/** Names and values of the lines. */
export type InfoLines = readonly (readonly [field: string, value: string | number])[];

/** The version of Redis whose string commands are served; clients decide by it what to send. */
const REDIS_VERSION = "7.2.4";
const DAY_SECONDS = 86_400;
const HUMAN_UNITS = ["B", "K", "M", "G", "T", "P"] as const;
const NO_REPLICATION_ID = "0".repeat(40);

export function serverLines(server: ServerFigures): InfoLines {
  return [
    ["redis_version", REDIS_VERSION],
    ["redis_git_sha1", "00000000"],
    ["redis_git_dirty", 0],
    ["server_name", "fkvs"],
    ["fkvs_version", server.fkvsVersion],
    ["redis_mode", "standalone"],
    ["os", server.os],
    ["arch_bits", server.addressBits],
    ["multiplexing_api", server.multiplexer],
    ["process_id", server.processId],
    ["process_supervised", "no"],
    ["run_id", server.runId],
    ["tcp_port", server.port],
    ["server_time_usec", Math.floor(server.nowMs * 1000)],
    ["uptime_in_seconds", Math.floor(server.uptimeSeconds)],
    ["uptime_in_days", Math.floor(server.uptimeSeconds / DAY_SECONDS)],
    ["hz", server.tickHz],
    ["configured_hz", server.tickHz],
    ["executable", server.executable],
    ["config_file", server.configFile],
    ["io_threads_active", 0],
  ];
}

export function clientLines(clients: ClientFigures): InfoLines {
  return [
    ["connected_clients", clients.connectedCount],
    ["cluster_connections", 0],
    ["maxclients", clients.countMax],
    ["blocked_clients", 0],
    ["tracking_clients", 0],
    ["clients_in_timeout_table", 0],
    ["total_blocking_keys", 0],
    ["total_blocking_keys_on_nokey", 0],
  ];
}

export function memoryLines(memory: MemoryFigures): InfoLines {
  const { used, usedPeak, startup, dataset, resident } = memory;
  const netUsed = Math.max(1, used - startup);
  return [
    ...amount("used_memory", used),
    ...amount("used_memory_rss", resident),
    ...amount("used_memory_peak", usedPeak),
    ["used_memory_peak_perc", percent(used, usedPeak)],
    ["used_memory_overhead", used - dataset],
    ["used_memory_startup", startup],
    ["used_memory_dataset", dataset],
    ["used_memory_dataset_perc", percent(dataset, netUsed)],
    ...amount("total_system_memory", memory.system),
    ...amount("maxmemory", memory.limit),
    ["maxmemory_policy", "noeviction"],
    ["mem_fragmentation_ratio", (resident / Math.max(1, used)).toFixed(2)],
    ["mem_fragmentation_bytes", resident - used],
    ["mem_not_counted_for_evict", 0],
    ["mem_replication_backlog", 0],
    ["mem_clients_slaves", 0],
    ["mem_clients_normal", memory.windows],
    ["mem_aof_buffer", 0],
    ["mem_allocator", "arena"],
    ["active_defrag_running", 0],
    ["lazyfree_pending_objects", 0],
  ];
}

export function statLines({ stats }: InfoFigures, errorCount: number): InfoLines {
  return [
    ["total_connections_received", stats.connectionsReceived],
    ["total_commands_processed", stats.commandsProcessed],
    ["instantaneous_ops_per_sec", Math.round(stats.commandsPerSecond)],
    ["total_net_input_bytes", stats.inputBytes],
    ["total_net_output_bytes", stats.outputBytes],
    ["total_net_repl_input_bytes", 0],
    ["total_net_repl_output_bytes", 0],
    ["instantaneous_input_kbps", (stats.inputBytesPerSecond / 1024).toFixed(2)],
    ["instantaneous_output_kbps", (stats.outputBytesPerSecond / 1024).toFixed(2)],
    ["rejected_connections", stats.connectionsRejected],
    ["sync_full", 0],
    ["sync_partial_ok", 0],
    ["sync_partial_err", 0],
    ["expired_keys", stats.expiredKeys],
    ["evicted_keys", 0],
    ["evicted_clients", 0],
    ["keyspace_hits", stats.keyspaceHits],
    ["keyspace_misses", stats.keyspaceMisses],
    ["pubsub_channels", 0],
    ["pubsub_patterns", 0],
    ["pubsubshard_channels", 0],
    ["latest_fork_usec", 0],
    ["total_forks", 0],
    ["migrate_cached_sockets", 0],
    ["slave_expires_tracked_keys", 0],
    ["active_defrag_hits", 0],
    ["active_defrag_misses", 0],
    ["active_defrag_key_hits", 0],
    ["active_defrag_key_misses", 0],
    ["tracking_total_keys", 0],
    ["unexpected_error_replies", 0],
    ["total_error_replies", errorCount],
    ["total_reads_processed", stats.readCount],
    ["total_writes_processed", stats.writeCount],
    ["io_threaded_reads_processed", 0],
    ["io_threaded_writes_processed", 0],
  ];
}

/** The id of a history nobody follows is that of the run. */
export function replicationLines(server: ServerFigures): InfoLines {
  return [
    ["role", "master"],
    ["connected_slaves", 0],
    ["master_failover_state", "no-failover"],
    ["master_replid", server.runId],
    ["master_replid2", NO_REPLICATION_ID],
    ["master_repl_offset", 0],
    ["second_repl_offset", -1],
    ["repl_backlog_active", 0],
    ["repl_backlog_size", 0],
    ["repl_backlog_first_byte_offset", 0],
    ["repl_backlog_histlen", 0],
  ];
}

export function cpuLines(cpu: CpuFigures): InfoLines {
  return [
    ["used_cpu_sys", cpu.system.toFixed(6)],
    ["used_cpu_user", cpu.user.toFixed(6)],
    ["used_cpu_sys_children", "0.000000"],
    ["used_cpu_user_children", "0.000000"],
  ];
}

export function keyspaceLines(databases: readonly DatabaseFigures[]): InfoLines {
  const lines: [string, string][] = [];
  for (const [number, { keyCount, deadlineCount, averageTtlMs }] of databases.entries()) {
    if (keyCount === 0) continue;
    const value = `keys=${keyCount},expires=${deadlineCount},avg_ttl=${Math.floor(averageTtlMs)}`;
    lines.push([`db${number}`, value]);
  }
  return lines;
}

function amount(field: string, bytes: number): InfoLines {
  return [
    [field, bytes],
    [`${field}_human`, humanBytes(bytes)],
  ];
}

/** As Redis: `894.84K`, but `200B`. */
function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < HUMAN_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(2)}${HUMAN_UNITS[unit]}`;
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? "0.00" : ((part / whole) * 100).toFixed(2)}%`;
}
