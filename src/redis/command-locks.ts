// The locks that a command of the ordinary way is executed under when several threads share the
// store (src/store/store-locks.ts): the structure in any case, and the segments of its keys.
//
//   a command with keys                               their segments, in ascending order
//   EXEC, FLUSHALL, SCAN and others without any       all segments, where they touch keys
//   what is queued for EXEC                           nothing: it touches no key yet

import type { Store } from "../store/store.ts";
import type { StoreLocks } from "../store/store-locks.ts";
import type { Client } from "./client.ts";
import type { CommandTable } from "./command-table.ts";

/** More keys than this take all segments. */
const KEY_COUNT_MAX = 64;

/**
 * Names of commands that touch keys which their arguments do not name, or not in their database.
 */
const TOUCHES_ALL: ReadonlySet<string> = new Set([
  "copy",
  "dbsize",
  "debug",
  "exec",
  "flushall",
  "flushdb",
  "keys",
  "randomkey",
  "scan",
  "swapdb",
]);

/** Commands that are executed although the client is queueing. */
const ENDS_QUEUE: ReadonlySet<string> = new Set(["discard", "exec", "quit", "reset"]);

export class CommandLocks {
  readonly #store: Store;
  readonly #locks: StoreLocks;
  readonly #commands: CommandTable;
  readonly #hashes = new Int32Array(KEY_COUNT_MAX);

  constructor(store: Store, locks: StoreLocks, commands: CommandTable) {
    this.#store = store;
    this.#locks = locks;
    this.#commands = commands;
  }

  /** Takes what the command needs; each call needs a `leave`. */
  enter(client: Client, args: readonly Buffer[]): void {
    const locks = this.#locks;
    locks.enter();
    const row = this.#commands.resolve(args);
    if (row === null) return;
    const name = row.fullName.split("|")[0]!;
    if (client.queue !== null && !ENDS_QUEUE.has(name)) return;
    if (TOUCHES_ALL.has(name)) return locks.alsoAll();
    const indexes = this.#commands.hasArity(row, args) ? this.#commands.keysOf(row, args) : [];
    // DURABLE executes a command that it is given.
    if (row.flags.has("movablekeys") && indexes.length === 0) return locks.alsoAll();
    if (indexes.length > KEY_COUNT_MAX) return locks.alsoAll();
    let count = 0;
    for (const index of indexes) {
      const key = args[index];
      if (key !== undefined) this.#hashes[count++] = this.#hashOf(key, client.database);
    }
    if (count === 0) return;
    locks.enterKeys(this.#hashes, 0, count);
    locks.leave();
  }

  leave(): void {
    this.#locks.leave();
  }

  #hashOf(key: Buffer, database: number): number {
    const store = this.#store;
    store.database = database;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const hash = store.segments.hashOf(view, 0, key.length);
    store.database = 0;
    return hash;
  }
}
