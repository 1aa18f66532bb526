// What main thread, data thread and WAL threads share of a data directory.

import type { Meta } from "../wal/meta.ts";
import type { SyncPolicy } from "../wal/wal-writer.ts";

/** Main to data thread, with its start. */
export interface WalSetup {
  /** The directory, which the main thread has locked. */
  readonly path: string;
  readonly meta: Meta;
  readonly policy: SyncPolicy;
  /**
   * Rings (`reserveWalBuffer`) by partition; doorbells by WAL thread: partition modulo their
   * number.
   */
  readonly buffers: readonly SharedArrayBuffer[];
  readonly doorbells: readonly SharedArrayBuffer[];
  readonly timeoutMs: number;
  readonly isBestEffort: boolean;
  /** SnapshotControl's, and the chunks that snapshots go through. */
  readonly snapshotControl: SharedArrayBuffer;
  readonly snapshotChunks: readonly SharedArrayBuffer[];
  /** 0 = never. */
  readonly snapshotIntervalMs: number;
  /** Bytes of records since the last snapshot, 0 = never. */
  readonly snapshotWalBytes: number;
}

export const SNAPSHOT_CHUNK_COUNT = 2;
export const SNAPSHOT_CHUNK_SIZE = 1024 * 1024;
