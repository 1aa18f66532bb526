// The data thread's side of the WAL: takes what the store tells of its writes, makes records of it,
// and puts them into the rings of their partitions.
//
//   Store ─▶ wrote, removed, flushed ─▶ a record at once                        a single write
//                                    ─▶ named until the command ends ─▶ a group   within beginGroup
//
// A command is only begun when the verdict allows it: there is room for the largest record of one
// key, and nothing of an earlier command waits. What does not fit all the same (a long value, a
// MULTI of thousands) waits in the *backlog*, its entries pinned, and goes on as the rings give
// room: until then nobody else may write, so that everything stays in order.
//
// A group's records carry its id and their number, which is known only at its end. So what it has
// touched is noted by key, and at the end each key's state is what is recorded: once, however often
// it was written.
//
// Several threads each have a journal over the same rings (journal-share.ts). Then
//
//   - a verdict is asked under the locks under which the write is executed and recorded, and only
//     allows it when there is room for a record of every thread: others may be between their
//     verdict and their record. That is a promise of room for one record; whatever is recorded
//     beyond it leaves room for what the others have been promised;
//   - while anybody's backlog waits, nobody's verdict allows anything;
//   - a thread whose epoch is not that of the others is told that the log has failed, until it
//     follows (`joinEpoch`).
//
// Partition of a key: its segment, the top bits of its hash, modulo the number of partitions.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, wordIndexOf } from "../store/arena.ts";
import { FLAG_DEADLINE, KEY_LENGTH_MAX, KEY_LENGTH_MASK } from "../store/entry.ts";
import { databaseOf } from "../store/database.ts";
import { BLOCK_SIZE_MAX } from "../store/size-class.ts";
import type { Store } from "../store/store.ts";
import { VERDICT, type Verdict, type WriteLog } from "../store/write-log.ts";
import { JournalBacklog, type GroupKey } from "./journal-backlog.ts";
import type { JournalShare } from "./journal-share.ts";
import { RECORD_KIND, payloadOffset, recordSize, writeRecordHeader } from "./record.ts";
import { TouchedKeys, type TouchedKey } from "./touched-keys.ts";
import type { WalProducer } from "./wal-buffer.ts";
import { failureOf } from "./wal-control.ts";

/** The largest record of one key whose value lies in a block. */
export const RECORD_ROOM = BLOCK_SIZE_MAX + KEY_LENGTH_MAX + 1024;

/** A ring has room for so many of them for each thread: some are written, others come. */
const ROOM_PER_THREAD = 2;

const SEGMENT_HASH_BITS = 32;

/** Bytes of a ring, a power of two: `wanted` at least, and what that many threads need. */
export function ringSizeFor(wanted: number, threadCount: number): number {
  const needed = threadCount * ROOM_PER_THREAD * RECORD_ROOM;
  return 2 ** Math.ceil(Math.log2(Math.max(wanted, needed)));
}

export interface Journal extends WriteLog {
  readonly producers: readonly WalProducer[];
  /** Null = there is one thread. */
  readonly share: JournalShare | null;
  /** Writes of this thread are refused instead of made to wait. */
  isRefusing: boolean;
  /**
   * 0, or the failure after which nothing is logged until a snapshot has taken the place of what
   * is lost.
   */
  suspendedBy: number;
  readonly isSuspended: boolean;
  /** 0, or why no write can be made durable any more (`failureName`). */
  failure(): number;
  /** Another thread has begun an epoch since this one began or followed. */
  isBehind(): boolean;
  /** Goes on with the backlog and shows all records to the WAL threads. */
  publish(): void;
  /**
   * End of all that has been recorded in a partition: with one thread its backlog included, with
   * several what is in the ring (log-mark.ts waits for the rest).
   */
  endPosition(partition: number): number;
  /** Keys written and removed, and flushes, since the start. */
  recordCount(): number;
  /** Those of all threads, as each has told when it last published. */
  totalRecordCount(): number;
  /** Bytes of this thread that wait for room. */
  backlogBytes(): number;
  /** Whether records of any thread do. */
  hasBacklog(): boolean;
  /**
   * The next group's id has this in its high bits: no id comes twice in a directory. With all
   * segments, where several threads write.
   */
  startEpoch(epoch: number, position: number): void;
  /** Goes on in the epoch that another thread has begun. */
  joinEpoch(): void;
}

export interface JournalParts {
  readonly store: Store;
  /** What removed keys are offsets into: the receive windows. */
  readonly source: ByteArea;
  readonly producers: readonly WalProducer[];
  readonly segmentBits: number;
  /** Without it, there is one thread. */
  readonly share?: JournalShare | null;
}

