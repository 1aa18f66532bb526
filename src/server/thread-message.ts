// The messages between the main thread and a data thread's Worker.
//
//   main                          data thread
//   start         ─────────────▶  makes its engine; thread 0 brings back what the disk has
//                 ◀─────────────  prepared
//   listen        ─────────────▶  the log takes records; binds, and serves
//                 ◀─────────────  ready
//                      …
//   (mailbox)     ─────────────▶  stops
//                 ◀─────────────  closed
//   others-stopped ────────────▶  to thread 0, when there are others: makes the last snapshot
//                 ◀─────────────  stopped

import type { IoChoice } from "../lib/io-choice.ts";
import type { ListenAddress } from "../net/engine.ts";
import type { SnapshotMessage } from "./snapshot-job.ts";
import type { WalSetup } from "./wal-setup.ts";
import type { DataThreadOptions } from "./data-thread.ts";

/** Main to data thread, once, before anything else. Later requests go through the mailbox. */
export interface StartMessage {
  readonly kind: "start";
  readonly io: IoChoice;
  readonly options: DataThreadOptions;
  readonly mailbox: SharedArrayBuffer;
  /** Null = nothing is made durable. */
  readonly wal: WalSetup | null;
}

/** Where the log goes on after what was recovered. */
export interface LogBeginning {
  readonly epoch: number;
  readonly position: number;
}

/** Main to data thread: the log takes records, begin to serve. */
export interface ListenMessage {
  readonly kind: "listen";
  readonly addresses: readonly ListenAddress[];
}

/** Main to thread 0, which stops: nobody else writes any more. */
export interface OthersStoppedMessage {
  readonly kind: "others-stopped";
}

/** Main to data thread: look into the mailbox. */
export interface DoorbellMessage {
  readonly kind: "doorbell";
}

export type ToDataThread = StartMessage | ListenMessage | DoorbellMessage | OthersStoppedMessage;

/** The store is as the data directory says, and the engine is there. */
export interface PreparedMessage {
  readonly kind: "prepared";
  /** An eventfd that wakes the engine, -1 = it hears messages. */
  readonly doorbell: number;
  /** Of thread 0, when there is a data directory. */
  readonly log: LogBeginning | null;
}

export interface ReadyMessage {
  readonly kind: "ready";
  readonly addresses: readonly ListenAddress[];
  readonly engine: string;
  readonly engineReason: string;
}

/** `isRecovery`: what is in the data directory cannot be had, or not used. */
export interface FailedMessage {
  readonly kind: "failed";
  readonly code: string;
  readonly message: string;
  readonly isRecovery: boolean;
}

/** Data thread to main. */
export type FromDataThread =
  | PreparedMessage
  | ReadyMessage
  | FailedMessage
  /** The store has come nearer to memory that is not committed. */
  | { readonly kind: "want-memory" }
  | SnapshotMessage
  /** A client has asked the server to stop. */
  | { readonly kind: "stop-requested" }
  /** It stops, and has let its clients go. */
  | { readonly kind: "closed" }
  /** `failure`: why writes were refused at last, "" = they were not. */
  | { readonly kind: "stopped"; readonly failure: string };
