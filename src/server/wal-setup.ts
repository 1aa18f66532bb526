// What main thread, data threads and WAL threads share of a data directory.

import { createJoinedProducer } from "../wal/joined-producer.ts";
import { JournalShare } from "../wal/journal-share.ts";
import type { Meta } from "../wal/meta.ts";
import { createWalProducer } from "../wal/staged-producer.ts";
import { WalDoorbell } from "../wal/wal-control.ts";
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
  /** JournalShare's; null = there is one data thread. */
  readonly journalShare: SharedArrayBuffer | null;
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

/** A data thread's ends of the rings, and what it shares with the others. */
export function connectRings({ buffers, doorbells, journalShare }: WalSetup, threadIndex: number) {
  const bells = doorbells.map((buffer) => new WalDoorbell(buffer));
  const producers = buffers.map((buffer, partition) => {
    const bell = bells[partition % bells.length]!;
    return journalShare === null
      ? createWalProducer(buffer, bell, 0)
      : createJoinedProducer(buffer, bell);
  });
  const share = journalShare === null ? null : new JournalShare(journalShare, threadIndex);
  return { producers, share };
}

export const SNAPSHOT_CHUNK_COUNT = 2;
export const SNAPSHOT_CHUNK_SIZE = 1024 * 1024;
