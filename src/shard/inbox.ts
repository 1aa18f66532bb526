// The requests of other threads, on the thread that owns their keys. Each other thread is a *guest*
// with a virtual connection, whose windows are like those of sockets:
//
//   ring ─▶ receive window of the guest ─▶ rows of the batch ─▶ execute ─▶ send window ─▶ ring
//        all bytes that there are          request-record.ts              all replies at once
//
// Requests are executed in the order in which they came, so replies need not say whose they are.
//
// A reply that finds no room now (outbox.ts) is that of a read: it is forgotten, and the connection
// blocked before its request like one whose client does not read. It goes on when the guest has
// taken replies. A closure over constants: see src/command/fast-commands.ts.

import { BATCH_CAPACITY, type Batch } from "../batch/batch.ts";
import { CONNECTION } from "../batch/connection-flag.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { PART, RESP_OPCODE } from "../protocol/resp-opcode.ts";
import {
  BUNDLE_HEAD_SIZE,
  HAS_REFERENCE,
  IS_WRITE,
  RESERVATION_MIN,
  replySizeMax,
  reservationFor,
} from "./reply-bundle.ts";
import {
  EXPIRY_LENGTH_SHIFT,
  HASH_WORD,
  KEY_LENGTH_SHIFT,
  OPCODE_MASK,
  RECORD_HEAD_SIZE,
  SIZE_WORD,
  VALUE_LENGTH_MASK,
  VALUE_WORD,
  VERSION_SHIFT,
  wholeWords,
} from "./request-record.ts";
import { RING_SIZE_MIN, RingReader, RingWriter, reserveRing } from "./ring.ts";
import type { ShardHost } from "./shard-host.ts";
import type { Splices } from "./splices.ts";

/** More than a reply takes that has a value of less than SPLICE_LENGTH_MIN. */
const REPLY_SIZE_MAX = SPLICE_LENGTH_MIN + 1024;
/** Replies that wait to be copied to the ring together. */
const ENTRY_COUNT_MAX = 1024;

export interface InboxParts {
  readonly batch: Batch;
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly splices: Splices;
  /** Of the connection table. */
  readonly flags: Uint8Array;
  readonly versions: Uint8Array;
  readonly host: ShardHost;
  /** Rings by guest, null = this thread. */
  readonly requests: readonly (SharedArrayBuffer | null)[];
  readonly replies: readonly (SharedArrayBuffer | null)[];
  /** The virtual connection of guest 0. */
  readonly first: number;
}

export interface Inbox {
  /** Reads that were put off because their reply found no room. */
  stallCount: number;
  servedCount: number;
  /** By guest. */
  readonly writers: readonly RingWriter[];
  /** Takes what has come, as far as nothing is blocked; rows may be left in the batch. */
  drain(guest: number): void;
  /** Appends the requests in the connection's window to the batch; false when that is full. */
  decode(connection: number): boolean;
  /** Before a row of a virtual connection is executed: there is room for its reply. */
  begin(row: number, connection: number): void;
  /**
   * Takes the reply that has just been written to a virtual connection's window. False when there
   * is no room for it: nothing is left of it, and the request has to be executed again.
   */
  answer(row: number, connection: number, isWrite: boolean): boolean;
  /** Copies replies to the ring. */
  flush(guest: number): void;
  /** Whether there is something to do that nobody will tell us of. */
  wantsTurn(guest: number): boolean;
}

