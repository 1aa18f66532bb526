// One call of a command on the ordinary path: what a handler gets.

import type { Client, QueuedCommand } from "./client.ts";
import type { Keyspace, NewValue } from "./keyspace.ts";
import type { Reply } from "./reply.ts";
import type { RedisServer } from "./redis-server.ts";

export interface Call {
  /** The command's name as it was sent, and its arguments. */
  readonly args: readonly Buffer[];
  readonly client: Client;
  readonly keys: Keyspace;
  readonly reply: Reply;
  readonly server: RedisServer;
  /**
   * An argument that becomes a value. A long one may have been received right into the store, and
   * its place in `args` is empty then: handlers ask for values here only.
   */
  value(index: number): NewValue;
  /** Executes a command that was queued since MULTI, its reply following in `reply`: for EXEC. */
  execute(command: QueuedCommand): void;
  /**
   * Executes the arguments from `index` on as a command by itself, its reply following in `reply`.
   * What may not be executed, or not be queued by MULTI, is answered with an error.
   */
  executeRest(index: number): void;
}

/**
 * Executes a command and writes exactly one reply. Arity, login and MULTI are checked before. SAVE
 * alone may leave its client waiting, without a reply: it is executed again.
 */
export type Handler = (call: Call) => void;

/** Handlers by name in lower case; of a command with subcommands: `client|list`. */
export type HandlerTable = Readonly<Record<string, Handler>>;
