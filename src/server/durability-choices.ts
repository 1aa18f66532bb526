// What connections want their replies to promise where that is not what the server's do: chosen
// until they choose again, or demanded of a single reply.
//
// What promises more holds at once; what promises less does too unless the connection has replies
// that were asked for under the promise before it. Then it holds from the end of the turn on.

import type { SendWindows } from "../batch/send-windows.ts";
import type { CommitGate } from "./commit-gate.ts";
import {
  DURABILITY,
  type ConnectionTable,
  type DurabilityOfConnection,
} from "./connection-table.ts";

export interface DurabilityChoiceParts {
  readonly connections: Pick<ConnectionTable, "durabilities">;
  readonly gate: Pick<CommitGate, "isStrict" | "strictCount">;
  readonly sends: Pick<SendWindows, "maySendEarly" | "unsentBytes">;
}

export class DurabilityChoices {
  readonly #parts: DurabilityChoiceParts;
  /** By connection: what its replies promise when the turn has ended. */
  #later = new Map<number, DurabilityOfConnection>();

  constructor(parts: DurabilityChoiceParts) {
    this.#parts = parts;
  }

  /** For all replies to come. */
  choose(connection: number, chosen: DurabilityOfConnection): void {
    this.#later.delete(connection);
    const hasReplies = this.#parts.sends.unsentBytes(connection) > 0;
    if (chosen === DURABILITY.STRICT || !hasReplies) this.#set(connection, chosen);
    else this.#later.set(connection, chosen);
  }

  /** The replies of this turn wait until they are on disk, whatever the connection has chosen. */
  demand(connection: number): void {
    const before = this.#of(connection);
    if (before === DURABILITY.STRICT) return;
    if (!this.#later.has(connection)) this.#later.set(connection, before);
    this.#set(connection, DURABILITY.STRICT);
  }

  /** The turn's replies have left, or are held. */
  endTurn(): void {
    if (this.#later.size === 0) return;
    for (const [connection, chosen] of this.#later) this.#set(connection, chosen);
    // Not cleared: see TouchedKeys in src/wal/touched-keys.ts.
    this.#later = new Map();
  }

  /** The connection has gone, and its number may soon be another's. */
  forget(connection: number): void {
    this.#later.delete(connection);
    this.#set(connection, DURABILITY.OF_SERVER);
  }

  #set(connection: number, chosen: DurabilityOfConnection): void {
    const { connections, gate, sends } = this.#parts;
    if (this.#of(connection) === DURABILITY.STRICT) gate.strictCount--;
    if (chosen === DURABILITY.STRICT) gate.strictCount++;
    connections.durabilities[connection] = chosen;
    sends.maySendEarly = !gate.isStrict;
  }

  #of(connection: number): DurabilityOfConnection {
    return this.#parts.connections.durabilities[connection] as DurabilityOfConnection;
  }
}
