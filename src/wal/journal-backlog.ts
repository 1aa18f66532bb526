// Records that wait for room in the rings of their partitions: those of transaction groups, long
// values in parts, and what came while others waited. In order; one that waits holds up all behind
// it, in whatever partition.
//
// Entries are pinned while their values wait, so that nothing writes over, moves or frees them.
//
// A long value is a group of PART records. Inside a larger group its parts are members of that.
//
// The members of a group lie behind each other in a partition: recovery waits at whatever comes
// before the next one. Where several threads append to the rings (journal-share.ts), what waits is
// either recorded all at once, with the rings held, or, if it does not fit, only after nobody is
// between a verdict and its record: all segments are taken once for that, and from then on nobody
// else appends until nothing waits. Adding and recording need the structure, which a thread with
// an empty backlog never asks for.

import { assert } from "../lib/assert.ts";
import { BANK_SHIFT, wordIndexOf } from "../store/arena.ts";
import { FLAG_DEADLINE } from "../store/entry.ts";
import { databaseOf } from "../store/database.ts";
import type { Store } from "../store/store.ts";
import {
  FLAG_MEMBER,
  RECORD_HEADER_SIZE,
  RECORD_KIND,
  payloadOffset,
  recordSize,
  writeMembership,
  writePartPlace,
  writeRecordHeader,
  type RecordKind,
} from "./record.ts";
import type { JournalShare } from "./journal-share.ts";
import type { WalProducer } from "./wal-buffer.ts";

/** Bytes of a value in one PART. */
export const PART_LENGTH = 64 * 1024;

/** What a group did to a key: its entry, 0 = it is gone. */
export interface GroupKey {
  readonly partition: number;
  readonly database: number;
  readonly key: Buffer;
  readonly reference: number;
}

interface Membership {
  readonly id: number;
  readonly count: number;
  /** Of the next record. */
  index: number;
}

interface Item {
  readonly partition: number;
  readonly kind: RecordKind;
  readonly database: number;
  readonly key: Buffer;
  /** Pinned; 0 = there is no value. */
  readonly reference: number;
  readonly deadlineLow: number;
  readonly deadlineHigh: number;
  readonly valueLength: number;
  readonly group: Membership | null;
  /** Bytes of the value that have been recorded. */
  done: number;
}

const NO_KEY = Buffer.alloc(0);
const EPOCH_FACTOR = 2 ** 32;

export class JournalBacklog {
  readonly #store: Store;
  readonly #producers: readonly WalProducer[];
  readonly #share: JournalShare | null;
  /** Bytes of a ring that other threads may have been promised. */
  readonly #roomOfOthers: number;
  #items: Item[] = [];
  readonly #bytes: Float64Array;
  #nextGroupId = 1;
  #epoch = 0;
  /** Several threads: nobody else appends until nothing waits. */
  #isAlone = false;

  constructor(
    store: Store,
    producers: readonly WalProducer[],
    share: JournalShare | null,
    roomOfOthers: number,
  ) {
    this.#store = store;
    this.#producers = producers;
    this.#share = share;
    this.#roomOfOthers = roomOfOthers;
    this.#bytes = new Float64Array(producers.length);
  }

  get isWaiting(): boolean {
    return this.#items.length > 0;
  }

  get bytes(): number {
    return this.#bytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  bytesOf(partition: number): number {
    return this.#bytes[partition]!;
  }

