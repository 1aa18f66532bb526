// Looks for groups where the chain of them is broken. A group begins at a multiple of 8 in its
// file, and its header has a checksum with the directory's seed: what passes is a group.

import type { FileWindow } from "./file-window.ts";
import { GROUP_HEADER_SIZE, GROUP_MAGIC, type GroupHeader } from "./group.ts";
import { RECORD_ALIGNMENT } from "./record.ts";

/**
 * Reads the first sound header of a group at `offset`, a multiple of 8, or behind it into `header`;
 * where it is in the file, -1 = nowhere. Its records may be torn.
 */
export function findGroup(
  window: FileWindow,
  offset: number,
  header: GroupHeader,
  seed: number,
): number {
  let place = offset;
  while (place + GROUP_HEADER_SIZE <= window.size) {
    const begin = window.require(place, GROUP_HEADER_SIZE);
    const end = begin + window.countFrom(place) - GROUP_HEADER_SIZE;
    const { area } = window;
    for (let i = begin; i <= end; i += RECORD_ALIGNMENT) {
      if (area.view.getUint32(i, true) !== GROUP_MAGIC) continue;
      if (header.read(area, i, GROUP_MAGIC, seed) === "") return place + i - begin;
    }
    place += (Math.floor((end - begin) / RECORD_ALIGNMENT) + 1) * RECORD_ALIGNMENT;
  }
  return -1;
}

/** Whether the group whose header was found at `offset` is in the file as a whole. */
export function isWhole(
  window: FileWindow,
  offset: number,
  header: GroupHeader,
  seed: number,
): boolean {
  if (offset + header.size > window.size) return false;
  const begin = window.require(offset, header.size);
  return header.hasItsRecords(window.area, begin, seed);
}
