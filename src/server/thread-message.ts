// The messages between the main thread and a data thread's Worker.

import type { IoChoice } from "../lib/io-choice.ts";
import type { ListenAddress } from "../net/engine.ts";
import type { DataThreadOptions } from "./data-thread.ts";

/** Main to data thread, once, before anything else. Later requests go through the mailbox. */
export interface StartMessage {
  readonly kind: "start";
  readonly io: IoChoice;
  readonly options: DataThreadOptions;
  readonly addresses: readonly ListenAddress[];
  readonly mailbox: SharedArrayBuffer;
}

/** Main to data thread: look into the mailbox. */
export interface DoorbellMessage {
  readonly kind: "doorbell";
}

export type ToDataThread = StartMessage | DoorbellMessage;

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
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  /** The store has come nearer to memory that is not committed. */
  | { readonly kind: "want-memory" }
  /** A client has asked the server to stop. */
  | { readonly kind: "stop-requested" }
  | { readonly kind: "stopped" };
