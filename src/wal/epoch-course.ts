// Whether the snapshots of a directory and the epochs of its WAL make a whole: what no file, and no
// epoch, can say alone. Stands between the check of a directory and what it has read; recovery.ts
// refuses a start for the same.
//
//   snapshot ─▶ its epoch of the WAL ─▶ the next, which begins EPOCH_GAP behind the end of it ─▶ …

import type { SnapshotPlace } from "./data-directory.ts";
import type { EpochFiles } from "./epoch-files.ts";
import { formatSnapshotName } from "./file-names.ts";
import { EPOCH_GAP } from "./recovery.ts";

export interface CheckedEpoch {
  readonly files: EpochFiles;
  /** The largest position that a partition ends with; 0 where nothing is known. */
  readonly end: number;
}

/** What is missing; `places` are those of sound snapshots, the newest first. */
export function findGaps(
  places: readonly SnapshotPlace[],
  epochs: readonly CheckedEpoch[],
): string[] {
  const [newest] = places;
  const gaps = places.flatMap((place) => describeBegin(place, epochs) ?? []);
  const begin = epochs[0]?.files.epoch ?? 1;
  if (newest === undefined && begin !== 1) {
    gaps.push(`there is no sound snapshot, and the WAL begins with epoch ${begin}`);
  }
  const replayed = epochs.filter(({ files }) => files.epoch >= (newest?.epoch ?? 0));
  let end = Math.max(0, ...(newest?.positions ?? []));
  for (const [i, epoch] of replayed.entries()) {
    const before = replayed[i - 1];
    if (before !== undefined) gaps.push(...describeGap(before.files, epoch.files, end + EPOCH_GAP));
    end = Math.max(end, epoch.end);
  }
  return gaps;
}

/** Why the WAL cannot be replayed over a snapshot, null = it can. */
function describeBegin(place: SnapshotPlace, epochs: readonly CheckedEpoch[]): string | null {
  const name = formatSnapshotName(place.number);
  const epoch = epochs.find(({ files }) => files.epoch === place.epoch);
  if (epoch === undefined) {
    return `${name}: the WAL of epoch ${place.epoch}, which it needs, is missing`;
  }
  const { partitionCount } = epoch.files;
  const { length } = place.positions;
  if (partitionCount === length) return null;
  return `${name}: it has ${length} partitions, and its WAL ${partitionCount}`;
}

function describeGap(before: EpochFiles, files: EpochFiles, due: number): string[] {
  const { epoch, startPosition, isAfterFailure, hasGroups } = files;
  const gaps: string[] = [];
  if (epoch !== before.epoch + 1 && !isAfterFailure) {
    gaps.push(`the WAL of epoch ${before.epoch + 1} is missing`);
  }
  if (startPosition === null || startPosition === due) return gaps;
  if (!isAfterFailure || startPosition < due) {
    gaps.push(`epoch ${epoch} begins at position ${startPosition}, but ${due} is due`);
  } else if (hasGroups) {
    gaps.push(`the log had failed before epoch ${epoch}: only a snapshot has what was lost`);
  }
  return gaps;
}
