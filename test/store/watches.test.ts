import { describe, expect, test } from "bun:test";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import type { Watcher } from "../../src/store/watches.ts";
import { KeyspaceFixture, bytesOf } from "../support/keyspace-fixture.ts";
import { CHANGES, DATABASE, KEY, NO_CHANGES, isWatched } from "../support/watch-changes.ts";

class WatchFixture extends KeyspaceFixture {
  readonly watcher: Watcher = { isDirty: false };

  constructor() {
    super({ sizeBytes: 8 * 2 ** 20 });
  }

  watch(key = KEY, watcher = this.watcher): void {
    this.keys.watch(DATABASE, key, watcher);
  }

  isMarked(key: string): boolean {
    return isWatched(this, DATABASE, key);
  }
}

describe("a watched key", () => {
  test.each(Object.keys(CHANGES))("notices %s", (name) => {
    const fixture = new WatchFixture();
    fixture.set(0, "other", "value");
    fixture.set(DATABASE, "key", "value");
    fixture.watch();
    CHANGES[name]!(fixture);
    expect(fixture.watcher.isDirty).toBe(true);
  });

  test.each(Object.keys(NO_CHANGES))("does not mind %s", (name) => {
    const fixture = new WatchFixture();
    fixture.set(0, "other", "value");
    fixture.set(DATABASE, "key", "value");
    fixture.watch();
    NO_CHANGES[name]!(fixture);
    expect(fixture.watcher.isDirty).toBe(false);
    expect(fixture.isMarked("key")).toBe(true);
  });

  test("notices a deadline taken away", () => {
    const fixture = new WatchFixture();
    fixture.set(DATABASE, "key", "value", BigInt(fixture.clock.now + 1000));
    fixture.watch();
    fixture.keys.setDeadline(DATABASE, KEY, NO_DEADLINE);
    expect(fixture.watcher.isDirty).toBe(true);
  });

  test("notices a value that is replaced, and one that grows in pieces", () => {
    for (const length of [5, 1000]) {
      const fixture = new WatchFixture();
      fixture.set(0, "key", "value");
      fixture.keys.watch(0, KEY, fixture.watcher);
      const { store, windows } = fixture;
      const offset = windows.keyScratchOffset;
      const args = [offset, windows.area.bytes.write("key", offset)] as const;
      const hash = store.hashOf(...args);
      store.replaceValue(store.find(...args, hash), ...args, hash, offset, length);
      expect(fixture.watcher.isDirty).toBe(true);
    }
    const fixture = new WatchFixture();
    fixture.set(DATABASE, "key", "v".repeat(500_000));
    fixture.watch();
    expect(fixture.keys.overwrite(DATABASE, KEY, 500_000, bytesOf("more"))).toBe(true);
    expect(fixture.watcher.isDirty).toBe(true);
  });

  test("notices its own coming, when it was not there", () => {
    const fixture = new WatchFixture();
    fixture.watch();
    fixture.delete(DATABASE, "key");
    fixture.keys.flush();
    expect(fixture.watcher.isDirty).toBe(false);
    fixture.set(DATABASE, "key", "value");
    expect(fixture.watcher.isDirty).toBe(true);
  });

  test("is marked as long as somebody watches, wherever its entry goes", () => {
    const fixture = new WatchFixture();
    const other: Watcher = { isDirty: false };
    fixture.watch();
    fixture.watch(KEY, other);
    for (const length of [5, 1000, 500_000, 20]) {
      fixture.set(DATABASE, "key", "v".repeat(length));
      expect(fixture.isMarked("key")).toBe(true);
    }
    fixture.keys.setDeadline(DATABASE, KEY, BigInt(2 ** 50));
    expect(fixture.isMarked("key")).toBe(true);
    fixture.keys.unwatch(fixture.watcher);
    expect(fixture.isMarked("key")).toBe(true);
    fixture.keys.unwatch(other);
    expect(fixture.isMarked("key")).toBe(false);
    expect(fixture.store.watches.count).toBe(0);
  });

  test("is nothing to those who have ended their watch", () => {
    const fixture = new WatchFixture();
    const other: Watcher = { isDirty: false };
    fixture.watch();
    fixture.watch(KEY, other);
    fixture.watch(bytesOf("second"));
    fixture.keys.unwatch(fixture.watcher);
    fixture.set(DATABASE, "key", "value");
    fixture.set(DATABASE, "second", "value");
    expect(fixture.watcher.isDirty).toBe(false);
    expect(other.isDirty).toBe(true);
  });
});

describe("a watched key that expires", () => {
  const expiring = (): WatchFixture => {
    const fixture = new WatchFixture();
    fixture.set(DATABASE, "key", "value", BigInt(fixture.clock.now + 1000));
    return fixture;
  };

  test("is noticed by who met it alive, when it is removed", () => {
    const fixture = expiring();
    fixture.watch();
    fixture.moveTo(fixture.clock.now + 5000);
    fixture.maintain();
    expect(fixture.keys.count(DATABASE)).toBe(0);
    expect(fixture.watcher.isDirty).toBe(true);
  });

  test("is noticed by who met it alive, when it is asked for before", () => {
    const fixture = expiring();
    fixture.watch();
    fixture.moveTo(fixture.clock.now + 1000);
    expect(fixture.watcher.isDirty).toBe(false);
    fixture.keys.meetWatched(fixture.watcher);
    expect(fixture.watcher.isDirty).toBe(true);
  });

  test("had expired before is no news", () => {
    const fixture = expiring();
    fixture.moveTo(fixture.clock.now + 1000);
    fixture.watch();
    fixture.get(DATABASE, "key");
    fixture.keys.meetWatched(fixture.watcher);
    fixture.keys.flush();
    fixture.maintain();
    expect(fixture.watcher.isDirty).toBe(false);
    fixture.set(DATABASE, "key", "value");
    expect(fixture.watcher.isDirty).toBe(true);
  });
});
