// A seeded history of writes over several partitions and two databases, as WAL files and as the Map
// that is true at its end. A key belongs to a partition by its number.

import { RECORD_KIND } from "../../src/wal/record.ts";
import type { Contents } from "./recovery-fixture.ts";
import { nameOf, textOf } from "./recovery-fixture.ts";
import type { Random } from "./random.ts";
import { WalFiles, type RecordText } from "./wal-files.ts";

const { SET, DELETE, FLUSH, FLUSH_ALL, PART } = RECORD_KIND;

export interface HistoryOptions {
  readonly partitionCount: number;
  readonly keyCount: number;
  readonly valueLengthMax: number;
  readonly partLength: number;
  /** Deadlines are from here on; all lie in the future of the test's clock. */
  readonly deadlineBeginMs: number;
  readonly epoch?: number;
  readonly startPosition?: number;
}

interface Write {
  readonly partition: number;
  readonly record: RecordText;
}

export class WalHistory {
  readonly wal: WalFiles;
  readonly contents: Contents;
  /** Called after every write, and every group as a whole; the model is as it was then. */
  onStep: (history: WalHistory) => void = () => {};
  onRecord: (record: RecordText) => void = () => {};
  readonly #random: Random;
  readonly #options: HistoryOptions;
  #groupId = 0;

  constructor(random: Random, options: HistoryOptions, contents: Contents = new Map()) {
    const { partitionCount, epoch, startPosition } = options;
    this.#random = random;
    this.#options = options;
    this.contents = contents;
    this.wal = new WalFiles(partitionCount, epoch, startPosition);
  }

  run(stepCount: number): void {
    for (let i = 0; i < stepCount; i++) {
      this.#step();
      this.onStep(this);
      this.#gather();
    }
  }

  /** Some partitions make a group of what has gathered, or go on in another file. */
  #gather(): void {
    const random = this.#random;
    const partition = random.below(this.#options.partitionCount);
    if (random.oneIn(4)) this.wal.seal(partition, random.oneIn(2));
    else if (random.oneIn(40)) this.wal.rotate(partition);
  }

  #step(): void {
    const choice = this.#random.below(100);
    if (choice < 60) this.#append([this.#set()]);
    else if (choice < 75) this.#append([this.#delete()]);
    else if (choice < 77) this.#append(this.#flush());
    else if (choice < 90) this.#appendGroup(this.#several());
    else this.#appendGroup(this.#longValue());
  }

  #several(): Write[] {
    const count = this.#random.between(1, 6);
    const writes: Write[] = [];
    for (let i = 0; i < count; i++) {
      if (this.#random.oneIn(12)) writes.push(...this.#flushAll());
      else if (this.#random.oneIn(6)) writes.push(...this.#longValue());
      else writes.push(this.#random.oneIn(3) ? this.#delete() : this.#set());
    }
    return writes;
  }

  #set(): Write {
    const { valueLengthMax } = this.#options;
    const value = this.#random.text(this.#random.below(valueLengthMax + 1));
    const { partition, record } = this.#key();
    const deadlineMs = this.#deadline();
    return { partition, record: { kind: SET, ...record, value, deadlineMs } };
  }

  #delete(): Write {
    const { partition, record } = this.#key();
    return { partition, record: { kind: DELETE, ...record } };
  }

  #longValue(): Write[] {
    const { valueLengthMax, partLength } = this.#options;
    const whole = this.#random.between(1, 6 * Math.max(partLength, valueLengthMax));
    const value = this.#random.text(whole);
    const { partition, record } = this.#key();
    const deadlineMs = this.#deadline();
    const writes: Write[] = [];
    for (let offset = 0; offset < whole; offset += partLength) {
      const part = { offset, whole };
      const bytes = value.slice(offset, offset + partLength);
      writes.push({ partition, record: { kind: PART, ...record, value: bytes, deadlineMs, part } });
    }
    return writes;
  }

  #flush(): Write[] {
    const database = this.#random.below(2);
    return this.#inAll({ kind: FLUSH, database });
  }

  #flushAll(): Write[] {
    return this.#inAll({ kind: FLUSH_ALL });
  }

  #inAll(record: RecordText): Write[] {
    const { partitionCount } = this.#options;
    return Array.from({ length: partitionCount }, (_, partition) => ({ partition, record }));
  }

  #key(): { partition: number; record: { database: number; key: string } } {
    const number = this.#random.below(this.#options.keyCount);
    const database = this.#random.below(2);
    const partition = number % this.#options.partitionCount;
    return { partition, record: { database, key: `key:${number}` } };
  }

  #deadline(): number {
    if (!this.#random.oneIn(5)) return 0;
    return this.#options.deadlineBeginMs + this.#random.below(1000);
  }

  /** Of one partition a record alone, of several a group. */
  #append(writes: readonly Write[]): void {
    if (writes.length > 1) {
      this.#appendGroup(writes);
      return;
    }
    const { partition, record } = writes[0]!;
    this.wal.append(partition, record);
    this.#apply(record);
  }

  #appendGroup(writes: readonly Write[]): void {
    const id = ++this.#groupId;
    for (const [index, { partition, record }] of writes.entries()) {
      const member = { id, count: writes.length, index };
      this.wal.append(partition, { ...record, member });
      this.#apply(record);
      // A group of records on disk has nothing to do with a transaction's.
      if (this.#random.oneIn(8)) this.wal.seal(partition);
    }
  }

  #apply(record: RecordText): void {
    this.onRecord(record);
    const { kind, database = 0, key = "", value = "", deadlineMs = 0, part } = record;
    const name = nameOf(database, key);
    if (kind === DELETE) this.contents.delete(name);
    else if (kind === FLUSH_ALL) this.contents.clear();
    else if (kind === FLUSH) this.#clear(database);
    else if (part === undefined || part.offset === 0) {
      this.contents.set(name, textOf(value, deadlineMs));
    } else this.contents.set(name, this.contents.get(name)! + value);
  }

  #clear(database: number): void {
    for (const name of this.contents.keys()) {
      if (name.startsWith(`${database}:`)) this.contents.delete(name);
    }
  }
}
