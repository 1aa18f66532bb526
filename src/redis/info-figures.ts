// The numbers that INFO tells, by section. The server fills them in; the sections only format.
//
// Counts are since the start or the last CONFIG RESETSTAT, except where it says otherwise.

import type { DurabilityChoice } from "../lib/durability-choice.ts";
import type { Snapshots } from "./snapshots.ts";

export interface InfoFigures {
  readonly server: ServerFigures;
  readonly clients: ClientFigures;
  readonly memory: MemoryFigures;
  readonly stats: StatFigures;
  readonly cpu: CpuFigures;
  /** Null = nothing is kept on disk. */
  readonly persistence: PersistenceFigures | null;
  /** By the number of the database; those without keys are not shown. */
  readonly databases: readonly DatabaseFigures[];
  /** Null = there is one data thread. */
  readonly threads: ThreadsFigures | null;
}

export interface ServerFigures {
  readonly fkvsVersion: string;
  /** As uname has it: `Linux 6.1.0 x86_64`. */
  readonly os: string;
  /** 32 or 64. */
  readonly addressBits: number;
  /** How sockets are waited for: `epoll`, `io_uring`. */
  readonly multiplexer: string;
  readonly processId: number;
  /** 40 hexadecimal digits, other ones with each start. */
  readonly runId: string;
  /** 0 = no TCP. */
  readonly port: number;
  /** Since the epoch. */
  readonly nowMs: number;
  readonly startedMs: number;
  readonly uptimeSeconds: number;
  /** How often a second the server looks after itself. */
  readonly tickHz: number;
  readonly executable: string;
  /** Empty = none. */
  readonly configFile: string;
}

export interface ClientFigures {
  readonly connectedCount: number;
  readonly countMax: number;
}

/** Bytes. */
export interface MemoryFigures {
  /** What counts against the limit: entries, slots, expiry index, windows. */
  readonly used: number;
  readonly usedPeak: number;
  /** `used` when the server had started, without any key. */
  readonly startup: number;
  /** Keys and values with their headers: a part of `used`. */
  readonly dataset: number;
  /** Windows of the connections: a part of `used`. */
  readonly windows: number;
  readonly resident: number;
  readonly limit: number;
  readonly system: number;
}

export interface StatFigures {
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  /** Of every protocol. */
  readonly commandsProcessed: number;
  /** Lately; see rate-window.ts. */
  readonly commandsPerSecond: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly inputBytesPerSecond: number;
  readonly outputBytesPerSecond: number;
  readonly readCount: number;
  readonly writeCount: number;
  readonly expiredKeys: number;
  readonly keyspaceHits: number;
  readonly keyspaceMisses: number;
  /** Commands that changed something, since the start. */
  readonly changeCount: number;
}

/** Seconds of the whole process since its start. */
export interface CpuFigures {
  readonly system: number;
  readonly user: number;
}

export interface PersistenceFigures {
  readonly snapshots: Snapshots;
  /** What replies promise unless a client has chosen otherwise. */
  readonly durability: DurabilityChoice;
  /** Bytes of the log's files, those that a snapshot has made superfluous left out. */
  readonly logBytes: number;
  /** Keys that the server had when it started. */
  readonly recoveredKeyCount: number;
  readonly partitions: readonly PartitionFigures[];
  /** Connections whose replies wait until the log is synced. */
  readonly heldCount: number;
  /** Connections whose next write waits for room in the log. */
  readonly parkedCount: number;
  /** Writes that have waited for room for too long, since the start. */
  readonly refusedCount: number;
  /** The error that the disk has answered with, "" = none. */
  readonly failure: string;
}

/** Positions of a partition of the log: what is in its buffer, in its file, and on the disk. */
export interface PartitionFigures {
  readonly recorded: number;
  readonly written: number;
  readonly synced: number;
}

export interface ThreadsFigures {
  readonly mode: "shared" | "sharded";
  /** In the order of the threads. */
  readonly threads: readonly ThreadFigures[];
}

export interface ThreadFigures {
  readonly connectionCount: number;
  /** Clients that CLIENT LIST of other threads has no room for. */
  readonly unlistedCount: number;
  /** Executed commands of every protocol. */
  readonly commandCount: number;
  /** Locks of the store that were not free at once, and those that were slept for. */
  readonly lockWaitCount: number;
  readonly lockSleepCount: number;
  /** Times that the thread took what all segments share, and all segments. */
  readonly structureCount: number;
  readonly allSegmentsCount: number;
  /** Null = all threads execute commands of all keys. */
  readonly shard: ShardFigures | null;
}

/** Commands of a thread's connections: executed by itself, or given to the thread with the key. */
export interface ShardFigures {
  readonly ownCount: number;
  readonly foreignCount: number;
  readonly localReadCount: number;
  readonly localWriteCount: number;
  /** Commands of other threads' connections that it executed. */
  readonly servedCount: number;
  /** Times that it showed commands, or replies, to another thread, and woke one for it. */
  readonly publishCount: number;
  readonly replyPublishCount: number;
  readonly wakeCount: number;
  /** Commands, and replies, that found no room; commands that were not answered in time. */
  readonly fullCount: number;
  readonly stallCount: number;
  readonly timeoutCount: number;
}

export interface DatabaseFigures {
  readonly keyCount: number;
  readonly deadlineCount: number;
  /** Mean time to live of the keys with a deadline; 0 = not known, as in Redis. */
  readonly averageTtlMs: number;
}
