// What the commands of src/redis see of the store: keys of sixteen databases, values as bytes,
// deadlines in milliseconds since the epoch.
//
// Keys and values cross here as copies. That costs a microsecond and makes the commands plain; what
// traffic consists of (GET, SET, MGET …) does not come this way.

export const DATABASE_COUNT = 16;
/** In place of a deadline: the key keeps the one it has. */
export const KEEP_DEADLINE = -1n;
/** The deadline of a key that never expires. */
export const NO_DEADLINE = 0n;

/** A value that lies in the store already and is not a key's yet: see parcel.ts. */
export interface Parcel {
  /** Bytes. */
  readonly length: number;
  /** A copy of them, for what is joined to another value. */
  bytes(): Buffer;
}

/** What can become a key's value. */
export type NewValue = Uint8Array | Parcel;

/** The value of a live key; it holds until the keyspace is next written. */
export interface StoredValue {
  /** Bytes. */
  readonly length: number;
  /** Milliseconds since the epoch, NO_DEADLINE = never. */
  readonly deadlineMs: bigint;
  /** Reference to its entry, for replies that send it from where it lies. */
  readonly reference: number;
  /** A copy of bytes `begin` to `end`; of all of them without arguments. */
  bytes(begin?: number, end?: number): Buffer;
}

/**
 * Notices that a watched key was written, deleted, flushed or expired; what another thread has done
 * to it with `meetWatched`.
 */
export interface Watcher {
  isDirty: boolean;
}

export interface Keyspace {
  /** Time of the turn in milliseconds since the epoch. */
  readonly nowMs: number;
  /** The value of a key, null = there is none or it has expired. */
  find(database: number, key: Uint8Array): StoredValue | null;
  /**
   * Sets key and value with a deadline, NO_DEADLINE or KEEP_DEADLINE. False when memory is full or
   * the value is longer than allowed; nothing has changed then.
   */
  set(database: number, key: Uint8Array, value: NewValue, deadlineMs: bigint): boolean;
  /**
   * Whether entries whose keys and values (parcels apart) have so many bytes together are sure to
   * be taken: for commands that set several keys or none.
   */
  hasRoomFor(count: number, bytes: number): boolean;
  /**
   * Writes over the value of a key that is there from `position` on; it grows when it ends before,
   * with zeros in between if need be, and keeps its deadline. False when memory is full; nothing
   * has changed then. Of a long value nothing but these bytes is touched.
   */
  overwrite(database: number, key: Uint8Array, position: number, bytes: Uint8Array): boolean;
  /** Gives a key that is there another deadline, or none. False when memory is full. */
  setDeadline(database: number, key: Uint8Array, deadlineMs: bigint): boolean;
  /** False when there was no such key. */
  delete(database: number, key: Uint8Array): boolean;
  /**
   * Copies value and deadline to another key, replacing it; the source must be there. False when
   * memory is full.
   */
  copy(from: number, key: Uint8Array, to: number, newKey: Uint8Array): boolean;
  /** The same, and the source is gone afterwards. The keys must differ. */
  move(from: number, key: Uint8Array, to: number, newKey: Uint8Array): boolean;
  /** Keys of a database, expired ones that nobody has met yet included. */
  count(database: number): number;
  /** Keys of a database that have a deadline. */
  deadlineCount(database: number): number;
  /**
   * Visits about `count` live keys of a database, going on at `cursor` (0 = from the start), and
   * answers the next cursor, 0 = all have been visited. Every key that is there from the first call
   * to the last is visited at least once, however the tables grow or shrink meanwhile. Cursors are
   * integers below 2^48. `visit` may not change the keyspace.
   */
  scan(database: number, cursor: number, count: number, visit: (key: Buffer) => void): number;
  /** A random live key, null = the database is empty. */
  randomKey(database: number): Buffer | null;
  /** Removes every key of a database, or of all without one. */
  flush(database?: number): void;
  /** Bytes of memory that a key takes with everything, 0 = there is no such key. */
  memoryBytes(database: number, key: Uint8Array): number;
  /** Has `watcher` noticed about a key, until `unwatch`. False when too many are watched. */
  watch(database: number, key: Uint8Array, watcher: Watcher): boolean;
  /** Meets the keys that a watcher watches, so that it notices everything: before EXEC. */
  meetWatched(watcher: Watcher): void;
  /** Ends all watches of a watcher. */
  unwatch(watcher: Watcher): void;
}
