// One of several producers of a ring: each data thread has its own over the same memory. They
// append in turn, under the ring's lock, and each goes on where the last one has come to.
//
//   beginRecord ─▶ lock, follow the head ─▶ head, key and value are copied ─▶ endRecord: new head,
//                                                                             unlock
//
//   published ≤ head      all below the head is whole whenever the lock is free
//
// What one publishes are all records so far, whoever appended them. `room` needs no lock: the head
// goes on only by what others have been promised (journal.ts counts that), and never over what has
// been released, which is why that is looked at first.
//
// A position in full is two words, so it is read under the lock. Of a position that the WAL thread
// tells modulo 2^32 the distance from the head is what counts (wal-control.ts); the head is looked
// at second, so that it is never behind.

import { lockWord, unlockWord } from "../lib/word-lock.ts";
import { createRingWriter, type WalProducer } from "./wal-buffer.ts";
import {
  CONTROL_SIZE,
  HEAD,
  HEAD_HIGH,
  PRODUCER_LOCK,
  RECORDS,
  RELEASED,
  SYNCED,
  WRITTEN,
  type WalDoorbell,
} from "./wal-control.ts";

const WORD_RANGE = 2 ** 32;

/** Begins where the ring is: the first of them all calls `restart`. */
export function createJoinedProducer(
  buffer: SharedArrayBuffer,
  doorbell: WalDoorbell,
): WalProducer {
  const control = new Int32Array(buffer, 0, CONTROL_SIZE / 4);
  const writer = createRingWriter(buffer, doorbell);
  const { size } = writer;
  let isHeld = false;

  function sharedPosition(): number {
    return control[HEAD_HIGH]! * WORD_RANGE + (control[HEAD]! >>> 0);
  }

  function enter(): void {
    if (isHeld) return;
    lockWord(control, PRODUCER_LOCK);
    writer.follow(sharedPosition(), control[RECORDS]!);
  }

  function leave(): void {
    if (!isHeld) unlockWord(control, PRODUCER_LOCK);
  }

  function tellHead(): void {
    const position = writer.position();
    control[HEAD_HIGH] = Math.floor(position / WORD_RANGE);
    control[RECORDS] = writer.recordCount();
    Atomics.store(control, HEAD, position | 0);
  }

  function position(): number {
    if (isHeld) return writer.position();
    lockWord(control, PRODUCER_LOCK);
    const at = sharedPosition();
    unlockWord(control, PRODUCER_LOCK);
    return at;
  }

  function positionOf(word: number): number {
    const told = Atomics.load(control, word);
    const at = position();
    return at - (((at | 0) - told) >>> 0);
  }

  function room(): number {
    const released = Atomics.load(control, RELEASED);
    return size - ((Atomics.load(control, HEAD) - released) >>> 0);
  }

  return {
    size,
    recordSizeMax: writer.recordSizeMax,
    area: writer.area,
    position,
    room,
    hasRoom: (wanted) => room() >= wanted,
    beginRecord(wanted, headSize) {
      enter();
      return writer.beginRecord(wanted, headSize);
    },
    copyArea: writer.copyArea,
    copyBytes: writer.copyBytes,
    appendEntry: null,
    endRecord() {
      writer.endRecord();
      tellHead();
      leave();
    },
    publish() {
      enter();
      writer.publish();
      leave();
    },
    requestSync() {
      enter();
      const at = writer.requestSync();
      leave();
      return at;
    },
    awaitProgress: writer.awaitProgress,
    writtenPosition: () => positionOf(WRITTEN),
    syncedPosition: () => positionOf(SYNCED),
    failure: writer.failure,
    restart(at) {
      enter();
      writer.restart(at);
      tellHead();
      leave();
    },
    hold() {
      enter();
      isHeld = true;
    },
    release() {
      isHeld = false;
      leave();
    },
  };
}
