// What the shards of a thread ask of its pipeline.

export interface ShardHost {
  /** Decodes what the connection's window holds; rows may be left in the batch. */
  decode(connection: number): void;
  /** Executes the batch if it has rows of the connection. */
  release(connection: number): void;
  /** Has the connection flushed and settled at the end of the turn. */
  touch(connection: number): void;
  /** A connection that was PARKED goes on. */
  unpark(connection: number): void;
  /** Has a turn end soon even if nothing arrives. */
  requestTurn(): void;
}
