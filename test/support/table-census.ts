// Reads all slot tables of a store from its shared memory, checks what must always hold of them and
// says what they look like. It looks behind the store's back on purpose: what it finds is not what
// the store's own counters say.

import { expect } from "bun:test";
import { BANK_SHIFT, type Arena } from "../../src/store/arena.ts";
import type { ControlLayout } from "../../src/store/control-memory.ts";
import { maskOf, PROBE_LENGTH_MAX, SLOT_SIZE, SLOT_WORDS } from "../../src/store/slot-table.ts";
import {
  LOG2_MASK,
  STRONG,
  tableBegin,
  TableDirectories,
} from "../../src/store/table-directory.ts";

export interface Census {
  readonly entryCount: number;
  readonly tableCount: number;
  readonly tableBytes: number;
  /** Places of the main directory that lead to a directory of their own. */
  readonly strongCount: number;
  /** Tables that strong directories hold. */
  readonly strongTableCount: number;
  readonly directoryBits: number;
  /** Slots looked at to find the entry that lies furthest from home. */
  readonly probeLengthMax: number;
}

export function takeCensus(arena: Arena, control: Int32Array, layout: ControlLayout): Census {
  const directories = new TableDirectories(control, layout);
  const census = {
    entryCount: 0,
    tableCount: 0,
    tableBytes: 0,
    strongCount: 0,
    strongTableCount: 0,
    directoryBits: directories.bits(directories.main),
    probeLengthMax: 0,
  };
  visit(directories.main, false);
  return census;

  function visit(directory: number, isStrong: boolean): void {
    const length = directories.length(directory);
    for (let place = 0; place < length; place += directories.shareCountOf(directory, place)) {
      const table = directories.tableAt(directory, place);
      if ((table & STRONG) !== 0) {
        census.strongCount++;
        visit(directories.countAt(directory, place), true);
      } else if (table !== 0) {
        const count = countEntries(table, directory, place);
        expect(count, "entries of a table").toBe(directories.countAt(directory, place));
        census.entryCount += count;
        census.tableCount++;
        census.tableBytes += SLOT_SIZE << (table & LOG2_MASK);
        if (isStrong) census.strongTableCount++;
      }
    }
  }

  function countEntries(table: number, directory: number, place: number): number {
    const words = arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const mask = maskOf(table & LOG2_MASK);
    const first = directories.firstPlaceOf(directory, place);
    let count = 0;
    for (let slot = 0; slot <= mask; slot += SLOT_WORDS) {
      if (words[begin + slot + 1] === 0) continue;
      count++;
      const hash = words[begin + slot]!;
      const home = (hash << 1) & mask;
      const leadsHere = directories.placeOf(directory, hash);
      if (directories.firstPlaceOf(directory, leadsHere) !== first) {
        throw new Error("an entry lies in a table that its hash does not lead to");
      }
      for (let at = home; at !== slot; at = (at + SLOT_WORDS) & mask) {
        if (words[begin + at + 1] === 0) throw new Error("a probe meets a free slot on its way");
      }
      const probeLength = ((slot - home) & mask) / SLOT_WORDS + 1;
      if (probeLength > PROBE_LENGTH_MAX) throw new Error("an entry lies out of reach");
      census.probeLengthMax = Math.max(census.probeLengthMax, probeLength);
    }
    return count;
  }
}
