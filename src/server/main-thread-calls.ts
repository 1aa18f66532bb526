// What a data thread asks of the main thread. In its Worker each is a message.

import type { Log } from "../lib/log.ts";

export interface MainThreadCalls {
  /** The store has come nearer to memory that is not committed. */
  readonly wantMemory?: () => void;
  /** A client has asked the server to stop. */
  readonly requestStop?: () => void;
  /**
   * A stopping thread has let its clients go; what follows takes as long as the data. Settles when
   * nobody else writes any more.
   */
  readonly closed?: () => Promise<void>;
  /** What it logs with; its own, to standard error, otherwise. */
  readonly log?: Log;
}
