// Replays one epoch: all its partitions, each in its own order. Partitions know nothing of each
// other, but for transaction groups: a partition that has come to a member of a group waits behind
// it until the group is whole.
//
//   partition 0   SET SET (7: 1 of 2) ‖ SET …          ‖ waits for the other member of group 7
//   partition 1   SET (7: 2 of 2) SET SET …
//
// So what a group does comes after everything before it and before everything behind it in all its
// partitions, and few groups are open at a time. FLUSH, which concerns the keys of all partitions,
// is a group with a member in each: all of them wait at it.
//
// Groups are appended whole and one after another, with ids that grow. When all partitions wait or
// have ended, the open group with the least id cannot become whole: a crash has taken the rest of
// it. It is dropped, and so is what is behind it in the partitions that have members of it: a
// record says what came of a write, and what comes of one write may show what the group did to
// another key (an INCR behind a MULTI with an INCR). Nothing of that was acknowledged. Where damage
// is passed over, it and not a crash may have taken a member: those who wait for the group go on
// then.
//
// One reader is independent of the other until its records are applied. They are read in this
// thread all the same: docs/DURABILITY.md, Recovery, says why.

import { assert } from "../lib/assert.ts";
import { GroupAssembly, type Change } from "./group-assembly.ts";
import { RECORD_KIND } from "./record.ts";
import { RECORD_STEP } from "./record-reader.ts";
import { RecoveryError } from "./recovery-error.ts";
import type { StoreReplay } from "./store-replay.ts";
import type { WalFault, WalReader } from "./wal-reader.ts";

export interface PartitionSource {
  readonly partition: number;
  readonly reader: WalReader;
  /** Records before it are in the snapshot; 0 = there is none. */
  readonly fromPosition: number;
}

export interface EpochReplayOptions {
  readonly replay: StoreReplay;
  /** By what the epoch's files say. */
  readonly partitionCount: number;
  /** Something is known to be lost, and passed over. */
  readonly isDamaged: boolean;
  /** Called when a reader has stopped at a fault: true = it is to go on, behind it. */
  readonly onFault: (source: PartitionSource, fault: WalFault) => boolean;
  /** Called when a sound record makes no sense; when it does not throw, the record is left out. */
  readonly onNonsense: (error: RecoveryError) => void;
  /** Called after every group of a WAL file, with the bytes of its records. */
  readonly onGroup: (bytes: number) => void;
}

interface Cursor {
  readonly source: PartitionSource;
  /** The reader is at a record that has not been replayed. */
  isAtRecord: boolean;
  /** The group that a member was met of last; what comes behind it waits for it. */
  groupId: number | null;
  /** That group was dropped: what is left is read, and not replayed. */
  isCut: boolean;
  hasEnded: boolean;
}

export class EpochReplay {
  /** Groups that were dropped because members are missing. */
  droppedCount = 0;
  /** Records that were behind them. */
  droppedRecordCount = 0;
  #isDamaged: boolean;
  readonly #options: EpochReplayOptions;
  readonly #groups: GroupAssembly;
  readonly #cursors: readonly Cursor[];

