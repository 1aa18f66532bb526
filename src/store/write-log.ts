// What a store tells of its writes, so that they can be made durable (src/wal/journal.ts), and what
// is asked before one. It is told after the write, when the entry is as it will stay; expiry is not
// told, because the deadline was. Keys that are gone come as offsets into the store's source.

export const VERDICT = {
  ALLOWED: 0,
  /** There is no room for what it would have to tell: later. */
  WAIT: 1,
  /** Nothing can be made durable any more. */
  FAILED: 2,
  /** There has been no room for so long that the write is to be refused. */
  REFUSED: 3,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

export interface WriteLog {
  /** Whether a command that writes may be executed. */
  verdict(): Verdict;
  /** An entry, of any database, has been written: value, deadline or both. */
  wrote(reference: number, hash: number): void;
  /** A key of the current database has been removed. */
  removed(keyOffset: number, keyLength: number, hash: number): void;
  /** All keys of a database, or of all without one, have been removed. */
  flushed(database: number | null): void;
  /** What is written until `endGroup` is recovered as a whole or not at all. */
  beginGroup(): void;
  endGroup(): void;
}
