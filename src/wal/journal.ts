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
// Partition of a key: its segment, the top bits of its hash, modulo the number of partitions.

import { assert } from "../lib/assert.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { BANK_SHIFT, wordIndexOf } from "../store/arena.ts";
import { FLAG_DEADLINE, KEY_LENGTH_MAX, KEY_LENGTH_MASK } from "../store/entry.ts";
import { databaseOf } from "../store/database.ts";
import { BLOCK_SIZE_MAX } from "../store/size-class.ts";
import type { Store } from "../store/store.ts";
import { VERDICT, type Verdict, type WriteLog } from "../store/write-log.ts";
import { JournalBacklog } from "./journal-backlog.ts";
import { RECORD_KIND, payloadOffset, recordSize, writeRecordHeader } from "./record.ts";
import type { WalProducer } from "./wal-buffer.ts";

/** The largest record of one key whose value lies in a block. */
export const RECORD_ROOM = BLOCK_SIZE_MAX + KEY_LENGTH_MAX + 1024;

const SEGMENT_HASH_BITS = 32;

export interface Journal extends WriteLog {
  readonly producers: readonly WalProducer[];
  /** Writes are refused instead of made to wait. */
  isRefusing: boolean;
  /** It has failed, and nothing is logged until a snapshot has taken its place. */
  isSuspended: boolean;
  /** 0, or why no write can be made durable any more (`failureName`). */
  failure(): number;
  /** Goes on with the backlog and shows all records to the WAL threads. */
  publish(): void;
  /** End of all that has been recorded in a partition, backlog included. */
  endPosition(partition: number): number;
  /** Keys written and removed, and flushes, since the start. */
  recordCount(): number;
  /** Bytes that wait for room. */
  backlogBytes(): number;
  /** The next group's id has this in its high bits: no id comes twice in a directory. */
  startEpoch(epoch: number, position: number): void;
}

interface TouchedKey {
  readonly database: number;
  readonly key: Buffer;
  readonly hash: number;
}

export interface JournalParts {
  readonly store: Store;
  /** What removed keys are offsets into: the receive windows. */
  readonly source: ByteArea;
  readonly producers: readonly WalProducer[];
  readonly segmentBits: number;
}

/** A closure over constants: see src/command/fast-commands.ts. */
export function createJournal(parts: JournalParts): Journal {
  const { store, source, producers, segmentBits } = parts;
  const { arena } = store;
  const shift = SEGMENT_HASH_BITS - segmentBits;
  const partitionCount = producers.length;
  const only = partitionCount === 1 ? producers[0]! : null;
  const backlog = new JournalBacklog(store, producers);
  const plainHead = payloadOffset(false, false);
  let isGrouping = false;
  let recordCount = 0;
  /** By database and key, in the order of the last write. */
  const touched = new Map<string, TouchedKey>();
  /** Databases that were flushed in the group, null = all. */
  let flushes: (number | null)[] = [];

  function partitionOf(hash: number): number {
    return only === null ? (hash >>> shift) % partitionCount : 0;
  }

  function verdict(): Verdict {
    if (failure() !== 0 || journal.isSuspended) return VERDICT.FAILED;
    if (journal.isRefusing) return VERDICT.REFUSED;
    if (backlog.isWaiting) return VERDICT.WAIT;
    const hasRoom =
      only === null
        ? producers.every((producer) => producer.hasRoom(RECORD_ROOM))
        : only.hasRoom(RECORD_ROOM);
    return hasRoom ? VERDICT.ALLOWED : VERDICT.WAIT;
  }

  function failure(): number {
    if (only !== null) return only.failure();
    return producers.find((producer) => producer.failure() !== 0)?.failure() ?? 0;
  }

  function wrote(reference: number, hash: number): void {
    recordCount++;
    if (isGrouping) {
      const { bytes } = store.area(reference);
      // The short ways write to any database without making it the current one.
      const database = store.databaseOf(reference);
      touch(database, bytes, store.keyOffset(reference), store.keyLength(reference), hash);
      return;
    }
    if (!record(reference, hash)) backlog.addEntry(partitionOf(hash), reference);
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
    if (!producer.hasRoom(size)) return false;
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

  function removed(keyOffset: number, keyLength: number, hash: number): void {
    recordCount++;
    if (isGrouping) {
      touch(store.database, source.bytes, keyOffset, keyLength, hash);
      return;
    }
    const { database } = store;
    const size = recordSize(keyLength, 0, false, false);
    const producer = producers[partitionOf(hash)]!;
    if (backlog.isWaiting || !producer.hasRoom(size)) {
      const key = Buffer.from(source.bytes.subarray(keyOffset, keyOffset + keyLength));
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
    if (database === null) flushes = [];
    flushes.push(database);
    for (const [name, key] of touched) {
      if (database === null || key.database === database) touched.delete(name);
    }
    if (isAlone) endGroup();
  }

  function touch(
    database: number,
    bytes: Buffer,
    keyOffset: number,
    keyLength: number,
    hash: number,
  ): void {
    const key = Buffer.from(bytes.subarray(keyOffset, keyOffset + keyLength));
    const name = String.fromCharCode(database) + key.toString("latin1");
    touched.delete(name);
    touched.set(name, { database, key, hash });
  }

  function beginGroup(): void {
    assert(!isGrouping, "groups do not lie within each other");
    isGrouping = true;
  }

  function endGroup(): void {
    isGrouping = false;
    if (touched.size === 0 && flushes.length === 0) return;
    if (touched.size === 1 && flushes.length === 0) {
      for (const key of touched.values()) recordAlone(key);
    } else {
      backlog.addGroup(flushes, describeTouched());
    }
    touched.clear();
    flushes = [];
    backlog.pump();
  }

  function recordAlone(key: TouchedKey): void {
    const reference = findEntry(key);
    const partition = partitionOf(key.hash);
    if (reference === 0) backlog.addRemoval(partition, key.database, key.key);
    else if (!record(reference, key.hash)) backlog.addEntry(partition, reference);
  }

  function describeTouched() {
    return Array.from(touched.values(), (key) => ({
      partition: partitionOf(key.hash),
      database: key.database,
      key: key.key,
      reference: findEntry(key),
    }));
  }

  /** Not `Store.find`, which would remove it if it has expired. */
  function findEntry({ database, key, hash }: TouchedKey): number {
    const current = store.database;
    store.database = database;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const reference = store.segments.find(view, 0, key.length, hash);
    store.database = current;
    return reference;
  }

  const journal: Journal = {
    producers,
    isRefusing: false,
    isSuspended: false,
    verdict,
    wrote,
    removed,
    flushed,
    beginGroup,
    endGroup,
    failure,
    publish() {
      backlog.pump();
      for (const producer of producers) producer.publish();
    },
    endPosition: (partition) => producers[partition]!.position() + backlog.bytesOf(partition),
    recordCount: () => recordCount,
    backlogBytes: () => backlog.bytes,
    startEpoch(epoch, position) {
      backlog.startEpoch(epoch);
      for (const producer of producers) producer.restart(position);
    },
  };
  return journal;
}
