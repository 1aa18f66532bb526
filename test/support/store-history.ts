// A random history of a store under one seed, beside a Map that says what must come out. The store
// is tiny, so that within a few hundred steps tables grow, split, shrink and get flooded, pages are
// used again for other sizes, the compactor moves what still lies in them, and memory runs out.

import { expect } from "bun:test";
import { BANK_SHIFT, PAGE_SIZE, byteOffsetOf, wordIndexOf } from "../../src/store/arena.ts";
import { PURPOSE } from "../../src/store/block-heap.ts";
import { CLASS_SHIFT, PIECES_SIZE } from "../../src/store/entry.ts";
import { CLASS_COUNT, CLASS_SIZES } from "../../src/store/size-class.ts";
import type { StoreBuffers } from "../../src/store/store-buffers.ts";
import { keyWithHash } from "./xxhash-collisions.ts";
import { Random } from "./random.ts";
import { StoreFixture } from "./store-fixture.ts";

/** What happened, summed over histories: proof that the interesting paths were taken. */
export class Tally {
  sets = 0;
  refusedSets = 0;
  refusedDeadlines = 0;
  splits = 0;
  floods = 0;
  strongTables = 0;
  shrinks = 0;
  moved = 0;
  expired = 0;
  orphans = 0;
  pageReuses = 0;
  negativeReferences = 0;
  long = 0;
}

interface Item {
  readonly value: string;
  readonly deadlineMs: number;
}

interface Pinned {
  readonly reference: number;
  readonly key: string;
  readonly value: string;
}

/** Chances of each operation out of their sum. */
interface Mood {
  readonly set: number;
  readonly remove: number;
  readonly deadline: number;
  readonly pin: number;
  readonly time: number;
}

const MOODS: readonly Mood[] = [
  { set: 90, remove: 2, deadline: 5, pin: 1, time: 2 },
  { set: 60, remove: 15, deadline: 20, pin: 2, time: 3 },
  { set: 50, remove: 35, deadline: 5, pin: 5, time: 5 },
  { set: 5, remove: 85, deadline: 5, pin: 2, time: 3 },
  { set: 25, remove: 5, deadline: 60, pin: 2, time: 8 },
];
const MOOD_STEPS = 200;
const VALUE_LENGTHS = [5, 30, 100, 700, 1500, 3000, 6000, 12_000, 20_000, 42_000];
const VALUE_TEXT = new Random(7).text(2 ** 18);
const COLLIDING_KEYS = 60;
/** Pairs that the expiry index keeps although nothing is left; a sweep would not be worth it. */
const STALE_PAIRS_MAX = 4096;

export class StoreHistory {
  readonly #random: Random;
  readonly #fixture: StoreFixture;
  readonly #model = new Map<string, Item>();
  readonly #pinned: Pinned[] = [];
  readonly #keys: readonly string[];
  readonly #tally: Tally;
  readonly #valueLengths: readonly number[];
  /** Pages that are taken before the history begins, and how many there may be then. */
  readonly #pageBase: number;
  readonly #pageLimit: number;
  #mood = MOODS[0]!;
  /** Most values are about this long for a while: every size class in use takes a page. */
  #valueLength = 0;
  #stepCount = 0;

