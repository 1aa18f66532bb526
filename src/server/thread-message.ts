// The messages between the main thread and a data thread's Worker.

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
  readonly addresses: readonly ListenAddress[];
  readonly mailbox: SharedArrayBuffer;
  /** Null = nothing is made durable. */
  readonly wal: WalSetup | null;
}

/** Main to data thread: the log takes records, begin to serve. */
export interface LogStartedMessage {
  readonly kind: "log-started";
}

/** Main to data thread: look into the mailbox. */
export interface DoorbellMessage {
  readonly kind: "doorbell";
}

export type ToDataThread = StartMessage | DoorbellMessage | LogStartedMessage;

/** Data thread to main. */
export type FromDataThread =
  | {
      readonly kind: "ready";
      readonly addresses: readonly ListenAddress[];
      readonly engine: string;
      readonly engineReason: string;
      /** An eventfd that wakes the engine, -1 = it hears messages. */
      readonly doorbell: number;
    }
  /** `isRecovery`: what is in the data directory cannot be had, or not used. */
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
      readonly isRecovery: boolean;
    }
  /** The store has come nearer to memory that is not committed. */
  | { readonly kind: "want-memory" }
  /** The store is as the data directory says; the log is to go on there. */
  | {
      readonly kind: "recovered";
      readonly epoch: number;
      readonly position: number;
      readonly doorbell: number;
    }
  | SnapshotMessage
  /** A client has asked the server to stop. */
  | { readonly kind: "stop-requested" }
  /** It stops, and has let its clients go. */
  | { readonly kind: "closed" }
  /** `failure`: why writes were refused at last, "" = they were not. */
  | { readonly kind: "stopped"; readonly failure: string };
