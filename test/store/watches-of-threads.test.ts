import { describe, expect, test } from "bun:test";
import { NO_DEADLINE, type Keyspace, type Watcher } from "../../src/redis/keyspace.ts";
import { bytesOf, type KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { ModelKeyspace } from "../support/model-keyspace.ts";
import { Random } from "../support/random.ts";
import { ThreadPair, withAllLocks } from "../support/thread-pair.ts";
import { CHANGES, DATABASE, KEY, NO_CHANGES, isWatched } from "../support/watch-changes.ts";

/** A client of a thread that watches. */
class ThreadWatcher implements Watcher {
  isDirty = false;
  readonly thread: KeyspaceFixture;

  constructor(thread: KeyspaceFixture) {
    this.thread = thread;
  }

  watch(key = KEY, database = DATABASE): boolean {
    return withAllLocks(this.thread, () => this.thread.keys.watch(database, key, this));
  }

  /** Whether EXEC would do nothing. */
  meet(): boolean {
    withAllLocks(this.thread, () => this.thread.keys.meetWatched(this));
    return this.isDirty;
  }

  unwatch(): void {
    this.thread.keys.unwatch(this);
    this.isDirty = false;
  }
}

/** A client of each of two threads, and the key in question. */
function makePair() {
  const { first, second } = new ThreadPair();
  withAllLocks(first, () => {
    first.set(0, "other", "value");
    first.set(DATABASE, "key", "value");
  });
  return { first, second, a: new ThreadWatcher(first), b: new ThreadWatcher(second) };
}

function isMarked(thread: KeyspaceFixture, key = "key"): boolean {
  return withAllLocks(thread, () => isWatched(thread, DATABASE, key));
}

describe("a key that is watched from another thread", () => {
  test.each(Object.keys(CHANGES))("notices %s", (name) => {
    const { first, second, a } = makePair();
    a.watch();
    expect(a.meet()).toBe(false);
    withAllLocks(second, () => CHANGES[name]!(second));
    expect(a.meet()).toBe(true);
    expect(first.store.watches.count).toBe(1);
  });

  test.each(Object.keys(NO_CHANGES))("does not mind %s", (name) => {
    const { second, a } = makePair();
    a.watch();
    withAllLocks(second, () => NO_CHANGES[name]!(second));
    expect(a.meet()).toBe(false);
    expect(isMarked(second)).toBe(true);
  });

  test("notices the writes of its own thread at once, as ever", () => {
    const { first, a, b } = makePair();
    a.watch();
    b.watch();
    withAllLocks(first, () => first.set(DATABASE, "key", "new"));
    expect([a.isDirty, b.isDirty]).toEqual([true, false]);
    expect(b.meet()).toBe(true);
  });

  test("notices its coming, and only then a flush", () => {
    const { first, second, a } = makePair();
    const missing = bytesOf("missing");
    a.watch(missing);
    withAllLocks(second, () => second.keys.flush());
    expect(a.meet()).toBe(false);
    withAllLocks(second, () => second.set(DATABASE, "missing", "value"));
    expect(a.meet()).toBe(true);
    expect(isMarked(first, "missing")).toBe(true);
    a.unwatch();
    a.watch(missing);
    withAllLocks(second, () => second.keys.flush());
    expect(a.meet()).toBe(true);
  });

  test("notices its expiry, whoever meets it", () => {
    const { first, second, a, b } = makePair();
    const deadlineMs = first.clock.now + 1000;
    withAllLocks(first, () => first.set(DATABASE, "key", "value", BigInt(deadlineMs)));
    a.watch();
    for (const thread of [first, second]) thread.moveTo(deadlineMs);
    withAllLocks(second, () => second.get(DATABASE, "key"));
    expect(a.isDirty).toBe(false);
    b.watch();
    expect([a.meet(), b.meet()]).toEqual([true, false]);
  });

  test("is marked as long as anybody watches", () => {
    const { first, second, a, b } = makePair();
    a.watch();
    b.watch();
    for (const length of [5, 1000, 500_000, 20]) {
      withAllLocks(second, () => second.set(DATABASE, "key", "v".repeat(length)));
      expect(isMarked(first)).toBe(true);
    }
    a.unwatch();
    expect(isMarked(first)).toBe(true);
    expect([first.store.watches.count, second.store.watches.count]).toEqual([1, 1]);
    b.unwatch();
    expect(isMarked(second)).toBe(false);
    expect([first.store.watches.count, second.store.watches.count]).toEqual([0, 0]);
  });

  test("is news from when each began to watch", () => {
    const { second, a, b } = makePair();
    const late = new ThreadWatcher(a.thread);
    a.watch();
    withAllLocks(second, () => second.set(DATABASE, "key", "new"));
    b.watch();
    late.watch();
    // Watching again does not forgive what was.
    a.watch();
    expect([a.meet(), b.meet(), late.meet()]).toEqual([true, false, false]);
    a.unwatch();
    a.watch();
    expect(a.meet()).toBe(false);
  });
});

describe("watchers of two threads", () => {
  test("are as dirty as those of one, whatever happens", () => {
    let dirtyCount = 0;
    for (let seed = 1; seed <= 20; seed++) dirtyCount += runHistory(seed);
    expect(dirtyCount).toBeGreaterThan(100);
  });
});

/** Random commands of two threads, on one model; how many watchers were found dirty. */
function runHistory(seed: number): number {
  const random = new Random(seed);
  const pair = new ThreadPair();
  const model = new ModelKeyspace(pair.first.clock.now);
  const watchers = pair.both.flatMap((thread) =>
    Array.from({ length: 3 }, () => ({
      real: new ThreadWatcher(thread),
      ideal: { isDirty: false },
    })),
  );
  let dirtyCount = 0;
  for (let step = 0; step < 400; step++) {
    const about = `seed ${seed}, step ${step}`;
    const database = random.below(2);
    const key = bytesOf(`key ${random.below(6)}`);
    const { real, ideal } = random.pick(watchers);
    const action = random.below(12);
    if (action < 4) {
      real.watch(key, database);
      model.watch(database, key, ideal);
    } else if (action < 6) {
      const thread = random.pick(pair.both);
      change(random, model, database, key, (work) => withAllLocks(thread, () => work(thread.keys)));
    } else if (action === 6) {
      model.nowMs += random.below(500);
      for (const thread of pair.both) thread.moveTo(model.nowMs);
    } else if (action === 7) {
      const thread = random.pick(pair.both);
      withAllLocks(thread, () => thread.store.runMaintenance());
    } else if (action < 10) {
      model.meetWatched(ideal);
      expect(real.meet(), about).toBe(ideal.isDirty);
      if (ideal.isDirty) dirtyCount++;
    } else {
      real.unwatch();
      model.unwatch(ideal);
      ideal.isDirty = false;
    }
  }
  for (const { real } of watchers) real.unwatch();
  for (const { store } of pair.both) expect(store.watches.count, `seed ${seed}`).toBe(0);
  return dirtyCount;
}

type Apply = (work: (keys: Keyspace) => unknown) => unknown;

/** One command that writes, to the model and to a thread. */
function change(
  random: Random,
  model: ModelKeyspace,
  database: number,
  key: Buffer,
  apply: Apply,
): void {
  const kind = random.below(10);
  const deadlineMs = random.oneIn(3) ? BigInt(model.nowMs + random.below(1000) + 1) : NO_DEADLINE;
  const which = random.oneIn(2) ? database : undefined;
  const value = bytesOf(random.text(random.below(300)));
  const both = (work: (keys: Keyspace) => unknown): void => {
    const expected = work(model);
    expect(apply(work)).toEqual(expected);
  };
  if (kind < 5) both((keys) => keys.set(database, key, value, deadlineMs));
  else if (kind < 7) both((keys) => keys.delete(database, key));
  else if (kind === 7) both((keys) => keys.flush(which));
  else if (model.find(database, key) !== null) {
    both((keys) => keys.setDeadline(database, key, deadlineMs));
  }
}
