// The messages between the main thread and a WAL thread's Worker.
//
// A WAL thread steps or sleeps on its doorbell, and hears no messages then: whoever posts one calls
// WalDoorbell.call first, once for each.

import type { WalPartition, WalWriterOptions } from "../wal/wal-writer.ts";

/** Main to WAL thread, once, before anything else. */
export interface WalStartMessage {
  readonly kind: "start";
  /** The data directory, which the main thread has locked. */
  readonly directory: string;
  readonly partitions: readonly WalPartition[];
  readonly options: WalWriterOptions;
  /** Of a WalDoorbell. */
  readonly doorbell: SharedArrayBuffer;
  /** Eventfds that wake the data threads; none = `progress` messages instead. */
  readonly ringDescriptors: readonly number[];
}

export type ToWalThread =
  | WalStartMessage
  /** Begins an epoch with new files, at the position where the producers were (re)started. */
  | {
      readonly kind: "start-epoch";
      readonly epoch: number;
      readonly position: number;
      readonly isAfterFailure: boolean;
    }
  /** Writes and syncs what there is, closes the files and leaves the rings alone. */
  | { readonly kind: "end-epoch" };

/** WAL thread to main: an answer to each message, and in between. */
export type FromWalThread =
  | { readonly kind: "started" }
  | { readonly kind: "epoch-started"; readonly epoch: number }
  | { readonly kind: "epoch-failed"; readonly code: string; readonly message: string }
  /** `failure` says what a partition has met, "" = everything is written and synced. */
  | { readonly kind: "epoch-ended"; readonly failure: string }
  /** Something has been published that a data thread waits for. */
  | { readonly kind: "progress" }
  /** A partition has failed; the rings say which, and nothing more is written there. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
