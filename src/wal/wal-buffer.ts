// The ring between the data thread that executes writes and the WAL thread that makes them durable,
// one for each partition. One thread takes; one appends, or several in turn (joined-producer.ts).
//
//   SharedArrayBuffer:   control words (wal-control.ts) | ring, a power of two of bytes | margin
//
//            begin                 walked        published        head
//              v                      v              v              v
//   ----free---+--- whole records ----+-- not seen --+- not shown --+---free---
//
//   released ≤ begin ≤ walked ≤ published ≤ head ≤ released + size
//
// A record lies at its position modulo the size of the ring, so it may begin at the end of the ring
// and go on at its beginning. Its head (what record.ts writes before the key) may be written as one
// stretch all the same, into the margin; `endRecord` moves what belongs to the ring's beginning.
//
// The producer appends a record with `beginRecord`, the writers of record.ts, copies of key and
// value and `endRecord`, any number of them, and shows them with one `publish`. The consumer
// copies them out and so gives the room back before they are written; what it has written and
// synced it tells apart from that.
//
// The producer's half is closures over constants, as in src/command/fast-commands.ts, because every
// write goes through it.

import { assert } from "../lib/assert.ts";
import { ByteArea, NATIVE_COPY_LENGTH_MIN } from "../lib/byte-area.ts";
import {
  AWAITED,
  CONTROL_SIZE,
  FAILURE,
  PUBLISHED,
  RECORDS_BEGUN,
  RECORDS_ENDED,
  RELEASED,
  SLEEPING,
  SYNCED,
  SYNC_REQUESTS,
  WAKE_RECORDS,
  WRITTEN,
  type WalDoorbell,
} from "./wal-control.ts";
import {
  MEMBERSHIP_SIZE,
  PART_PLACE_SIZE,
  RECORD_ALIGNMENT,
  RECORD_HEADER_SIZE,
} from "./record.ts";

export const WAL_BUFFER_SIZE_MIN = 4096;
export const WAL_BUFFER_SIZE_MAX = 2 ** 30;
/** Records are taken in groups of up to this many bytes, so none may be longer. */
export const WAL_RECORD_SIZE_MAX = 8 * 1024 * 1024;
export const MARGIN_SIZE = 64;

assert(
  RECORD_HEADER_SIZE + MEMBERSHIP_SIZE + PART_PLACE_SIZE <= MARGIN_SIZE,
  "the longest head of a record fits the margin",
);

/** `size` is a power of two. Nothing of it is committed before it is touched. */
export function reserveWalBuffer(size: number): SharedArrayBuffer {
  const isInRange = size >= WAL_BUFFER_SIZE_MIN && size <= WAL_BUFFER_SIZE_MAX;
  assert(isInRange && Number.isInteger(Math.log2(size)), "a WAL buffer is a power of two");
  return new SharedArrayBuffer(CONTROL_SIZE + size + MARGIN_SIZE);
}

/** The data thread's end. */
export interface WalProducer {
  /** Bytes of the ring. */
  readonly size: number;
  /** The longest record that may be appended. */
  readonly recordSizeMax: number;
  /** Ring and margin: where a record's head is written. */
  readonly area: ByteArea;
  /** Where the next record will begin. */
  position(): number;
  /** Bytes that may be appended now. */
  room(): number;
  /** The same, asking the other thread's word only when it has to. */
  hasRoom(size: number): boolean;
  /**
   * Begins a record of `size` bytes (`recordSize`), for which there is room; the offset in `area`
   * where its head of `headSize` bytes (`payloadOffset`) is to be written before `endRecord`.
   * The padding is zeroed here; everything else of the record has to be written or copied.
   */
  beginRecord(size: number, headSize: number): number;
  /** Copies to the record: `offset` counts from its beginning and is not within the head. */
  copyArea(offset: number, source: ByteArea, begin: number, length: number): void;
  copyBytes(offset: number, source: Uint8Array, begin: number, length: number): void;
  endRecord(): void;
  /**
   * Appends the SET of the entry at `word` of a bank, a short one, by a shorter way; false when
   * that way is not open, and nothing has been done. Null = the producer has none.
   */
  readonly appendEntry: ((words: Int32Array, word: number) => boolean) | null;
  /** Shows all records to the WAL thread, and wakes it if they are what it waits for. */
  publish(): void;
  /** Has everything that is published synced soon; the position up to which that is. */
  requestSync(): number;
  /**
   * Has the WAL thread write at once what it would let gather, and ring when a position has moved
   * next, once. Ask, then look at positions, room and failure again, and only then wait: what
   * moved before is not rung for. A failure rings unasked.
   */
  awaitProgress(): void;
  /** Up to here a death of the process takes nothing. */
  writtenPosition(): number;
  /** Up to here a death of the machine takes nothing. */
  syncedPosition(): number;
  /** 0, or what `failureName` has a name for: nothing will be written or synced any more. */
  failure(): number;
  /**
   * Goes on at `position`, with an empty ring. Only between two epochs, when the WAL thread does
   * not look (WalWriter.endEpoch), and before it begins the next.
   */
  restart(position: number): void;
  /** Keeps other producers of the ring out until `release`: records lie behind each other then. */
  hold(): void;
  release(): void;
}

/** A producer that can go on where another has come to. */
export interface RingWriter extends WalProducer {
  /** Records so far, modulo 2^32. */
  recordCount(): number;
  follow(position: number, recordCount: number): void;
  /** Appends `length` bytes of whole records, for which there is room. */
  append(records: Buffer, length: number, count: number): void;
}

