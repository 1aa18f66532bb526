// The only producer of a ring, which writes its records to a *stage* first and moves them to the
// ring in one native copy, when the stage is full and when they are published.
//
//   records ─▶ stage, in the processor's cache ─▶ ring, which the WAL thread's core has read last
//
// A store to memory that another core has read waits for that core; one long copy does so for many
// lines at once. So a record costs half of what it does when it is written to the ring itself.
//
//   position = ring's head + staged bytes; room = ring's room − staged bytes
//
// A record that is longer than the stage has its head there and the rest in the ring at once.
// Nothing of it may be used where several threads append to a ring (joined-producer.ts): records
// would lie there in another order than they were executed in.

import { assert } from "../lib/assert.ts";
import { ByteArea, copyBytes } from "../lib/byte-area.ts";
import { databaseOf } from "../store/database.ts";
import { FLAG_DEADLINE, KEY_LENGTH_MASK } from "../store/entry.ts";
import { RECORD_ALIGNMENT, RECORD_HEADER_SIZE, RECORD_KIND } from "./record.ts";
import { createRingWriter, type WalProducer } from "./wal-buffer.ts";
import type { WalDoorbell } from "./wal-control.ts";

/** An eighth of a first-level cache: what a batch works on has to stay there, too. */
export const STAGE_SIZE = 4 * 1024;

/** Key and value of entries that a loop of words copies faster than a native copy. */
export const ENTRY_LENGTH_MAX = 160;

const HEADER_WORDS = RECORD_HEADER_SIZE / 4;

export function createWalProducer(
  buffer: SharedArrayBuffer,
  doorbell: WalDoorbell,
  initialPosition: number,
): WalProducer {
  const ring = createRingWriter(buffer, doorbell);
  const stage = new ArrayBuffer(STAGE_SIZE);
  const area = new ByteArea(stage);
  const words = new Int32Array(stage);

  let staged = 0;
  let stagedCount = 0;
  /** What the stage may be filled to, as far as the ring's room is known. */
  let stageEnd = 0;
  // Of the record that has been begun.
  let recordSize = 0;
  let isLong = false;
  let headSize = 0;
  let ringOffset = 0;

  function moveToRing(): void {
    if (stagedCount > 0) ring.append(area.bytes, staged, stagedCount);
    empty();
  }

  function empty(): void {
    staged = 0;
    stagedCount = 0;
    stageEnd = Math.min(STAGE_SIZE, ring.room());
  }

  function makeRoom(size: number): boolean {
    moveToRing();
    return size <= stageEnd;
  }

  function hasRoom(wanted: number): boolean {
    return ring.hasRoom(wanted + staged);
  }

  function beginRecord(wanted: number, head: number): number {
    assert((wanted & (RECORD_ALIGNMENT - 1)) === 0, "a record is a multiple of 8");
    assert(wanted >= head && wanted <= ring.recordSizeMax, "a record holds its head and fits");
    assert(hasRoom(wanted), "there is room for the record");
    recordSize = wanted;
    if (staged + wanted > STAGE_SIZE) {
      moveToRing();
      if (wanted > STAGE_SIZE) return beginLong(head);
    }
    const last = (staged + wanted - RECORD_ALIGNMENT) >>> 2;
    words[last] = 0;
    words[last + 1] = 0;
    return staged;
  }

  function beginLong(head: number): number {
    isLong = true;
    headSize = head;
    ringOffset = ring.beginRecord(recordSize, head);
    return 0;
  }

  function copyArea(offset: number, source: ByteArea, begin: number, length: number): void {
    if (isLong) ring.copyArea(offset, source, begin, length);
    else copyBytes(source, begin, area, staged + offset, length);
  }

  function appendEntry(source: Int32Array, word: number): boolean {
    const header = source[word]!;
    const keyLength = header & KEY_LENGTH_MASK;
    const valueLength = source[word + 1]!;
    const length = keyLength + valueLength;
    const size = (RECORD_HEADER_SIZE + length + RECORD_ALIGNMENT - 1) & -RECORD_ALIGNMENT;
    if (length > ENTRY_LENGTH_MAX || (staged + size > stageEnd && !makeRoom(size))) return false;
    const to = staged >>> 2;
    const end = (staged + size) >>> 2;
    // What of them the value does not fill.
    words[end - 2] = 0;
    words[end - 1] = 0;
    const hasPlace = (header & FLAG_DEADLINE) !== 0;
    words[to] = size;
    words[to + 1] = RECORD_KIND.SET | (databaseOf(header) << 8) | (keyLength << 16);
    words[to + 2] = valueLength;
    words[to + 3] = 0;
    words[to + 4] = hasPlace ? source[word + 2]! : 0;
    words[to + 5] = hasPlace ? source[word + 3]! : 0;
    // Key and value lie behind each other in an entry as in a record.
    const from = hasPlace ? word + 4 : word + 2;
    const target = to + HEADER_WORDS;
    const whole = length >>> 2;
    for (let i = 0; i < whole; i++) words[(target + i) | 0] = source[(from + i) | 0]!;
    const rest = length & 3;
    if (rest !== 0) words[target + whole] = source[from + whole]! & ((1 << (rest << 3)) - 1);
    staged += size;
    stagedCount++;
    return true;
  }

  function endRecord(): void {
    if (isLong) {
      isLong = false;
      area.bytes.copy(ring.area.bytes, ringOffset, 0, headSize);
      ring.endRecord();
      empty();
      return;
    }
    staged += recordSize;
    stagedCount++;
  }

  const producer: WalProducer = {
    size: ring.size,
    recordSizeMax: ring.recordSizeMax,
    area,
    position: () => ring.position() + staged,
    room: () => ring.room() - staged,
    hasRoom,
    beginRecord,
    copyArea,
    copyBytes(offset, source, begin, length) {
      if (isLong) ring.copyBytes(offset, source, begin, length);
      else area.bytes.set(source.subarray(begin, begin + length), staged + offset);
    },
    endRecord,
    appendEntry,
    publish() {
      moveToRing();
      ring.publish();
    },
    requestSync() {
      moveToRing();
      return ring.requestSync();
    },
    awaitProgress: ring.awaitProgress,
    writtenPosition: ring.writtenPosition,
    syncedPosition: ring.syncedPosition,
    failure: ring.failure,
    restart(at) {
      ring.restart(at);
      empty();
    },
    // There is nobody else.
    hold() {},
    release() {},
  };
  producer.restart(initialPosition);
  return producer;
}
