// A random history of a StoreKeyspace under one seed, beside a ModelKeyspace that says what must
// come out, over several databases. The store is tiny, so that tables grow, split, shrink and get
// flooded, the compactor works and memory runs out.

import { expect } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { databaseSeed } from "../../src/store/database.ts";
import { KEEP_DEADLINE, NO_DEADLINE, type Watcher } from "../../src/redis/keyspace.ts";
import { KeyspaceFixture, bytesOf } from "./keyspace-fixture.ts";
import { ModelKeyspace } from "./model-keyspace.ts";
import { Random } from "./random.ts";
import { keyWithHash } from "./xxhash-collisions.ts";

/** What happened, summed over histories: proof that the interesting paths were taken. */
export class KeyspaceTally {
  refused = 0;
  moved = 0;
  floods = 0;
  expired = 0;
  flushes = 0;
  dirty = 0;
  clean = 0;
}

const DATABASES = [0, 1, 9, 15] as const;
const KEY_COUNT = 400;
const COLLIDING_KEY_COUNT = 70;
const VALUE_LENGTHS = [0, 5, 30, 100, 700, 3000, 12_000, 42_000, 140_000];
const WATCHER_COUNT = 4;
const TEXT = new Random(7).text(200_000);

class TestWatcher implements Watcher {
  isDirty = false;
}

interface WatcherPair {
  readonly store: TestWatcher;
  readonly model: TestWatcher;
}

export class KeyspaceHistory {
  readonly #random: Random;
  readonly #fixture: KeyspaceFixture;
  readonly #model: ModelKeyspace;
  readonly #keys: readonly string[];
  readonly #watchers: readonly WatcherPair[];
  readonly #tally: KeyspaceTally;
  readonly #pinned: { reference: number; value: string }[] = [];
  #valueLength = 0;
  #stepCount = 0;

