// The pins of all threads (pins.ts), in control memory. A slot of the table (shared-table.ts) is
//
//   | reference | 0 | pins | 1 = unlinked meanwhile |
//
// It never gets full. What is pinned because it is sent has 16 KiB of the arena for itself, which
// makes eight a page at most, and keeps them until it is sent. What is pinned because its record
// waits (wal/journal-backlog.ts) belongs to one command, of a million arguments at most, or to one
// transaction, whose queue counts 64 bytes for each argument and has 64 MiB: a key that comes with
// a value makes half a million either way, and while they wait nothing else is written. The table
// has room for both (control-memory.ts).

import { assert } from "../lib/assert.ts";
import { PIN_END, type PinEnd, type PinTable } from "./pin-table.ts";
import { COUNT, SharedTable, VALUE, type SharedMemory } from "./shared-table.ts";

export class SharedPins implements PinTable {
  readonly #control: Int32Array;
  readonly #table: SharedTable;

  constructor(shared: SharedMemory) {
    this.#control = shared.control;
    this.#table = new SharedTable(shared, shared.layout.pins);
  }

  get count(): number {
    return this.#table.count;
  }

  has(reference: number): boolean {
    return this.#table.find(reference, 0) >= 0;
  }

  add(reference: number): number {
    const at = this.#table.find(reference, 0);
    if (at >= 0) return ++this.#control[at + COUNT]!;
    assert(this.#table.add(reference, 0) >= 0, "so many entries are never pinned at once");
    return 1;
  }

  orphan(reference: number): boolean {
    const at = this.#table.find(reference, 0);
    if (at < 0) return false;
    this.#control[at + VALUE] = 1;
    return true;
  }

  remove(reference: number): PinEnd {
    const at = this.#table.find(reference, 0);
    if (at < 0) return PIN_END.UNKNOWN;
    const left = this.#control[at + COUNT]! - 1;
    if (left > 0) {
      this.#control[at + COUNT] = left;
      return PIN_END.OTHERS_LEFT;
    }
    const isOrphan = this.#control[at + VALUE] === 1;
    this.#table.remove(at);
    return isOrphan ? PIN_END.LAST_OF_ORPHAN : PIN_END.LAST;
  }
}
