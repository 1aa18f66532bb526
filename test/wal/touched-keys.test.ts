import { describe, expect, test } from "bun:test";
import { TouchedKeys } from "../../src/wal/touched-keys.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";

const MIB = 2 ** 20;

class Stand {
  readonly keyspace = new KeyspaceFixture({ sizeBytes: 16 * MIB });
  readonly touched = new TouchedKeys(this.keyspace.store);

  add(database: number, name: string): void {
    const bytes = Buffer.from(`--${name}--`);
    this.touched.add(database, bytes, 2, name.length, this.#hashOf(name));
  }

  names(): string[] {
    return this.touched.take().keys.map(({ database, key }) => `${database} ${key}`);
  }

  #hashOf(name: string): number {
    const { store, windows } = this.keyspace;
    windows.area.bytes.write(name, 0, "latin1");
    return store.hashOf(0, name.length);
  }
}

describe("TouchedKeys", () => {
  test("has each key of a database once, in the order of the last write", () => {
    const stand = new Stand();
    for (const name of ["a", "b", "c", "a"]) stand.add(0, name);
    stand.add(1, "a");
    expect(stand.names()).toEqual(["0 b", "0 c", "0 a", "1 a"]);
  });

  test("begins anew for the next group", () => {
    const stand = new Stand();
    stand.add(0, "a");
    stand.touched.flush(3);
    expect(stand.touched.take().flushes).toEqual([3]);
    expect(stand.touched.take()).toEqual({ flushes: [], keys: [] });
    stand.add(0, "b");
    expect(stand.names()).toEqual(["0 b"]);
  });

  test("forgets what was done before a flush, and earlier flushes for one of all", () => {
    const stand = new Stand();
    stand.add(0, "a");
    stand.add(1, "b");
    stand.touched.flush(0);
    stand.add(0, "c");
    const { flushes, keys } = stand.touched.take();
    expect(flushes).toEqual([0]);
    expect(keys.map(({ key }) => `${key}`)).toEqual(["b", "c"]);
    stand.add(0, "d");
    for (const database of [0, 1, null]) stand.touched.flush(database);
    stand.touched.flush(2);
    expect(stand.touched.take()).toEqual({ flushes: [null, 2], keys: [] });
  });

  test("finds entries of any database, and leaves the current one and what has expired", () => {
    const { keyspace, touched } = new Stand();
    keyspace.set(5, "key", "value", BigInt(keyspace.clock.nowMs() + 10));
    const hash = keyspace.store.segments.hashOfEntry(keyspace.entryOf(5, "key"));
    keyspace.clock.now += 20;
    const { store } = keyspace;
    store.database = 2;
    const bytes = Buffer.from("key");
    touched.add(5, bytes, 0, 3, hash);
    touched.add(2, bytes, 0, 3, hash);
    const [there, absent] = touched.take().keys;
    expect(touched.entryOf(there!)).not.toBe(0);
    expect(touched.entryOf(absent!)).toBe(0);
    expect(store.database).toBe(2);
  });
});