/** Knows no position before `restart` or `follow`. */
export function createRingWriter(buffer: SharedArrayBuffer, doorbell: WalDoorbell): RingWriter {
  const control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
  const area = new ByteArea(buffer, CONTROL_SIZE);
  const { bytes, view } = area;
  const words = new Int32Array(buffer, CONTROL_SIZE);
  const size = area.length - MARGIN_SIZE;
  const mask = size - 1;
  const recordSizeMax = Math.min(size, WAL_RECORD_SIZE_MAX);
  const bell = doorbell.words;

  // `head` and `released` are positions modulo 2^32, `position` is the head in full.
  let position = 0;
  let head = 0;
  let released = 0;
  let shown = 0;
  let recordCount = 0;
  // Of the record that has been begun.
  let recordBegin = 0;
  let recordSize = 0;
  let headEnd = 0;

  function room(): number {
    released = Atomics.load(control, RELEASED);
    return size - ((head - released) >>> 0);
  }

  function hasRoom(wanted: number): boolean {
    return size - ((head - released) >>> 0) >= wanted || room() >= wanted;
  }

  function beginRecord(wanted: number, headSize: number): number {
    assert((wanted & (RECORD_ALIGNMENT - 1)) === 0, "a record is a multiple of 8");
    assert(wanted >= headSize && wanted <= recordSizeMax, "a record holds its head and fits");
    assert(hasRoom(wanted), "there is room for the record");
    recordSize = wanted;
    recordBegin = head & mask;
    headEnd = recordBegin + headSize;
    const last = ((head + wanted - RECORD_ALIGNMENT) & mask) >>> 2;
    words[last] = 0;
    words[last + 1] = 0;
    return recordBegin;
  }

  function copyArea(offset: number, source: ByteArea, begin: number, length: number): void {
    const at = (recordBegin + offset) & mask;
    if (length >= NATIVE_COPY_LENGTH_MIN || at + length > size) {
      copyBytes(offset, source.bytes, begin, length);
      return;
    }
    const from = source.view;
    const wholeEnd = length & ~3;
    let i = 0;
    for (; i < wholeEnd; i += 4) view.setInt32(at + i, from.getInt32(begin + i, true), true);
    for (; i < length; i++) view.setUint8(at + i, from.getUint8(begin + i));
  }

  function copyBytes(offset: number, source: Uint8Array, begin: number, length: number): void {
    const at = (recordBegin + offset) & mask;
    const fitting = Math.min(length, size - at);
    copyNative(source, begin, at, fitting);
    if (fitting < length) copyNative(source, begin + fitting, 0, length - fitting);
  }

  function append(records: Buffer, length: number, count: number): void {
    const at = head & mask;
    const fitting = Math.min(length, size - at);
    records.copy(bytes, at, 0, fitting);
    if (fitting < length) records.copy(bytes, 0, fitting, length);
    head = (head + length) | 0;
    position += length;
    recordCount = (recordCount + count) | 0;
  }

  function copyNative(source: Uint8Array, begin: number, at: number, length: number): void {
    if (source instanceof Buffer) source.copy(bytes, at, begin, begin + length);
    else bytes.set(source.subarray(begin, begin + length), at);
  }

  function endRecord(): void {
    if (headEnd > size) bytes.copy(bytes, 0, size, headEnd);
    head = (head + recordSize) | 0;
    position += recordSize;
    recordCount = (recordCount + 1) | 0;
    recordSize = 0;
  }

  function publish(): void {
    if (head === shown) return;
    shown = head;
    Atomics.store(control, RECORDS_BEGUN, recordCount);
    Atomics.store(control, PUBLISHED, head);
    Atomics.store(control, RECORDS_ENDED, recordCount);
    if (Atomics.load(bell, SLEEPING) !== 0) wakeIfWanted();
  }

  function wakeIfWanted(): void {
    const isAwaited = ((recordCount - Atomics.load(control, WAKE_RECORDS)) | 0) >= 0;
    if (isAwaited || room() < size / 2) doorbell.wake();
  }

  /** The position whose distance behind the head the word tells. */
  function positionOf(word: number): number {
    return position - ((head - Atomics.load(control, word)) >>> 0);
  }

  function restart(at: number): void {
    assert(at % RECORD_ALIGNMENT === 0 && at < 2 ** 53, "a position is a multiple of 8");
    position = at;
    head = at | 0;
    released = head;
    shown = head;
    recordCount = 0;
    for (const word of [RECORDS_BEGUN, RECORDS_ENDED]) Atomics.store(control, word, 0);
    for (const word of [PUBLISHED, RELEASED, WRITTEN, SYNCED]) Atomics.store(control, word, head);
  }

  function follow(at: number, count: number): void {
    position = at;
    head = at | 0;
    recordCount = count;
    released = Atomics.load(control, RELEASED);
    shown = Atomics.load(control, PUBLISHED);
  }

  return {
    size,
    recordSizeMax,
    area,
    position: () => position,
    room,
    hasRoom,
    beginRecord,
    copyArea,
    copyBytes,
    endRecord,
    appendEntry: null,
    publish,
    requestSync() {
      publish();
      Atomics.add(control, SYNC_REQUESTS, 1);
      if (Atomics.load(bell, SLEEPING) !== 0) doorbell.wake();
      return position;
    },
    awaitProgress() {
      Atomics.store(control, AWAITED, 1);
      if (Atomics.load(bell, SLEEPING) !== 0) doorbell.wake();
    },
    writtenPosition: () => positionOf(WRITTEN),
    syncedPosition: () => positionOf(SYNCED),
    failure: () => Atomics.load(control, FAILURE),
    restart,
    // There is nobody else.
    hold() {},
    release() {},
    recordCount: () => recordCount,
    follow,
    append,
  };
}