  /** Forgets what waits: it never will. Group ids of an epoch are those of no other. */
  startEpoch(epoch: number): void {
    for (const { reference } of this.#items) if (reference !== 0) this.#store.unpin(reference);
    if (this.isWaiting) this.#share?.lower();
    this.#items = [];
    this.#bytes.fill(0);
    this.#isAlone = false;
    this.#epoch = epoch;
    this.#nextGroupId = epoch * EPOCH_FACTOR + 1;
  }

  /** An entry by itself. */
  addEntry(partition: number, reference: number): void {
    const key = this.#keyOf(reference);
    const database = this.#databaseOf(reference);
    const partCount = this.#recordCountOf(reference);
    const group = partCount > 1 ? this.#openGroup(partCount) : null;
    this.#addSet({ partition, database, key, reference }, group);
    this.pump();
  }

  addRemoval(partition: number, database: number, key: Buffer): void {
    this.#add(this.#plain(RECORD_KIND.DELETE, partition, database, key, null));
    this.pump();
  }

  /** Flushes first: what they removed and was set again comes behind them. */
  addGroup(flushes: readonly (number | null)[], keys: readonly GroupKey[]): void {
    let count = flushes.length * this.#producers.length;
    for (const { reference } of keys) count += reference === 0 ? 1 : this.#recordCountOf(reference);
    const group = count > 1 ? this.#openGroup(count) : null;
    for (const database of flushes) {
      const kind = database === null ? RECORD_KIND.FLUSH_ALL : RECORD_KIND.FLUSH;
      for (let partition = 0; partition < this.#producers.length; partition++) {
        this.#add(this.#plain(kind, partition, database ?? 0, NO_KEY, group));
      }
    }
    for (const key of keys) {
      if (key.reference !== 0) this.#addSet(key, group);
      else this.#add(this.#plain(RECORD_KIND.DELETE, key.partition, key.database, key.key, group));
    }
  }

  /** Records what there is room for. */
  pump(): void {
    if (this.#items.length === 0) return;
    if (this.#share === null) this.#forget(this.#recordItems());
    else this.#recordShared(this.#share);
  }

  #recordShared(share: JournalShare): void {
    const { locks } = this.#store;
    locks?.enter();
    // Otherwise another thread has begun an epoch, in which this has no place (`startEpoch`).
    if (share.epoch === this.#epoch) {
      this.#forget(this.#fitsBesideOthers() ? this.#recordAtOnce() : this.#recordAlone());
      if (this.#items.length === 0) {
        this.#isAlone = false;
        share.lower();
      }
    }
    locks?.leave();
  }

  #fitsBesideOthers(): boolean {
    if (this.#isAlone) return false;
    return this.#producers.every((producer, partition) => {
      const bytes = this.#bytes[partition]!;
      return bytes === 0 || producer.hasRoom(bytes + this.#roomOfOthers);
    });
  }

  #recordAtOnce(): number {
    const held = this.#producers.filter((_, partition) => this.#bytes[partition]! > 0);
    for (const producer of held) producer.hold();
    const count = this.#recordItems();
    for (const producer of held) producer.release();
    return count;
  }

  #recordAlone(): number {
    if (!this.#isAlone) this.#store.locks?.alsoAll();
    this.#isAlone = true;
    return this.#recordItems();
  }

  /** How many of the first are recorded. */
  #recordItems(): number {
    let count = 0;
    while (count < this.#items.length && this.#recordItem(this.#items[count]!)) count++;
    return count;
  }