export function createInbox(parts: InboxParts): Inbox {
  const { batch, windows, sends, splices, flags, versions, host, first } = parts;
  const { opcodes, connections, frameOffsets, keyOffsets, keyLengths, hashes } = batch;
  const { valueOffsets, valueLengths, expiryOffsets, expiryLengths } = batch;
  const { begins, ends } = windows;
  const { ends: sendEnds, queuedBytes } = sends;
  /** A reply that is not longer has its room in any case. */
  const lengthCertain = RESERVATION_MIN - replySizeMax(0);
  const open = (buffer: SharedArrayBuffer | null): SharedArrayBuffer =>
    buffer ?? reserveRing(RING_SIZE_MIN);
  const readers = parts.requests.map((buffer) => new RingReader(open(buffer)));
  const writers = parts.replies.map((buffer) => new RingWriter(open(buffer)));
  const { length: guestCount } = readers;
  const received = windows.area.view;
  const words = new Int32Array(received.buffer, received.byteOffset, received.byteLength >>> 2);
  /** Where the send windows of guests begin, and behind what no reply does. */
  const bases = sendEnds.slice(first, first + guestCount);
  const lastBegins = bases.map((base, guest) => {
    return Math.min(sends.limits[first + guest]!, base + sends.limitBytes) - REPLY_SIZE_MAX;
  });
  /** By guest: lengths of replies that are in the window. */
  const entries = new Int32Array(guestCount * ENTRY_COUNT_MAX);
  const entryCounts = new Int32Array(guestCount);
  /** 1 = its next request has to wait; 1 = for room in the reply ring. */
  const isStuck = new Uint8Array(guestCount);
  const isStalled = new Uint8Array(guestCount);
  /** Where the reply begins that is being written. */
  let replyBegin = 0;

  function drain(guest: number): void {
    const reader = readers[guest]!;
    const connection = first + guest;
    if (isStalled[guest] === 1) goOnStalled(guest);
    isStuck[guest] = 0;
    reader.refresh();
    if (reader.position === reader.published) return;
    for (;;) {
      const left = (reader.published - reader.position) | 0;
      if (left === 0) break;
      if ((flags[connection]! & CONNECTION.BLOCKED) !== 0 || !makeRoom(connection, left)) {
        isStuck[guest] = 1;
        break;
      }
      const length = Math.min(left, windows.room(connection) & -RECORD_HEAD_SIZE);
      reader.copyTo(windows.area, ends[connection]!, length, reader.position);
      reader.position = (reader.position + length) | 0;
      windows.advance(connection, length);
    }
    reader.release();
    decodeNow(connection);
  }

  /** Room for what there is, or for as much as can be; false when that has to wait. */
  function makeRoom(connection: number, length: number): boolean {
    if (windows.room(connection) >= length) return true;
    host.decode(connection);
    host.release(connection);
    if ((flags[connection]! & CONNECTION.BLOCKED) !== 0) return false;
    windows.makeRoom(connection);
    return true;
  }

  function decodeNow(connection: number): void {
    if ((flags[connection]! & CONNECTION.BLOCKED) === 0) host.decode(connection);
  }

  function decode(connection: number): boolean {
    const end = ends[connection]!;
    let at = begins[connection]!;
    let row = batch.count;
    let isAll = true;
    while (end - at >= RECORD_HEAD_SIZE) {
      const size = words[(at >>> 2) + SIZE_WORD]!;
      if (size > end - at) break;
      if (row === BATCH_CAPACITY) {
        isAll = false;
        break;
      }
      connections[row] = connection;
      frameOffsets[row] = at;
      decodeRecord(row, at, size);
      row++;
      at += size;
    }
    batch.count = row;
    begins[connection] = at;
    return isAll;
  }

  function decodeRecord(row: number, at: number, size: number): void {
    const word = at >>> 2;
    const head = words[word]!;
    const opcode = head & OPCODE_MASK;
    const keyLength = head >>> KEY_LENGTH_SHIFT;
    const lengths = words[word + VALUE_WORD]!;
    const valueLength = lengths & VALUE_LENGTH_MASK;
    const keyOffset = at + RECORD_HEAD_SIZE;
    const valueOffset = keyOffset + wholeWords(keyLength);
    opcodes[row] = opcode;
    hashes[row] = words[word + HASH_WORD]!;
    keyOffsets[row] = keyOffset;
    keyLengths[row] = keyLength;
    valueOffsets[row] = valueOffset;
    valueLengths[row] = valueLength;
    expiryOffsets[row] = valueOffset + wholeWords(valueLength);
    expiryLengths[row] = lengths >>> EXPIRY_LENGTH_SHIFT;
    batch.parts[row] = PART.ONLY;
    batch.databases[row] = 0;
    // MSET asks whether there is memory for so many bytes.
    batch.totals[row] = opcode === RESP_OPCODE.MGET ? 1 : size;
  }

  function begin(row: number, connection: number): void {
    const guest = connection - first;
    const isFull = sendEnds[connection]! > lastBegins[guest]!;
    if (isFull || entryCounts[guest] === ENTRY_COUNT_MAX) flush(guest);
    replyBegin = sendEnds[connection]!;
    versions[connection] = (words[frameOffsets[row]! >>> 2]! >>> VERSION_SHIFT) & 0xff;
  }

  function answer(row: number, connection: number, isWrite: boolean): boolean {
    const guest = connection - first;
    const end = sendEnds[connection]!;
    const length = end - replyBegin;
    if (length > lengthCertain && !hasRoom(row, guest, replySizeMax(length))) {
      sendEnds[connection] = replyBegin;
      return false;
    }
    const entry = isWrite ? length | IS_WRITE : length;
    if (queuedBytes[connection] !== 0) {
      answerByReference(guest, entry, length);
      return true;
    }
    entries[guest * ENTRY_COUNT_MAX + entryCounts[guest]!] = entry;
    entryCounts[guest]!++;
    return true;
  }

  /** Within the reservation, or in the half of the ring that nobody has reserved. */
  function hasRoom(row: number, guest: number, size: number): boolean {
    if (size <= reservationFor(words[(frameOffsets[row]! >>> 2) + SIZE_WORD]!)) return true;
    const writer = writers[guest]!;
    const waiting = replyBegin - bases[guest]! + replySizeMax(0) * entryCounts[guest]!;
    if (writer.usedBytes() + waiting + size <= writer.size / 2) return true;
    inbox.stallCount++;
    isStalled[guest] = 1;
    writer.awaitRoom();
    return false;
  }

  function flush(guest: number): void {
    const connection = first + guest;
    flushUpTo(guest, sendEnds[connection]!);
    sendEnds[connection] = bases[guest]!;
  }

  function flushUpTo(guest: number, end: number): void {
    const count = entryCounts[guest]!;
    if (count === 0) return;
    const writer = writers[guest]!;
    const base = bases[guest]!;
    const bytesBegin = BUNDLE_HEAD_SIZE + 4 * count;
    const size = bytesBegin + wholeWords(end - base);
    const at = beginBundle(writer, count, size);
    const wordMask = (writer.size >>> 2) - 1;
    const from = guest * ENTRY_COUNT_MAX;
    for (let i = 0; i < count; i++) writer.words[(at + i) & wordMask] = entries[from + i]!;
    writer.copyFrom(sends.area, base, end - base, writer.head + bytesBegin);
    writer.head = (writer.head + size) | 0;
    entryCounts[guest] = 0;
    inbox.servedCount += count;
  }

  /** The place of the first entry, in words. */
  function beginBundle(writer: RingWriter, count: number, size: number): number {
    const wordMask = (writer.size >>> 2) - 1;
    const word = writer.head >>> 2;
    writer.words[word & wordMask] = count;
    writer.words[(word + 1) & wordMask] = size;
    return word + 2;
  }

  /** A reply with a long value in it: alone in its bundle, behind those before it. */
  function answerByReference(guest: number, entry: number, length: number): void {
    const connection = first + guest;
    const writer = writers[guest]!;
    const { reference, split } = splices.take(connection, bases[guest]!);
    inbox.servedCount++;
    flushUpTo(guest, replyBegin);
    const bytesBegin = BUNDLE_HEAD_SIZE + 12;
    const size = bytesBegin + wholeWords(length);
    const at = beginBundle(writer, 1, size);
    const wordMask = (writer.size >>> 2) - 1;
    writer.words[at & wordMask] = entry | HAS_REFERENCE;
    writer.words[(at + 1) & wordMask] = reference;
    writer.words[(at + 2) & wordMask] = split - (replyBegin - bases[guest]!);
    writer.copyFrom(sends.area, replyBegin, length, writer.head + bytesBegin);
    writer.head = (writer.head + size) | 0;
    sendEnds[connection] = bases[guest]!;
  }

  function wantsTurn(guest: number): boolean {
    const writer = writers[guest]!;
    if (isStalled[guest] === 1 && writer.usedBytes() <= writer.size / 4) return true;
    return isStuck[guest] === 0 && readers[guest]!.hasMore();
  }

  /** The guest may have taken replies. */
  function goOnStalled(guest: number): void {
    const writer = writers[guest]!;
    const connection = first + guest;
    // Asked for before we look: room that is given back in between is not rung for.
    writer.awaitRoom();
    if (writer.usedBytes() > writer.size / 4) return;
    isStalled[guest] = 0;
    const state = flags[connection]!;
    if ((state & CONNECTION.BLOCKED) === 0 || (state & CONNECTION.PARKED) !== 0) return;
    flags[connection] = state & ~CONNECTION.BLOCKED;
    decodeNow(connection);
  }

  const inbox: Inbox = {
    stallCount: 0,
    servedCount: 0,
    writers,
    drain,
    decode,
    begin,
    answer,
    flush,
    wantsTurn,
  };
  return inbox;
}
