// Goes through the entries that tables refer to, table by table in the order of the directory's
// places; a strong place leads into its own directory. Visitors may not change any table.

import { BANK_SHIFT, type Arena } from "./arena.ts";
import { SLOT_WORDS } from "./slot-table.ts";
import { LOG2_MASK, STRONG, tableBegin, type TableDirectories } from "./table-directory.ts";

/** False ends the walk. */
export type EntryVisitor = (reference: number) => boolean;

export class EntryWalk {
  readonly #arena: Arena;
  readonly #directories: TableDirectories;

  constructor(arena: Arena, directories: TableDirectories) {
    this.#arena = arena;
    this.#directories = directories;
  }

  /** Visits the tables at places `begin` to `end` of a directory. False when a visitor ended it. */
  run(directory: number, begin: number, end: number, visit: EntryVisitor): boolean {
    let place = begin;
    while (place < end) {
      const table = this.#directories.tableAt(directory, place);
      const count = this.#directories.countAt(directory, place);
      const isStrong = (table & STRONG) !== 0;
      const goesOn = isStrong
        ? this.run(count, 0, this.#directories.length(count), visit)
        : count === 0 || this.#visitTable(table, visit);
      if (!goesOn) return false;
      place += this.#directories.shareCountOf(directory, place);
    }
    return true;
  }

  #visitTable(table: number, visit: EntryVisitor): boolean {
    const words = this.#arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const end = begin + (SLOT_WORDS << (table & LOG2_MASK));
    for (let at = begin; at < end; at += SLOT_WORDS) {
      const reference = words[at + 1]!;
      if (reference !== 0 && !visit(reference)) return false;
    }
    return true;
  }
}
