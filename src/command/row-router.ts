// What the executor asks about each row when the keys are divided among threads (docs/THREADS.md);
// src/shard/shard-rows.ts answers. With one thread, or with shared keys, nobody is asked.

export const ROUTE = {
  /** Another thread executes it. */
  SENT: -1,
  /** It has to wait, and its connection with it. */
  WAITS: -2,
} as const;

export interface RowRouter {
  /** Whether other threads take the locks of this one's keys, too. */
  readonly sharesLocks: boolean;
  /** Looks at the whole batch, before what it needs of the store is touched. */
  mark(count: number): void;
  /** The connection whose send window the row's reply goes to, or one of ROUTE. */
  route(row: number, connection: number): number;
  /** Whether the row just routed is to be executed on the short way, or else by its owner. */
  isAttempt(row: number): boolean;
  /** There was no short way: sends the row; one of ROUTE. */
  pass(row: number, connection: number): number;
  /** The row is executed, its reply written; false = it has to be executed again, later. */
  executed(connection: number, target: number): boolean;
}
