// The text of INFO: the original server's lines, byte for byte in its layout, then ours, one
// `key:value` a line under `# Section` headings.

import type { SendWindows } from "../batch/send-windows.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { Commands, Executor } from "../command/executor.ts";
import type { Clock } from "../lib/clock.ts";
import type { Engine } from "../net/engine.ts";
import { OPCODE, OPCODE_NAMES } from "../protocol/opcode.ts";
import type { Store } from "../store/store.ts";
import {
  SLICE_BUCKET_COUNT,
  SLICE_NAMES,
  bucketLimitUs,
  type Slice,
} from "../store/work-slices.ts";
import { DROP_NAMES, type ConnectionTable } from "./connection-table.ts";
import type { Pipeline } from "./pipeline.ts";

/** Most events that Bun's loop takes from the kernel at once. */
const EVENT_LOOP_MAX_EVENTS = 1024;

export interface InfoSources {
  readonly version: string;
  readonly clock: Clock;
  readonly startedMs: number;
  readonly port: number;
  readonly configFile: string;
  readonly maxMemoryBytes: number;
  readonly engine: Engine;
  readonly engineReason: string;
  readonly store: Store;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly executor: Executor;
  readonly commands: Commands;
  readonly connections: ConnectionTable;
  readonly pipeline: Pipeline;
}

export function renderInfo(sources: InfoSources): string {
  const sections = [
    renderServer(sources),
    renderBatches(sources),
    renderMemory(sources),
    renderKeyspace(sources),
    renderConnections(sources),
    renderCommands(sources),
    renderSlices(sources),
  ];
  return `${renderOriginal(sources)}${sections.join("\n\n")}\n`;
}

/** The trailing spaces and the heading without a space are the original's. */
function renderOriginal(sources: InfoSources): string {
  const { connections, executor, engine } = sources;
  const residentBytes = process.memoryUsage().rss;
  return (
    `# Server \npid: ${process.pid} \nport: ${sources.port} \n` +
    `config file: ${sources.configFile} \nUptime: ${renderUptime(sources)} \n` +
    `event_loop_max_events: ${EVENT_LOOP_MAX_EVENTS} \n` +
    `event_dispatcher_kind: ${engine.dispatcher} \n\n` +
    `# Clients \nconnected clients: ${connections.openCount} \n` +
    `disconnected clients: ${connections.closedCount + connections.refusedCount} \n\n` +
    `#Stats \ncommands executed: ${executor.totalCount()} \n\n` +
    `# Memory \nMemory Usage: ${residentBytes} bytes (${Math.floor(residentBytes / 1024)} KiB)\n` +
    `mem_allocator: arena \n\n`
  );
}

function renderUptime(sources: InfoSources): string {
  const total = Math.floor((sources.clock.elapsedMs() - sources.startedMs) / 1000);
  const days = Math.floor(total / 86400);
  const hours = Math.floor(total / 3600) % 24;
  const minutes = Math.floor(total / 60) % 60;
  return `${days} days, ${hours} hours, ${minutes} min, ${total % 60} sec`;
}

function renderServer(sources: InfoSources): string {
  return renderSection("fkvs", {
    version: sources.version,
    engine: sources.engine.name,
    engine_reason: sources.engineReason,
    uptime_seconds: Math.floor((sources.clock.elapsedMs() - sources.startedMs) / 1000),
  });
}

function renderBatches(sources: InfoSources): string {
  const { executor, pipeline, sends } = sources;
  const { batchCount, batchedCount } = executor;
  return renderSection("Batches", {
    turns: pipeline.turn.turnCount,
    receives: pipeline.turn.receiveCount,
    batches: batchCount,
    batch_size_avg: batchCount === 0 ? 0 : (batchedCount / batchCount).toFixed(2),
    path_batched_commands: batchedCount,
    path_single_commands: executor.singleCount,
    path_fast_commands: executor.fastCount,
    path_mixed_batches: executor.mixedBatchCount,
    path_blocked: executor.blockedCount,
    path_resumed: pipeline.resumedCount,
    path_writes: sends.writeCount,
    path_vectored_writes: sends.vectoredCount,
    path_partial_writes: sends.partialCount,
    path_spare_windows: sends.spareTakenCount,
  });
}

function renderMemory(sources: InfoSources): string {
  const { store, windows, sends } = sources;
  const bytes = store.memoryBytes();
  const windowBytes = windows.touched.bytes + sends.touched.bytes;
  const { entries, slots, expiry, pieces, unused } = bytes;
  const used = entries + slots + expiry + pieces + unused + windowBytes;
  return renderSection("Memory by kind", {
    memory_limit_bytes: sources.maxMemoryBytes,
    memory_used_bytes: used,
    memory_entries_bytes: bytes.entries,
    memory_slots_bytes: bytes.slots,
    memory_expiry_bytes: bytes.expiry,
    memory_pieces_bytes: bytes.pieces,
    memory_unused_in_pages_bytes: bytes.unused,
    memory_windows_bytes: windowBytes,
    memory_pages_taken: store.pool.takenCount,
    memory_pages_available: store.pool.availableCount,
    entries_moved: store.compactor.movedCount,
    entries_pinned: store.pins.count,
  });
}

function renderKeyspace(sources: InfoSources): string {
  const { store, commands } = sources;
  const { strings, counters, expiry } = commands;
  return renderSection("Keyspace", {
    keys: store.keyCount,
    keys_with_deadline: store.deadlineCount,
    expired: store.expiredCount,
    expiry_pairs: store.expiry.pairCount,
    hits: sources.executor.executedCounts[OPCODE.GET]! - strings.missCount,
    misses: strings.missCount,
    refused_memory_full: strings.refusedCount + counters.refusedCount + expiry.refusedCount,
  });
}

function renderConnections(sources: InfoSources): string {
  const { connections } = sources;
  const values: Record<string, number> = {
    connections_open: connections.openCount,
    connections_accepted: connections.acceptedCount,
    connections_closed: connections.closedCount,
    connections_refused_max_clients: connections.refusedCount,
    connections_accept_failures: sources.engine.acceptFailureCount(),
  };
  for (let reason = 1; reason < DROP_NAMES.length; reason++) {
    values[`connections_dropped_${DROP_NAMES[reason]}`] = connections.droppedCounts[reason]!;
  }
  return renderSection("Connections", values);
}

function renderCommands(sources: InfoSources): string {
  const values: Record<string, number> = {};
  for (let opcode = 0; opcode < OPCODE_NAMES.length; opcode++) {
    values[`command_${OPCODE_NAMES[opcode]}`] = sources.executor.executedCounts[opcode]!;
  }
  return renderSection("Commands", values);
}

/** Internal work by how long its slices took: `le_` = at most so many microseconds. */
function renderSlices(sources: InfoSources): string {
  const { slices } = sources.store;
  const values: Record<string, number | string> = {};
  for (let kind = 0; kind < SLICE_NAMES.length; kind++) {
    const slice = kind as Slice;
    const counts: string[] = [];
    for (let bucket = 0; bucket < SLICE_BUCKET_COUNT; bucket++) {
      const count = slices.count(slice, bucket);
      if (count > 0) counts.push(`le_${bucketLimitUs(bucket)}=${count}`);
    }
    values[`slice_${SLICE_NAMES[kind]}_us`] = counts.join(",");
    values[`slice_${SLICE_NAMES[kind]}_max_us`] = Math.round(slices.maxUs(slice));
  }
  return renderSection("Slices of internal work", values);
}

function renderSection(title: string, values: Readonly<Record<string, number | string>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key}:${value}`);
  return `# ${title}\n${lines.join("\n")}`;
}