  #forget(count: number): void {
    for (const { reference } of this.#items.splice(0, count)) {
      if (reference !== 0) this.#store.unpin(reference);
    }
  }

  #openGroup(count: number): Membership {
    const id = this.#share === null ? this.#nextGroupId++ : this.#share.takeGroupId();
    return { id, count, index: 0 };
  }

  #plain(
    kind: RecordKind,
    partition: number,
    database: number,
    key: Buffer,
    group: Membership | null,
  ): Item {
    return {
      partition,
      kind,
      database,
      key,
      reference: 0,
      deadlineLow: 0,
      deadlineHigh: 0,
      valueLength: 0,
      group,
      done: 0,
    };
  }

  #addSet({ partition, database, key, reference }: GroupKey, group: Membership | null): void {
    const words = this.#store.arena.words[reference >>> BANK_SHIFT]!;
    const word = wordIndexOf(reference);
    const hasPlace = (words[word]! & FLAG_DEADLINE) !== 0;
    const isLong = this.#store.values.isInPieces(reference);
    this.#store.pins.pin(reference);
    this.#add({
      ...this.#plain(isLong ? RECORD_KIND.PART : RECORD_KIND.SET, partition, database, key, group),
      reference,
      deadlineLow: hasPlace ? words[word + 2]! : 0,
      deadlineHigh: hasPlace ? words[word + 3]! : 0,
      valueLength: this.#store.valueLength(reference),
    });
  }

  #add(item: Item): void {
    if (this.#items.length === 0 && this.#share !== null) {
      assert(!this.#share.isWaiting, "a write is allowed while no other thread's records wait");
      this.#share.raise();
    }
    this.#items.push(item);
    this.#bytes[item.partition]! += this.#sizeOfRest(item);
  }

  /** Records an item or as many of its parts as there is room for; whether it is done. */
  #recordItem(item: Item): boolean {
    for (;;) {
      const length = this.#nextLength(item);
      const size = this.#sizeOf(item, length);
      const producer = this.#producers[item.partition]!;
      assert(size <= producer.recordSizeMax, "every record fits its ring");
      if (!producer.hasRoom(size)) return false;
      this.#writeRecord(producer, item, size, length);
      this.#bytes[item.partition]! -= size;
      item.done += length;
      if (item.kind !== RECORD_KIND.PART || item.done === item.valueLength) break;
    }
    return true;
  }

  #writeRecord(producer: WalProducer, item: Item, size: number, length: number): void {
    const { group, key, kind } = item;
    const isPart = kind === RECORD_KIND.PART;
    const head = payloadOffset(group !== null, isPart);
    const offset = producer.beginRecord(size, head);
    const { view } = producer.area;
    writeRecordHeader(
      view,
      offset,
      size,
      kind,
      item.database,
      key.length,
      length,
      group === null ? 0 : FLAG_MEMBER,
      item.deadlineLow,
      item.deadlineHigh,
    );
    if (group !== null) {
      writeMembership(view, offset + RECORD_HEADER_SIZE, group.id, group.count, group.index++);
    }
    if (isPart) {
      const place = offset + payloadOffset(group !== null, false);
      writePartPlace(view, place, item.done, item.valueLength);
    }
    producer.copyBytes(head, key, 0, key.length);
    let to = head + key.length;
    if (length > 0) {
      const { values } = this.#store;
      values.forEachStretch(item.reference, item.done, item.done + length, (area, begin, count) => {
        producer.copyBytes(to, area.bytes, begin, count);
        to += count;
      });
    }
    producer.endRecord();
  }

  #nextLength(item: Item): number {
    const left = item.valueLength - item.done;
    return item.kind === RECORD_KIND.PART ? Math.min(PART_LENGTH, left) : left;
  }

  #sizeOf({ key, group, kind }: Item, length: number): number {
    return recordSize(key.length, length, group !== null, kind === RECORD_KIND.PART);
  }

  #sizeOfRest(item: Item): number {
    if (item.kind !== RECORD_KIND.PART) return this.#sizeOf(item, item.valueLength);
    const wholeCount = Math.floor(item.valueLength / PART_LENGTH);
    const rest = item.valueLength % PART_LENGTH;
    const restSize = rest === 0 ? 0 : this.#sizeOf(item, rest);
    return wholeCount * this.#sizeOf(item, PART_LENGTH) + restSize;
  }

  #recordCountOf(reference: number): number {
    if (!this.#store.values.isInPieces(reference)) return 1;
    return Math.ceil(this.#store.valueLength(reference) / PART_LENGTH);
  }

  #keyOf(reference: number): Buffer {
    const begin = this.#store.keyOffset(reference);
    const end = begin + this.#store.keyLength(reference);
    return Buffer.from(this.#store.area(reference).bytes.subarray(begin, end));
  }

  #databaseOf(reference: number): number {
    return databaseOf(this.#store.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!);
  }
}