  constructor(sources: readonly PartitionSource[], options: EpochReplayOptions) {
    this.#options = options;
    this.#isDamaged = options.isDamaged;
    this.#groups = new GroupAssembly(options.replay);
    this.#cursors = sources.map((source) => {
      return { source, isAtRecord: false, groupId: null, isCut: false, hasEnded: false };
    });
  }

  run(): void {
    try {
      while (this.#cursors.some(({ hasEnded }) => !hasEnded)) {
        let hasAdvanced = false;
        for (const cursor of this.#cursors) hasAdvanced = this.#advance(cursor) || hasAdvanced;
        if (!hasAdvanced) this.#dropFirst();
      }
      this.#options.replay.settle();
    } finally {
      while (this.#groups.openIds.length > 0) this.#dropFirst();
    }
  }

  /** Replays until the partition waits or ends; whether there was anything. */
  #advance(cursor: Cursor): boolean {
    let hasAdvanced = false;
    while (!cursor.hasEnded) {
      if (!cursor.isAtRecord && !this.#findRecord(cursor)) return true;
      if (this.#isWaiting(cursor)) return hasAdvanced;
      if (cursor.isCut) this.droppedRecordCount++;
      else this.#replayRecord(cursor);
      cursor.isAtRecord = false;
      hasAdvanced = true;
    }
    return hasAdvanced;
  }

  /** Goes to the partition's next record; false at its end. */
  #findRecord(cursor: Cursor): boolean {
    const { reader, fromPosition } = cursor.source;
    for (;;) {
      while (reader.records.next() === RECORD_STEP.RECORD) {
        if (reader.recordPosition < fromPosition) continue;
        cursor.isAtRecord = true;
        return true;
      }
      if (!this.#findGroup(cursor)) {
        cursor.hasEnded = true;
        return false;
      }
    }
  }

  #findGroup({ source }: Cursor): boolean {
    const { reader } = source;
    // Rows of the batch are copies: the reader may overwrite what it has read.
    while (!reader.next()) {
      if (reader.fault === null || !this.#options.onFault(source, reader.fault)) return false;
      this.#isDamaged = true;
    }
    this.#options.onGroup(reader.group.recordsSize);
    return true;
  }

  #isWaiting({ source, groupId }: Cursor): boolean {
    if (groupId === null || !this.#groups.isOpen(groupId)) return false;
    const { records } = source.reader;
    return !records.isMember || records.groupId !== groupId;
  }

  #replayRecord(cursor: Cursor): void {
    const { source } = cursor;
    const { records } = source.reader;
    const { replay, partitionCount } = this.#options;
    if (records.isMember) {
      this.#replayMember(cursor);
      return;
    }
    cursor.groupId = null;
    const { kind, database } = records;
    // One part may be all there is: a value in pieces because of its key.
    const isWholePart = kind === RECORD_KIND.PART && records.valueLength === records.wholeLength;
    if (kind === RECORD_KIND.SET || kind === RECORD_KIND.DELETE || isWholePart) replay.add(records);
    else if (kind === RECORD_KIND.PART) this.#report(source, "a part of a value is in no group");
    else if (partitionCount > 1) this.#report(source, "a flush is not in all partitions");
    else replay.flush(kind === RECORD_KIND.FLUSH ? database : null);
  }

  #replayMember(cursor: Cursor): void {
    const { source } = cursor;
    const { records } = source.reader;
    cursor.groupId = records.groupId;
    const changes = this.#groups.add(source.partition, records);
    if (changes === null) return;
    if (typeof changes === "string") {
      this.#report(source, changes);
      return;
    }
    const isFlushing = changes.some(isFlush);
    if (isFlushing && countPartitions(changes) !== this.#options.partitionCount) {
      this.#report(source, "a flush is not in all partitions");
    }
    for (const change of changes) this.#options.replay.apply(change);
  }

  #dropFirst(): void {
    const { openIds } = this.#groups;
    assert(openIds.length > 0, "whoever waits, waits for a group");
    const dropped = Math.min(...openIds);
    this.#groups.drop(dropped);
    this.droppedCount++;
    if (this.#isDamaged) return;
    for (const cursor of this.#cursors) {
      if (cursor.groupId === dropped) cursor.isCut = true;
    }
  }

  #report({ reader }: PartitionSource, reason: string): void {
    const { fileName, groupOffset, recordPosition } = reader;
    const text = `${reason} (position ${recordPosition})`;
    this.#isDamaged = true;
    this.#options.onNonsense(new RecoveryError(fileName, groupOffset, text));
  }
}

function isFlush({ kind }: Change): boolean {
  return kind === RECORD_KIND.FLUSH || kind === RECORD_KIND.FLUSH_ALL;
}

function countPartitions(changes: readonly Change[]): number {
  return new Set(changes.map(({ partition }) => partition)).size;
}