  constructor(seed: number, tally: KeyspaceTally) {
    const random = new Random(seed);
    const storeSeed = random.word();
    this.#random = random;
    this.#tally = tally;
    this.#fixture = new KeyspaceFixture({
      sizeBytes: random.between(12, 60) * PAGE_SIZE,
      segmentBits: random.between(1, 4),
      slotsLog2Max: random.between(6, 9),
      seeds: [storeSeed, random.word(), random.word()],
    });
    this.#model = new ModelKeyspace(this.#fixture.clock.now);
    this.#keys = listKeys(random, storeSeed);
    this.#watchers = Array.from({ length: WATCHER_COUNT }, () => ({
      store: new TestWatcher(),
      model: new TestWatcher(),
    }));
  }

  step(): void {
    const random = this.#random;
    if (this.#stepCount++ % 100 === 0) this.#valueLength = random.pick(VALUE_LENGTHS);
    const database = random.pick(DATABASES);
    const key = random.pick(this.#keys);
    const choice = random.below(100);
    if (choice < 50) this.#set(database, key);
    else if (choice < 55) this.#overwrite(database, key);
    else if (choice < 67) this.#delete(database, key);
    else if (choice < 77) this.#setDeadline(database, key);
    else if (choice < 85) this.#transfer(database, key);
    else if (choice < 90) this.#watch(database, key);
    else if (choice < 95) this.#pinOrUnpin(database, key);
    else if (choice < 99) this.#passTime();
    else if (random.oneIn(4)) this.#flush(database);
    this.#compareKey(database, key);
  }

  /** Compares everything that the two hold, by every way of asking. */
  check(): void {
    const { keys, store } = this.#fixture;
    const model = this.#model;
    for (const database of DATABASES) {
      for (const key of this.#keys) this.#compareKey(database, key);
      const wanted = listAll(model, database);
      const found = this.#fixture.scanAll(database, this.#random.between(1, 50));
      expect(found.toSorted(), `keys of database ${database}`).toEqual(wanted.toSorted());
      expect(keys.count(database), "count").toBe(model.count(database));
      expect(keys.deadlineCount(database), "deadlines").toBe(model.deadlineCount(database));
      const random = keys.randomKey(database)?.toString("latin1");
      if (wanted.length === 0) expect(random).toBeUndefined();
      else expect(wanted).toContain(random!);
    }
    for (const { reference, value } of this.#pinned) {
      // It may have grown at its end.
      const bytes = store.values.bytes(reference, 0, value.length).toString("latin1");
      if (bytes !== value) throw new Error("a value was written while it was being sent");
    }
    expect(this.#fixture.census().entryCount, "slots taken").toBe(store.keyCount);
    expect(store.database, "the current database").toBe(0);
    this.#compareWatchers();
  }

  /** Removes everything; then no memory may be in use. */
  finish(): void {
    const { keys, store } = this.#fixture;
    this.#tally.moved += store.compactor.movedCount;
    this.#tally.floods += this.#fixture.census().strongCount;
    this.#tally.expired += store.expiredCount;
    keys.flush();
    this.#model.flush();
    this.check();
    for (const { reference } of this.#pinned.splice(0)) store.unpin(reference);
    const memory = store.memoryBytes();
    expect([memory.entries, memory.slots, memory.pieces], "bytes left").toEqual([0, 0, 0]);
    expect([store.keyCount, store.deadlineCount], "keys left").toEqual([0, 0]);
    for (const pair of this.#watchers) keys.unwatch(pair.store);
    expect(store.watches.count, "watches left").toBe(0);
  }

  #set(database: number, key: string): void {
    const random = this.#random;
    const value = this.#makeValue();
    const deadlineMs = random.pick([NO_DEADLINE, KEEP_DEADLINE, this.#makeDeadline()]);
    const args = [database, bytesOf(key), value, deadlineMs] as const;
    this.#agree(this.#fixture.keys.set(...args), database, key, () => this.#model.set(...args));
  }

  #overwrite(database: number, key: string): void {
    const old = this.#model.find(database, bytesOf(key));
    if (old === null) return;
    const position = this.#random.below(old.length + 10);
    const args = [database, bytesOf(key), position, this.#makeValue()] as const;
    const isDone = this.#fixture.keys.overwrite(...args);
    this.#agree(isDone, database, key, () => this.#model.overwrite(...args));
  }

  #delete(database: number, key: string): void {
    const args = [database, bytesOf(key)] as const;
    expect(this.#fixture.keys.delete(...args), "deleted").toBe(this.#model.delete(...args));
  }

  #setDeadline(database: number, key: string): void {
    if (this.#model.find(database, bytesOf(key)) === null) return;
    const deadlineMs = this.#random.oneIn(4) ? NO_DEADLINE : this.#makeDeadline();
    const args = [database, bytesOf(key), deadlineMs] as const;
    this.#agree(this.#fixture.keys.setDeadline(...args), database, key, () =>
      this.#model.setDeadline(...args),
    );
  }

  /** Copies or moves a key. */
  #transfer(from: number, key: string): void {
    const to = this.#random.pick(DATABASES);
    const newKey = this.#random.pick(this.#keys);
    if (this.#model.find(from, bytesOf(key)) === null || (from === to && key === newKey)) return;
    const args = [from, bytesOf(key), to, bytesOf(newKey)] as const;
    if (this.#random.oneIn(2)) {
      this.#agree(this.#fixture.keys.copy(...args), to, newKey, () => this.#model.copy(...args));
    } else {
      this.#agree(this.#fixture.keys.move(...args), to, newKey, () => this.#model.move(...args));
    }
    this.#compareKey(to, newKey);
  }

  #watch(database: number, key: string): void {
    const pair = this.#random.pick(this.#watchers);
    if (!this.#random.oneIn(3)) {
      this.#fixture.keys.watch(database, bytesOf(key), pair.store);
      this.#model.watch(database, bytesOf(key), pair.model);
      return;
    }
    this.#compareWatchers();
    this.#fixture.keys.unwatch(pair.store);
    this.#model.unwatch(pair.model);
    pair.store.isDirty = false;
    pair.model.isDirty = false;
  }

  #compareWatchers(): void {
    for (const { store, model } of this.#watchers) {
      this.#fixture.keys.meetWatched(store);
      this.#model.meetWatched(model);
      expect(store.isDirty, "dirty").toBe(model.isDirty);
      if (model.isDirty) this.#tally.dirty++;
      else this.#tally.clean++;
    }
  }

  #pinOrUnpin(database: number, key: string): void {
    const { store } = this.#fixture;
    if (this.#pinned.length > 0 && this.#random.oneIn(2)) {
      const [pinned] = this.#pinned.splice(this.#random.below(this.#pinned.length), 1);
      store.unpin(pinned!.reference);
      return;
    }
    const value = this.#fixture.get(database, key);
    if (value === null) return;
    const reference = this.#fixture.entryOf(database, key);
    store.pins.pin(reference);
    this.#pinned.push({ reference, value });
  }

  #passTime(): void {
    const step = this.#random.pick([10, 1000, 100_000]);
    const nowMs = this.#fixture.clock.now + this.#random.below(step);
    this.#fixture.moveTo(nowMs);
    this.#model.nowMs = nowMs;
    if (this.#random.oneIn(2)) this.#fixture.maintain();
  }

  #flush(database: number): void {
    const which = this.#random.oneIn(4) ? undefined : database;
    this.#fixture.keys.flush(which);
    this.#model.flush(which);
    this.#tally.flushes++;
  }

  /** Has the model do what the store has done, unless memory was full. */
  #agree(isDone: boolean, database: number, key: string, change: () => boolean): void {
    if (isDone) expect(change()).toBe(true);
    else this.#tally.refused++;
    if (!isDone) this.#model.find(database, bytesOf(key));
    if (!isDone && this.#random.oneIn(3)) this.#makeRoom();
  }

  #makeRoom(): void {
    const share = this.#random.between(2, 8);
    for (const database of DATABASES) {
      for (const key of this.#keys) if (this.#random.oneIn(share)) this.#delete(database, key);
    }
  }

  #compareKey(database: number, key: string): void {
    const bytes = bytesOf(key);
    const found = this.#fixture.keys.find(database, bytes);
    const wanted = this.#model.find(database, bytes);
    expect(found === null, "missing").toBe(wanted === null);
    const memoryBytes = this.#fixture.keys.memoryBytes(database, bytes);
    expect(memoryBytes === 0, "without memory").toBe(wanted === null);
    if (found === null || wanted === null) return;
    expect(memoryBytes).toBeGreaterThan(key.length + wanted.length);
    expect(found.length).toBe(wanted.length);
    expect(found.deadlineMs).toBe(wanted.deadlineMs);
    if (!found.bytes().equals(wanted.bytes())) throw new Error("a value differs");
    const begin = this.#random.below(wanted.length + 1);
    if (!found.bytes(begin).equals(wanted.bytes(begin))) throw new Error("a part differs");
  }

  #makeValue(): Buffer {
    const random = this.#random;
    const length = random.oneIn(3) ? random.pick(VALUE_LENGTHS) : this.#valueLength;
    const begin = random.below(TEXT.length - length);
    return bytesOf(TEXT.slice(begin, begin + random.between(Math.floor(length / 2), length + 1)));
  }

  #makeDeadline(): bigint {
    const distance = this.#random.pick([-5, 20, 2000, 200_000, 2 ** 33]);
    return BigInt(this.#fixture.clock.now + Math.floor(distance * (1 + this.#random.below(2))));
  }
}

/** Keys of all lengths, and for each database some that flood it. */
function listKeys(random: Random, storeSeed: number): string[] {
  const keys = Array.from({ length: KEY_COUNT }, (_, i) => {
    const rest = random.oneIn(50) ? random.below(300) : random.below(12);
    return `${i}`.padEnd(rest, "k");
  });
  const hash = random.word();
  for (const database of DATABASES) {
    const seed = databaseSeed(storeSeed, database);
    for (let i = 0; i < COLLIDING_KEY_COUNT; i++) keys.push(keyWithHash(hash, seed, i));
  }
  return [...new Set(keys)];
}

function listAll(model: ModelKeyspace, database: number): string[] {
  const keys: string[] = [];
  model.scan(database, 0, Infinity, (key) => keys.push(key.toString("latin1")));
  return keys;
}