/** A closure over constants: see src/command/fast-commands.ts. */
export function createJournal(parts: JournalParts): Journal {
  const { store, source, producers, segmentBits, share = null } = parts;
  const { arena } = store;
  const shift = SEGMENT_HASH_BITS - segmentBits;
  const partitionCount = producers.length;
  const only = partitionCount === 1 ? producers[0]! : null;
  const threadCount = share?.threadCount ?? 1;
  /** Room that a verdict asks for, and what of it may be promised to others. */
  const roomWanted = RECORD_ROOM * threadCount;
  const roomOfOthers = roomWanted - RECORD_ROOM;
  assert(
    share === null || producers.every(({ size }) => size >= roomWanted),
    "a ring has room for a record of every thread",
  );
  const backlog = new JournalBacklog(store, producers, share, roomOfOthers);
  const plainHead = payloadOffset(false, false);
  let isGrouping = false;
  let recordCount = 0;
  let suspendedBy = 0;
  let epoch = 0;
  /**
   * One thread, which nobody takes room from: writes that may be allowed without looking again, and
   * recorded by the short way. Until something is published: what has failed is seen then.
   */
  let allowance = 0;
  let isOpen = false;
  let isRefusing = false;
  /** Several threads: the last verdict has promised room for a record, which has not come. */
  let isPromised = false;
  const touched = new TouchedKeys(store);

  function partitionOf(hash: number): number {
    return only === null ? (hash >>> shift) % partitionCount : 0;
  }

  function verdict(): Verdict {
    if (allowance > 0) {
      allowance--;
      return VERDICT.ALLOWED;
    }
    return lookForVerdict();
  }

  function lookForVerdict(): Verdict {
    lookAgain();
    if (failure() !== 0 || getSuspendedBy() !== 0) return VERDICT.FAILED;
    if (isRefusing) return VERDICT.REFUSED;
    if (hasBacklog()) return VERDICT.WAIT;
    const hasRoom =
      only === null
        ? producers.every((producer) => producer.hasRoom(roomWanted))
        : only.hasRoom(roomWanted);
    if (share !== null) isPromised = hasRoom;
    else if (hasRoom) allowMore();
    return hasRoom ? VERDICT.ALLOWED : VERDICT.WAIT;
  }

  function allowMore(): void {
    // Every dozen writes, so without a list of rooms where there is one ring.
    const room = only === null ? leastRoomOf(producers) : only.room();
    allowance = Math.floor(room / RECORD_ROOM) - 1;
    isOpen = true;
  }

  function lookAgain(): void {
    allowance = 0;
    isOpen = false;
  }

  function getSuspendedBy(): number {
    return share === null ? suspendedBy : share.suspendedBy;
  }

  function hasBacklog(): boolean {
    return share === null ? backlog.isWaiting : share.isWaiting;
  }

  function isBehind(): boolean {
    return share !== null && share.epoch !== epoch;
  }

  function failure(): number {
    // Its rings have been begun anew; what it held for the old ones is lost.
    if (isBehind()) return getSuspendedBy() || failureOf("EIO");
    if (only !== null) return only.failure();
    return producers.find((producer) => producer.failure() !== 0)?.failure() ?? 0;
  }

  function wrote(reference: number, hash: number): void {
    recordCount++;
    if (isGrouping) {
      const { bytes } = store.area(reference);
      // The short ways write to any database without making it the current one.
      const database = store.databaseOf(reference);
      touched.add(database, bytes, store.keyOffset(reference), store.keyLength(reference), hash);
      return;
    }
    if (isOpen && appendEntry(reference, hash)) return;
    if (record(reference, hash)) return;
    lookAgain();
    backlog.addEntry(partitionOf(hash), reference);
  }

  function appendEntry(reference: number, hash: number): boolean {
    const { appendEntry: append } = only ?? producers[partitionOf(hash)]!;
    return (
      append !== null && append(arena.words[reference >>> BANK_SHIFT]!, wordIndexOf(reference))
    );
  }

  /** False when the record has to wait, or comes in parts. */
  function record(reference: number, hash: number): boolean {
    if (backlog.isWaiting || store.values.isInPieces(reference)) return false;
    const words = arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    const header = words[word]!;
    const keyLength = header & KEY_LENGTH_MASK;
    const valueLength = words[word + 1]!;
    const size = recordSize(keyLength, valueLength, false, false);
    const producer = only ?? producers[partitionOf(hash)]!;
    if (!hasRoomFor(producer, size)) return false;
    const hasPlace = (header & FLAG_DEADLINE) !== 0;
    const offset = producer.beginRecord(size, plainHead);
    writeRecordHeader(
      producer.area.view,
      offset,
      size,
      RECORD_KIND.SET,
      databaseOf(header),
      keyLength,
      valueLength,
      0,
      hasPlace ? words[word + 2]! : 0,
      hasPlace ? words[word + 3]! : 0,
    );
    // Key and value lie behind each other in an entry as in a record.
    const area = arena.areas[reference >>> BANK_SHIFT]!;
    producer.copyArea(plainHead, area, store.keyOffset(reference), keyLength + valueLength);
    producer.endRecord();
    return true;
  }

  function hasRoomFor(producer: WalProducer, size: number): boolean {
    if (!isPromised) return producer.hasRoom(size + roomOfOthers);
    isPromised = false;
    return true;
  }

  function removed(keyOffset: number, keyLength: number, hash: number): void {
    recordCount++;
    if (isGrouping) {
      touched.add(store.database, source.bytes, keyOffset, keyLength, hash);
      return;
    }
    const { database } = store;
    const size = recordSize(keyLength, 0, false, false);
    const producer = producers[partitionOf(hash)]!;
    if (backlog.isWaiting || !hasRoomFor(producer, size)) {
      const key = Buffer.from(source.bytes.subarray(keyOffset, keyOffset + keyLength));
      lookAgain();
      backlog.addRemoval(partitionOf(hash), database, key);
      return;
    }
    const offset = producer.beginRecord(size, plainHead);
    const { DELETE } = RECORD_KIND;
    writeRecordHeader(producer.area.view, offset, size, DELETE, database, keyLength, 0, 0, 0, 0);
    producer.copyArea(plainHead, source, keyOffset, keyLength);
    producer.endRecord();
  }

  function flushed(database: number | null): void {
    recordCount++;
    const isAlone = !isGrouping;
    if (isAlone) beginGroup();
    touched.flush(database);
    if (isAlone) endGroup();
  }

  function beginGroup(): void {
    assert(!isGrouping, "groups do not lie within each other");
    isGrouping = true;
  }

  function endGroup(): void {
    isGrouping = false;
    lookAgain();
    const { flushes, keys } = touched.take();
    if (flushes.length === 0 && keys.length <= 1) {
      for (const key of keys) recordAlone(key);
    } else {
      backlog.addGroup(flushes, keys.map(describe));
    }
    backlog.pump();
  }

  function recordAlone(key: TouchedKey): void {
    const reference = touched.entryOf(key);
    const partition = partitionOf(key.hash);
    if (reference === 0) backlog.addRemoval(partition, key.database, key.key);
    else if (!record(reference, key.hash)) backlog.addEntry(partition, reference);
  }

  function describe(touchedKey: TouchedKey): GroupKey {
    const { database, key, hash } = touchedKey;
    return { partition: partitionOf(hash), database, key, reference: touched.entryOf(touchedKey) };
  }

  function beginEpoch(number: number): void {
    epoch = number;
    isPromised = false;
    lookAgain();
    backlog.startEpoch(number);
  }

  const journal: Journal = {
    producers,
    share,
    get isRefusing() {
      return isRefusing;
    },
    set isRefusing(isSet) {
      lookAgain();
      isRefusing = isSet;
    },
    get suspendedBy() {
      return getSuspendedBy();
    },
    set suspendedBy(failed) {
      lookAgain();
      if (share === null) suspendedBy = failed;
      else share.suspendedBy = failed;
    },
    get isSuspended() {
      return getSuspendedBy() !== 0;
    },
    verdict,
    wrote,
    removed,
    flushed,
    beginGroup,
    endGroup,
    failure,
    isBehind,
    publish() {
      lookAgain();
      backlog.pump();
      for (const producer of producers) producer.publish();
      if (share !== null) share.recordCount = recordCount;
    },
    endPosition(partition) {
      const position = producers[partition]!.position();
      return share === null ? position + backlog.bytesOf(partition) : position;
    },
    recordCount: () => recordCount,
    totalRecordCount: () => (share === null ? recordCount : share.totalRecordCount),
    backlogBytes: () => backlog.bytes,
    hasBacklog,
    startEpoch(number, position) {
      beginEpoch(number);
      share?.beginEpoch(number);
      for (const producer of producers) producer.restart(position);
    },
    joinEpoch() {
      assert(share !== null, "there are several threads");
      store.locks?.enter();
      beginEpoch(share.epoch);
      store.locks?.leave();
    },
  };
  return journal;
}

function leastRoomOf(producers: readonly WalProducer[]): number {
  return Math.min(...producers.map((producer) => producer.room()));
}