  constructor(seed: number, tally: Tally, buffers?: StoreBuffers) {
    const random = new Random(seed);
    this.#random = random;
    this.#tally = tally;
    this.#pageLimit = random.oneIn(20) ? random.between(2, 5) : random.between(5, 21);
    const storeSeed = random.word();
    this.#fixture = new StoreFixture({
      sizeBytes: this.#pageLimit * PAGE_SIZE,
      segmentBits: random.between(1, 3),
      slotsLog2Min: 6,
      slotsLog2Max: random.between(6, 8),
      seeds: [storeSeed, random.word(), random.word()],
      ...(buffers === undefined ? {} : { buffers }),
    });
    this.#pageBase = this.#fixture.store.pool.takenCount;
    this.#setPageLimit(this.#pageLimit - 1);
    this.#valueLengths = [1, 2, 3].map(() => random.pick(VALUE_LENGTHS));
    this.#keys = listKeys(random, storeSeed);
  }

  step(): void {
    const random = this.#random;
    if (this.#stepCount++ % MOOD_STEPS === 0) {
      this.#mood = random.pick(MOODS);
      this.#valueLength = random.pick(this.#valueLengths);
    }
    const { set, remove, deadline, pin, time } = this.#mood;
    let choice = random.below(set + remove + deadline + pin + time);
    const key = random.pick(this.#keys);
    if ((choice -= set) < 0) this.#set(key);
    else if ((choice -= remove) < 0) this.#remove(key);
    else if ((choice -= deadline) < 0) this.#changeDeadline(key);
    else if ((choice -= pin) < 0) this.#pinOrUnpin(key);
    else this.#passTime();
    this.#compareKey(key);
  }

  /** Compares everything that the store holds and says with the model. */
  check(): void {
    const { store } = this.#fixture;
    const census = this.#fixture.census();
    const references = this.#fixture.references();
    let deadlineCount = 0;
    let blockBytes = 0;
    let pieceBytes = 0;
    let liveCount = 0;
    for (const reference of references) {
      const deadlineMs = store.deadlineMs(reference);
      if (deadlineMs !== 0) deadlineCount++;
      blockBytes += this.#blockBytesOf(reference);
      pieceBytes += this.#pieceBytesOf(reference);
      if (reference < 0) this.#tally.negativeReferences++;
      if (store.values.isInPieces(reference)) this.#tally.long++;
      if (store.hasExpired(reference)) continue;
      liveCount++;
      const item = this.#live(this.#fixture.keyOf(reference));
      if (item === undefined) throw new Error("a key that was removed is still there");
      if (item.value !== this.#fixture.valueOf(reference)) throw new Error("a value differs");
      if (item.deadlineMs !== deadlineMs) throw new Error("a deadline differs");
    }
    for (const pinned of this.#pinned) {
      if (this.#fixture.keyOf(pinned.reference) !== pinned.key) throw new Error("a pin moved");
      if (this.#fixture.valueOf(pinned.reference) !== pinned.value) {
        throw new Error("a pinned value was written");
      }
    }
    const linked = new Set(references);
    const orphans = new Set(this.#pinned.map(({ reference }) => reference)).difference(linked);
    for (const orphan of orphans) {
      blockBytes += this.#blockBytesOf(orphan);
      pieceBytes += this.#pieceBytesOf(orphan);
    }
    const memory = store.memoryBytes();
    expect(liveCount, "live keys").toBe(this.#countLive());
    expect(store.keyCount, "keys").toBe(references.length);
    expect(census.entryCount, "slots taken").toBe(references.length);
    expect(store.deadlineCount, "entries with a deadline").toBe(deadlineCount);
    expect(memory.entries, "bytes of entries").toBe(blockBytes);
    expect(memory.pieces, "bytes of pieces").toBe(pieceBytes);
    expect(memory.slots, "bytes of tables").toBe(census.tableBytes);
    expect(memory.unused, "bytes beyond").toBeGreaterThanOrEqual(0);
    expect(store.pool.takenCount, "pages").toBeLessThan(this.#pageBase + this.#pageLimit);
  }

  /** Removes every key and pin; then nothing of any entry may be left. */
  finish(): void {
    const { store } = this.#fixture;
    const census = this.#fixture.census();
    this.#tally.splits += census.directoryBits > 2 ? 1 : 0;
    this.#tally.strongTables += census.strongTableCount;
    this.#tally.floods += census.strongCount;
    this.#tally.moved += store.compactor.movedCount;
    this.#tally.expired += store.expiredCount;
    this.#tally.pageReuses += store.pool.dirtyCount > 0 ? 1 : 0;
    for (const { reference } of this.#pinned.splice(0)) store.unpin(reference);
    for (const key of this.#keys) this.#remove(key);
    this.#fixture.moveTo(this.#fixture.nowMs + 2 ** 40);
    this.#fixture.maintain();
    this.check();
    expect(store.keyCount, "keys left").toBe(0);
    expect(store.deadlineCount, "deadlines left").toBe(0);
    expect(store.memoryBytes().entries, "bytes left").toBe(0);
    expect(store.memoryBytes().pieces, "pieces left").toBe(0);
    expect(store.pins.count, "pins left").toBe(0);
    expect(store.expiry.pairCount, "pairs left").toBeLessThanOrEqual(STALE_PAIRS_MAX);
    for (let classIndex = 0; classIndex < CLASS_COUNT; classIndex++) {
      expect(store.heap.roomCount(PURPOSE.ENTRY, classIndex), "pages left").toBe(0);
    }
  }

  #set(key: string): void {
    const random = this.#random;
    const old = this.#live(key);
    const value = this.#makeValue();
    const canReplace = old !== undefined && random.oneIn(4);
    const deadlineMs = canReplace ? old.deadlineMs : random.oneIn(3) ? this.#makeDeadline() : 0;
    const hasRoom = canReplace
      ? this.#fixture.replace(key, value)
      : this.#fixture.set(key, value, deadlineMs);
    this.#tally.sets++;
    if (hasRoom) {
      this.#model.set(key, { value, deadlineMs });
    } else {
      this.#tally.refusedSets++;
      if (random.oneIn(20)) this.check();
      if (random.oneIn(4)) this.#makeRoom();
    }
  }

  #makeRoom(): void {
    const share = this.#random.between(2, 10);
    for (const key of this.#keys) if (this.#random.oneIn(share)) this.#remove(key);
  }

  #remove(key: string): void {
    const item = this.#live(key);
    const tableBytes = this.#fixture.store.memoryBytes().slots;
    const isRemoved = this.#fixture.remove(key);
    if (isRemoved !== (item !== undefined)) throw new Error(`removed: ${isRemoved}`);
    this.#model.delete(key);
    if (this.#fixture.store.memoryBytes().slots < tableBytes) this.#tally.shrinks++;
  }

  #changeDeadline(key: string): void {
    const item = this.#live(key);
    if (item === undefined) return;
    const deadlineMs = this.#random.oneIn(4) ? 0 : this.#makeDeadline();
    if (this.#fixture.expireAt(key, deadlineMs)) {
      this.#model.set(key, { value: item.value, deadlineMs });
    } else {
      expect(deadlineMs, "a deadline that was refused").toBeGreaterThan(0);
      this.#tally.refusedDeadlines++;
    }
  }

  #pinOrUnpin(key: string): void {
    if (this.#pinned.length > 0 && this.#random.oneIn(2)) {
      const [pinned] = this.#pinned.splice(this.#random.below(this.#pinned.length), 1);
      const bytes = this.#fixture.store.memoryBytes().entries;
      this.#fixture.store.unpin(pinned!.reference);
      if (this.#fixture.store.memoryBytes().entries < bytes) this.#tally.orphans++;
      return;
    }
    const reference = this.#fixture.find(key);
    if (reference === 0) return;
    this.#fixture.store.pins.pin(reference);
    this.#pinned.push({ reference, key, value: this.#fixture.valueOf(reference) });
  }

  #passTime(): void {
    const random = this.#random;
    const steps = [random.below(100), random.below(2000), random.below(100_000), 2 ** 31];
    const step = random.oneIn(40) ? steps[3]! : random.pick(steps.slice(0, 3));
    if (random.oneIn(20)) this.#setClockBack(step);
    else this.#fixture.moveTo(this.#fixture.nowMs + step);
    const turns = random.below(6);
    for (let i = 0; i < turns; i++) this.#fixture.store.runMaintenance();
    this.#setPageLimit(random.oneIn(30) ? random.below(this.#pageLimit) : this.#pageLimit - 1);
  }

  #setPageLimit(pageCount: number): void {
    this.#fixture.store.pool.setLimit(this.#pageBase + pageCount);
  }

  /** What has been seen to expire stays away; what has not must not expire early because of it. */
  #setClockBack(stepMs: number): void {
    for (const [key, item] of this.#model) {
      if (this.#isLive(item)) continue;
      expect(this.#fixture.get(key), "an expired key").toBeNull();
      this.#model.delete(key);
    }
    this.#fixture.moveTo(this.#fixture.nowMs - stepMs);
  }

  #compareKey(key: string): void {
    const item = this.#live(key);
    const value = this.#fixture.get(key);
    if (value !== (item?.value ?? null)) throw new Error("the key just used has another value");
    if (item === undefined) return;
    const deadlineMs = this.#fixture.deadlineOf(key);
    if (deadlineMs !== item.deadlineMs) throw new Error("the key just used has another deadline");
  }

  #makeValue(): string {
    const random = this.#random;
    if (random.oneIn(500)) return VALUE_TEXT.slice(0, random.between(100_000, VALUE_TEXT.length));
    const length = random.oneIn(100)
      ? random.below(2 * this.#valueLength)
      : this.#valueLength + random.below(5);
    const begin = random.below(VALUE_TEXT.length - length);
    return VALUE_TEXT.slice(begin, begin + length);
  }

  #makeDeadline(): number {
    const random = this.#random;
    const { nowMs } = this.#fixture;
    if (random.oneIn(20)) return nowMs + random.pick([1, 2 ** 31, 2 ** 38, 2 ** 40]);
    return nowMs + random.between(1, random.pick([300, 3000, 30_000, 3_000_000]));
  }

  #live(key: string): Item | undefined {
    const item = this.#model.get(key);
    return item !== undefined && this.#isLive(item) ? item : undefined;
  }

  #isLive({ deadlineMs }: Item): boolean {
    return deadlineMs === 0 || deadlineMs > this.#fixture.nowMs;
  }

  #countLive(): number {
    let count = 0;
    for (const item of this.#model.values()) count += Number(this.#isLive(item));
    return count;
  }

  #blockBytesOf(reference: number): number {
    const { store } = this.#fixture;
    const isInPieces = store.values.isInPieces(reference);
    const end =
      store.valueOffset(reference) + (isInPieces ? PIECES_SIZE : store.valueLength(reference));
    const header = store.arena.words[reference >>> BANK_SHIFT]![wordIndexOf(reference)]!;
    const bytes = CLASS_SIZES[header >>> CLASS_SHIFT]!;
    if (end - byteOffsetOf(reference) > bytes) throw new Error("an entry is larger than its block");
    return bytes;
  }

  #pieceBytesOf(reference: number): number {
    const { values } = this.#fixture.store;
    if (!values.isInPieces(reference)) return 0;
    return Math.ceil(values.length(reference) / PAGE_SIZE) * PAGE_SIZE;
  }
}

/** Keys of many lengths; some have one hash under the store's seed, as after a flood. */
function listKeys(random: Random, storeSeed: number): string[] {
  const count = random.between(20, random.pick([100, 1000, 3000]));
  const keyLength = random.pick([8, 8, 16, 50, 300]);
  const keys: string[] = [];
  for (let i = 0; i < count; i++) {
    const length = random.oneIn(100) ? random.below(2 * keyLength) : keyLength;
    keys.push(`${i}:${random.text(length)}`.slice(0, Math.max(length, `${i}:`.length)));
  }
  if (random.oneIn(2)) return keys;
  const hash = random.word();
  for (let i = 0; i < COLLIDING_KEYS; i++) keys.push(keyWithHash(hash, storeSeed, i));
  return keys;
}
