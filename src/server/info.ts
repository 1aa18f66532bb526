// The text of INFO: the original server's lines, byte for byte in its layout, then ours, one
// `key:value` a line under `# Section` headings.

import type { Engine } from "../net/engine.ts";
import { OPCODE, OPCODE_NAMES } from "../protocol/opcode.ts";
import type { ThreadsFigures } from "../redis/info-figures.ts";
import { threadLines } from "../redis/info-threads.ts";
import type { Store } from "../store/store.ts";
import { SLICE_BUCKET_COUNT, SLICE_NAMES, bucketLimitUs } from "../store/work-slices.ts";
import { DROP_NAMES } from "./connection-table.ts";
import {
  DROPS,
  EXECUTED,
  FIGURE,
  SLICES,
  SLICE_MAXIMA,
  type FigureName,
} from "./thread-figures.ts";

/** Most events that Bun's loop takes from the kernel at once. */
const EVENT_LOOP_MAX_EVENTS = 1024;

export interface InfoSources {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly port: number;
  readonly configFile: string;
  readonly maxMemoryBytes: number;
  readonly engine: Engine;
  readonly engineReason: string;
  readonly store: Store;
  /** Of the whole server (thread-figures.ts). */
  readonly figures: Float64Array;
  /** Null = there is one data thread. */
  readonly threads: ThreadsFigures | null;
}

export function renderInfo(sources: InfoSources): string {
  const sections = [
    renderServer(sources),
    ...(sources.threads === null ? [] : [renderThreads(sources.threads)]),
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
  const { engine } = sources;
  const disconnectedCount = read(sources, "closed") + read(sources, "refused");
  const residentBytes = process.memoryUsage().rss;
  return (
    `# Server \npid: ${process.pid} \nport: ${sources.port} \n` +
    `config file: ${sources.configFile} \nUptime: ${renderUptime(sources)} \n` +
    `event_loop_max_events: ${EVENT_LOOP_MAX_EVENTS} \n` +
    `event_dispatcher_kind: ${engine.dispatcher} \n\n` +
    `# Clients \nconnected clients: ${read(sources, "open")} \n` +
    `disconnected clients: ${disconnectedCount} \n\n` +
    `#Stats \ncommands executed: ${read(sources, "executedRows")} \n\n` +
    `# Memory \nMemory Usage: ${residentBytes} bytes (${Math.floor(residentBytes / 1024)} KiB)\n` +
    `mem_allocator: arena \n\n`
  );
}

function renderUptime(sources: InfoSources): string {
  const total = sources.uptimeSeconds;
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
    uptime_seconds: sources.uptimeSeconds,
  });
}

function renderThreads(threads: ThreadsFigures): string {
  return renderSection("Threads", Object.fromEntries(threadLines(threads)));
}

function renderBatches(sources: InfoSources): string {
  const batchCount = read(sources, "batches");
  const batchedCount = read(sources, "batchedCommands");
  return renderSection("Batches", {
    turns: read(sources, "turns"),
    receives: read(sources, "receives"),
    batches: batchCount,
    batch_size_avg: batchCount === 0 ? 0 : (batchedCount / batchCount).toFixed(2),
    path_batched_commands: batchedCount,
    path_single_commands: read(sources, "singleCommands"),
    path_fast_commands: read(sources, "fastCommands"),
    path_mixed_batches: read(sources, "mixedBatches"),
    path_blocked: read(sources, "blocked"),
    path_resumed: read(sources, "resumed"),
    path_writes: read(sources, "writes"),
    path_vectored_writes: read(sources, "vectoredWrites"),
    path_partial_writes: read(sources, "partialWrites"),
    path_spare_windows: read(sources, "spareWindowsTaken"),
  });
}

function renderMemory(sources: InfoSources): string {
  const { store } = sources;
  const bytes = store.memoryBytes();
  const windowBytes = read(sources, "windowBytes");
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
    entries_moved: read(sources, "entriesMoved"),
    entries_pinned: store.pins.count,
  });
}

function renderKeyspace(sources: InfoSources): string {
  const { figures, store } = sources;
  const misses = read(sources, "oldMisses");
  return renderSection("Keyspace", {
    keys: store.keyCount,
    keys_with_deadline: store.deadlineCount,
    expired: read(sources, "expired"),
    expiry_pairs: read(sources, "expiryPairs"),
    hits: figures[EXECUTED + OPCODE.GET]! - misses,
    misses,
    refused_memory_full: read(sources, "refusedMemoryFull"),
  });
}

function renderConnections(sources: InfoSources): string {
  const values: Record<string, number> = {
    connections_open: read(sources, "open"),
    connections_accepted: read(sources, "accepted"),
    connections_closed: read(sources, "closed"),
    connections_refused_max_clients: read(sources, "refused"),
    connections_accept_failures: read(sources, "acceptFailures"),
  };
  for (let reason = 1; reason < DROP_NAMES.length; reason++) {
    values[`connections_dropped_${DROP_NAMES[reason]}`] = sources.figures[DROPS + reason]!;
  }
  return renderSection("Connections", values);
}

function renderCommands({ figures }: InfoSources): string {
  const values: Record<string, number> = {};
  for (let opcode = 0; opcode < OPCODE_NAMES.length; opcode++) {
    values[`command_${OPCODE_NAMES[opcode]}`] = figures[EXECUTED + opcode]!;
  }
  return renderSection("Commands", values);
}

/** Internal work by how long its slices took: `le_` = at most so many microseconds. */
function renderSlices({ figures }: InfoSources): string {
  const values: Record<string, number | string> = {};
  for (let kind = 0; kind < SLICE_NAMES.length; kind++) {
    const counts: string[] = [];
    for (let bucket = 0; bucket < SLICE_BUCKET_COUNT; bucket++) {
      const count = figures[SLICES + kind * SLICE_BUCKET_COUNT + bucket]!;
      if (count > 0) counts.push(`le_${bucketLimitUs(bucket)}=${count}`);
    }
    values[`slice_${SLICE_NAMES[kind]}_us`] = counts.join(",");
    values[`slice_${SLICE_NAMES[kind]}_max_us`] = Math.round(figures[SLICE_MAXIMA + kind]!);
  }
  return renderSection("Slices of internal work", values);
}

function read({ figures }: InfoSources, name: FigureName): number {
  return figures[FIGURE[name]]!;
}

function renderSection(title: string, values: Readonly<Record<string, number | string>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key}:${value}`);
  return `# ${title}\n${lines.join("\n")}`;
}
